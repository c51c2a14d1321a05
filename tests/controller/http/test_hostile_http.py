"""What clients that nobody here wrote send: whatever it is, it is the client's mistake (4xx), never ours; the next call works."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.http import auth
from controller.http.routing import Permission
from controller.people.sessions import form_token
from controller.sites.operations import create_site

TOKEN = "sw_all"
OURS = {"Cookie": "shelfwire=mine", "X-CSRF-Token": form_token("mine")}
"""What makes a form one of our own pages."""


@pytest.fixture
async def client(schema_url: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(schema_url)
    await auth.create_token("all", list(Permission), token=TOKEN)
    await create_site("s1", name="Shop")
    app = make_app(parse_config({"data": str(tmp_path), "http": {"max_body": 100_000}}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client
    await db.close()


async def raw(client: TestClient, head: bytes, body: bytes = b"") -> bytes:
    """Bytes as they are, on a connection of their own; what comes back until the server closes it."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(head + f"\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    async with asyncio.timeout(5):
        answer = await reader.read(-1)
    writer.close()
    return answer


def head(method: str, path: str, *headers: bytes, host: bytes = b"127.0.0.1") -> bytes:
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode(), b"Host: " + host, *headers])


WRITE = (b"Authorization: Bearer sw_all", b"Idempotency-Key: k1", b"Content-Type: application/json")


@pytest.mark.parametrize("token", [b"\xff", "é".encode("latin-1"), b"\xed\xa0\xbd", b"a" * 7000])
async def test_a_token_of_any_bytes_is_an_unknown_token(client: TestClient, token: bytes) -> None:
    answer = await raw(client, head("GET", "/api/v1/skus", b"Authorization: Bearer " + token))
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("host", [b"[", b"[::1", b"evil.example", b"\xff\xfe", b"a" * 300, b"user@evil.example", b"%00"])
async def test_a_host_that_is_not_ours_sees_no_page(client: TestClient, host: bytes) -> None:
    assert (await raw(client, head("GET", "/", b"Accept: text/html", host=host))).startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    "origin", [b"http://[", b"null", b"", b"http://evil.example", b"file://", b"http://127.0.0.1.evil.example"]
)
async def test_a_form_of_any_other_origin_is_refused(client: TestClient, origin: bytes) -> None:
    form = b"code=1&sku=none&units=1&key=k"
    headers = b"Content-Type: application/x-www-form-urlencoded", b"Origin: " + origin
    assert (await raw(client, head("POST", "/unknown-barcodes", *headers), form)).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("multipart/form-data", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded; charset=klingon", 422),
        ("application/x-www-form-urlencoded; charset=utf-16", 422),
    ],
)
async def test_only_a_form_is_a_form(client: TestClient, media_type: str, status: int) -> None:
    headers = {**OURS, "Content-Type": media_type}
    answer = await client.post("/unknown-barcodes", data=b"code=1&sku=none&units=1&key=k", headers=headers)
    assert answer.status == status


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"code=%ff&sku=%ff&key=k", 400),
        (b"code=\xff&sku=x&key=k", 400),
        (b"code=%ED%A0%80&sku=x&key=k", 400),
        (b"&".join([b"a=b"] * 5000), 400),
        (b"code=a&sku=b", 400),
        (b"code=a&sku=b&key=%0d%0a", 400),
        (b"code=%00&sku=%00&key=k", 422),
        (b"code=a&sku=b&units=-1&key=k", 422),
        (b"code=a&sku=b&units=0&key=k", 422),
        (b"code=a&sku=b&units=999999999999999999&key=k", 422),
        (b"code=" + b"x" * 200_000, 413),
    ],
)
async def test_odd_forms_are_refused(client: TestClient, form: bytes, status: int) -> None:
    headers = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post("/unknown-barcodes", data=form, headers=headers)).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/prints?after=%00",
        "/prints?after=%ff",
        "/stock?after=s1:99999999999999999999",
        "/stock?q=%ED%A0%80",
        "/orders/%00",
        "/orders/%ff",
        "/orders/SO-99999999999999999999999",
        "/orders/SO-%EF%BC%91",
        "/orders?after=999999999999999999",
        "/unknown-barcodes?linked=%3Cscript%3Ealert(1)%3C/script%3E",
        "/stock?lang=en%0d%0aSet-Cookie:x=1",
        "/static/..%2f..%2fconfig.py",
        "/" + "a" * 7000,
        "/stock?" + "a=b&" * 1500,
        "//evil.example/",
    ],
)
async def test_odd_pages_are_shown_or_refused(client: TestClient, path: str) -> None:
    answer = await raw(client, head("GET", path, b"Accept: text/html"))
    assert answer[9:10] in (b"2", b"4"), answer[:20]
    assert b"<script>alert" not in answer
    assert b"\r\nSet-Cookie:x" not in answer


@pytest.mark.parametrize("code", ["a\r\nSet-Cookie: x=1", "a\n", "\x7f", "\x1d"])
@pytest.mark.parametrize(("path", "field"), [("/skus", "code"), ("/sites/s1/bins", "code"), ("/sites", "id"), ("/boxes", "id")])
async def test_names_stay_on_one_line(client: TestClient, path: str, field: str, code: str) -> None:
    body = {"name": "x", "name_en": "x", "name_zh": "x", "site": "s1"}
    wanted = {"/skus": ("name_en", "name_zh"), "/sites/s1/bins": (), "/sites": ("name",), "/boxes": ("name", "site")}[path]
    sent = json.dumps({field: code, **{name: body[name] for name in wanted}}).encode()
    answer = await raw(client, head("POST", f"/api/v1{path}", *WRITE), sent)
    assert answer.startswith(b"HTTP/1.1 422 "), answer[:200]


@pytest.mark.parametrize("code", ["a/b?c#d", "苹果", "100%", "a b", '"quoted"', "..", "<b>"])
async def test_a_location_leads_to_what_was_made_whatever_it_is_called(client: TestClient, code: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k1"}
    body = {"code": code, "name_en": "x", "name_zh": "x"}
    created = await client.post("/api/v1/skus", json=body, headers=headers)
    assert created.status == 201
    assert created.headers["Location"].isascii()
    again = await client.post("/api/v1/skus", json=body, headers=headers)
    assert (again.status, again.headers["Location"]) == (201, created.headers["Location"])
    if code != "..":  # every client takes that away itself (RFC 3986, section 5.2.4)
        found = await raw(client, head("GET", created.headers["Location"], b"Authorization: Bearer sw_all"))
        assert found.startswith(b"HTTP/1.1 200 "), created.headers["Location"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 90_000,
        b'{"a":' * 15_000,
        b'{"code": "\\ud800", "name_en": "x", "name_zh": "x"}',
        b'{"code": "x", "name_en": "x", "name_zh": "x", "price_minor": 1e400}',
        b'{"code": "x", "name_en": "x", "name_zh": "x", "price_minor": 99999999999999999999999999}',
        b'{"code": "x", "name_en": "x", "name_zh": "x", "price_minor": -1}',
        b"NaN",
        b'"\\u0000"',
        b"\x00" * 100,
        b"",
    ],
)
async def test_bombs_and_absurd_numbers_are_refused(client: TestClient, body: bytes) -> None:
    answer = await raw(client, head("POST", "/api/v1/skus", *WRITE), body)
    assert answer[9:12] in (b"400", b"422"), answer[:200]
    assert (await client.get("/healthz")).status == 200


async def test_many_idle_watchers_hold_nobody_up_and_slow_ones_are_only_slow(client: TestClient) -> None:
    assert client.port is not None
    idle = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(200)]
    for _, writer in idle:
        writer.write(head("GET", "/events") + b"\r\n\r\n")
    slow = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(20)]
    for _, writer in slow:
        writer.write(head("POST", "/api/v1/skus", *WRITE) + b"\r\nContent-Length: 1000\r\n\r\n{")
    async with asyncio.timeout(10):
        for reader, _ in idle:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        assert (await client.get("/healthz")).status == 200
        assert (await client.get("/stock")).status == 200
        created = await client.post(
            "/api/v1/skus",
            json={"code": "x", "name_en": "x", "name_zh": "x"},
            headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k2"},
        )
        assert created.status == 201
    for _, writer in (*idle, *slow):
        writer.close()
