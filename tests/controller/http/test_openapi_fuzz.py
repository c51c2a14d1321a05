"""Whatever our own description of the API allows, and whatever it forbids, is answered, and never by an error of ours.

Each operation gets requests made from its schemas against a shop with something of everything (fuzz targets 10 and 11).  The same
ones each time; `SHELFWIRE_FUZZ=200` asks each operation two hundred times, and `SHELFWIRE_FUZZ_SEED=…` asks others.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db, needs
from controller.app import Parts, api_routes, make_app
from controller.config import parse_config
from controller.http import openapi
from controller.http.routing import Route
from controller.http.table import API_VERSION
from controller.owed import ALL_PROOFS
from controller.proofs.reconciler import Reconciler
from tests.controller.http.full_shop import open_shop
from tests.controller.http.openapi_requests import Maker, Sent
from tests.shopday.invariants import Evidence, check

ROUTES = api_routes(Parts())
DOCUMENT: dict[str, Any] = json.loads(openapi.text(ROUTES, API_VERSION))
MACHINES = {"/healthz", "/readyz", "/metrics", openapi.PATH}
SEED = int(os.environ.get("SHELFWIRE_FUZZ_SEED", "0"))
EACH = int(os.environ.get("SHELFWIRE_FUZZ", "0"))
"""Requests for each operation; 0: as many as a run of all tests has time for."""


@pytest.fixture
async def client(schema_url: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(schema_url)
    app = make_app(parse_config({"data": str(tmp_path), "http": {"max_body": 200_000}}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1"), cookie_jar=DummyCookieJar()) as client:
        yield client
    await db.close()


async def test_no_request_that_can_be_written_is_an_error_of_ours(
    client: TestClient, schema_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    maker = Maker(DOCUMENT, await open_shop(client))
    each = EACH or (5 if schema_url.startswith("sqlite") else 1)
    seen: Counter[int] = Counter()
    wrong = []
    for route in (route for route in ROUTES if route.path not in MACHINES):
        for sent in maker.drawn(route.method.lower(), route.path, each, SEED):
            status, problem = await answered(client, sent, route)
            seen[status] += 1
            if problem:
                wrong.append(f"{problem}\n  {sent}\n{_last_traceback(caplog)}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert all(seen[status] > 3 for status in (200, 201, 204, 400, 404, 409, 422)), seen  # it got through to what it is about
    assert await _books_wrong() == []


FOUND = {
    "nobody lost anything before the first day there is": ("GET", "/api/v1/sites/s1/shrinkage?until=0001-01-01T00:00:00Z"),
    "the queue of a box where a print waits": ("GET", "/fleet/boxes/b1/queue"),
}
"""What was an error of ours once."""


async def test_what_was_an_error_of_ours_once_is_none_any_more(client: TestClient) -> None:
    await open_shop(client)
    failed = {}
    for name, (method, url) in FOUND.items():
        answer = await client.request(method, url, headers={"Authorization": "Bearer sw_all", "Idempotency-Key": "found-again"})
        if answer.status >= 500:
            failed[name] = await answer.text()
    assert failed == {}


async def answered(client: TestClient, sent: Sent, route: Route) -> tuple[int, str]:
    """Status, and what is wrong with the answer."""
    async with client.request(sent.method, sent.url, headers=sent.headers, data=sent.body) as response:
        text = await response.read()
        if response.status >= 500:
            return response.status, f"{response.status} {text[:300]!r}"
        if response.status >= 400:
            return response.status, _wrong_problem(response.content_type, text)
        return response.status, "" if route.reply in (None, bytes) else _wrong_reply(text, route)


def _wrong_problem(media_type: str, text: bytes) -> str:
    if media_type != "application/problem+json":
        return f"a refusal as {media_type}: {text[:200]!r}"
    told = json.loads(text)
    return "" if {"status", "title", "code", "detail", "what_to_do"} <= told.keys() else f"a refusal without its parts: {text!r}"


def _wrong_reply(text: bytes, route: Route) -> str:
    try:
        msgspec.json.decode(text, type=route.reply)
    except msgspec.MsgspecError as error:
        return f"an answer that is not as described: {error}: {text[:300]!r}"
    return ""


def _last_traceback(caplog: pytest.LogCaptureFixture) -> str:
    text = caplog.text[-2500:] if "Traceback" in caplog.text else ""
    caplog.clear()
    return text


async def _books_wrong() -> list[str]:
    """What does not add up after all of it."""
    await needs.FOLLOWER.catch_up()
    run = await Reconciler(ALL_PROOFS, pause=0).full_pass()
    differences = await db.fetch("SELECT * FROM reconciliation_difference WHERE settled_at IS NULL") if run.differences else []
    return [*map(str, differences), *map(str, await check(db.fetch, Evidence(at_rest=False)))]
