"""What comes in is answered: right, refused with a reason, and never with a 5xx for what the caller did."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from controller import db
from tests.controller.http.conftest import Notes

JSON = {"Content-Type": "application/json"}


async def post(client: TestClient, body: object, key: str | None = "k1", **headers: str) -> tuple[ClientResponse, Any]:
    with_key = {"Idempotency-Key": key} if key else {}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await client.post("/api/v1/notes", data=raw, headers={**JSON, **with_key, **headers})
    return response, (await response.json() if response.content_type.endswith("json") else None)


async def count(client: TestClient) -> int:
    return int((await db.fetch("SELECT count(*) AS n FROM api_token"))[0]["n"])


async def test_a_write_is_answered_201_with_its_location(client: TestClient) -> None:
    response, body = await post(client, {"text": "a"})
    assert (response.status, response.headers["Location"], body) == (201, "/api/v1/notes/a", {"key": "a"})
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]


async def test_a_repeated_key_gets_the_stored_answer_and_no_second_effect(client: TestClient) -> None:
    await post(client, {"text": "a"})
    before = await count(client)
    response, body = await post(client, {"text": "a"})
    assert (response.status, body, response.headers["Idempotent-Replayed"]) == (201, {"key": "a"}, "true")
    assert response.headers["Location"] == "/api/v1/notes/a"
    assert await count(client) == before


async def test_a_key_belongs_to_its_actor(client: TestClient) -> None:
    await post(client, {"text": "a"})
    response, body = await post(client, {"text": "b"}, Authorization="Bearer sw_other")
    assert (response.status, body) == (201, {"key": "b"})


async def test_a_key_with_another_body_is_refused(client: TestClient) -> None:
    await post(client, {"text": "a"})
    response, body = await post(client, {"text": "b"})
    assert (response.status, body["code"]) == (422, "idempotency_key_reused")


async def test_a_key_in_flight_is_refused(client: TestClient, notes: Notes) -> None:
    first = asyncio.create_task(post(client, {"text": "slow"}))
    await notes.entered.wait()
    response, body = await post(client, {"text": "slow"})
    assert (response.status, body["code"]) == (409, "request_in_flight")
    notes.gate.set()
    assert (await first)[0].status == 201
    assert (await post(client, {"text": "slow"}))[0].headers["Idempotent-Replayed"] == "true"


async def test_many_at_once_have_one_effect(client: TestClient) -> None:
    before = await count(client)
    answers = await asyncio.gather(*(post(client, {"text": "a"}) for _ in range(20)))
    assert {response.status for response, _ in answers} <= {201, 409}
    assert any(response.status == 201 for response, _ in answers)
    assert await count(client) == before + 1


async def test_a_refused_write_leaves_nothing_and_frees_its_key(client: TestClient) -> None:
    before = await count(client)
    response, body = await post(client, {"text": "late"})
    assert (response.status, body["code"], body["detail"]) == (409, "too_late", "it is too late")
    assert await count(client) == before
    assert (await post(client, {"text": "soon"}))[0].status == 201


@pytest.mark.parametrize("key", [None, "", "with space", "ü", "x" * 201])
async def test_a_write_needs_a_key(client: TestClient, key: str | None) -> None:
    response, body = await post(client, {"text": "a"}, key)
    assert response.status == 400
    assert body["code"].startswith("idempotency_key_")
    assert "Idempotency-Key" in body["detail"]


@pytest.mark.parametrize(
    ("raw", "status", "code", "path"),
    [
        (b"{", 400, "malformed_json", None),
        (b"\xff\xfe", 400, "malformed_json", None),
        (b"[" * 5000, 422, "invalid_body", None),
        (b'{"text": "\xff"}', 400, "malformed_json", None),
        (b'{"text": "\\u0000"}', 422, "invalid_body", "$"),
        (b'{"text": ""}', 422, "invalid_body", "$.text"),
        (b'{"text": "a", "lines": [1, "x"]}', 422, "invalid_body", "$.lines[1]"),
        (b'{"text": "a", "colour": 1}', 422, "invalid_body", "$"),
        (b"{}", 422, "invalid_body", "$"),
        (b'{"text": "' + b"x" * 20_000 + b'"}', 413, "body_too_large", None),
    ],
)
async def test_bad_bodies_are_refused_with_the_place(
    client: TestClient, raw: bytes, status: int, code: str, path: str | None
) -> None:
    response, body = await post(client, raw)
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert (body["code"], body["status"]) == (code, status)
    assert body["detail"]
    assert body["what_to_do"]
    if path is not None:
        assert [error["path"] for error in body["errors"]] == [path]


async def test_another_media_type_is_refused(client: TestClient) -> None:
    response, body = await post(client, b"text=a", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (response.status, body["code"]) == (415, "unsupported_media_type")


async def test_raw_bodies_and_answers(client: TestClient) -> None:
    response = await client.post("/api/v1/uploads", data=b"a,b", headers={"Content-Type": "text/csv", "Idempotency-Key": "u"})
    assert (response.status, response.content_type, await response.read()) == (200, "text/csv", b"b,a")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "no_such_path"),
        ("GET", "/api/v1/notes/none", 404, "not_found"),
        ("GET", "/api/v1/notes/refused", 422, "rejected"),
        ("GET", "/api/v1/notes/forbidden", 403, "forbidden"),
        ("DELETE", "/api/v1/notes", 405, "method_not_allowed"),
        ("GET", "/api/v1/notes/%00", 400, "bad_parameter"),
        ("GET", "/api/v1/notes/%ff", 404, "not_found"),
        ("GET", "/api/v1/notes?prefix=%00", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?prefix=%ff", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?prefix=1&prefix=2", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?unknown=1", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?per=0", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?per=201", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?per=-1", 400, "bad_parameter"),
        ("GET", "/api/v1/notes?per=%C2%B2", 400, "bad_parameter"),
    ],
)
async def test_refusals_are_problem_json(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    response = await client.request(method, path)
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert (await response.json())["code"] == code


async def test_a_mistake_of_ours_is_a_500_that_tells_no_inside(client: TestClient) -> None:
    response = await client.get("/api/v1/notes/broken")
    assert response.status == 500
    assert "secret" not in await response.text()


async def test_tokens_and_permissions(client: TestClient) -> None:
    none = await client.get("/api/v1/notes", headers={"Authorization": ""})
    unknown = await client.get("/api/v1/notes", headers={"Authorization": "Bearer sw_guess"})
    assert (none.status, unknown.status, none.headers["WWW-Authenticate"]) == (401, 401, "Bearer")
    response, body = await post(client, {"text": "a"}, Authorization="Bearer sw_reader")
    assert (response.status, body["code"]) == (403, "not_permitted")
    assert "catalog.write" in body["detail"]


async def test_paging_walks_all_rows_once(client: TestClient) -> None:
    seen, after = [], None
    while True:
        query = {"per": "200", "prefix": "0"} | ({"after": after} if after else {})
        body = await (await client.get("/api/v1/notes", params=query)).json()
        seen += [item["key"] for item in body["items"]]
        after = body["next"]
        if after is None:
            break
    assert seen == [f"{number:04d}" for number in range(1000)]
