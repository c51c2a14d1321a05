"""What every operation promises: a write that is sent twice has one effect, a list reads the same in pages of any size.

Over all routes of the table, against a shop with something of everything, so that a new route is tried from its first commit.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, api_routes, make_app
from controller.config import parse_config
from controller.http.routing import Permission, Route
from tests.controller.http.full_shop import TOKEN, open_shop
from tests.controller.http.openapi_requests import Maker, Sent
from tests.controller.http.test_openapi_fuzz import DOCUMENT

ROUTES = [route for route in api_routes(Parts()) if route.permission is not Permission.PUBLIC]
LISTS = [route for route in ROUTES if route.pages]
READ = {"Authorization": f"Bearer {TOKEN}"}
MOST_PAGES = 200
NEEDED = {"stock-as-of": "&as_of=2030-01-01T00:00:00Z"}
"""What a list cannot be read without."""
UNCOUNTED = {"idempotency", "sqlite_sequence"}
"""Tables that say nothing about effects: the keys themselves."""


@pytest.fixture
async def client(schema_url: str, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(schema_url)
    app = make_app(parse_config({"data": str(tmp_path)}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1"), cookie_jar=DummyCookieJar()) as client:
        yield client
    await db.close()


async def test_a_write_sent_three_times_has_one_effect_and_one_answer(client: TestClient) -> None:
    """Two at the same moment, one afterwards: what is repeated changes no row."""
    maker = Maker(DOCUMENT, await open_shop(client))
    wrong, done = [], 0
    for route in (route for route in ROUTES if route.writes):
        sent = maker.drawn(route.method.lower(), route.path, 1)[0]
        first, second = await asyncio.gather(_send(client, sent), _send(client, sent))
        if not any(status < 300 for status, _, _ in (first, second)):
            continue
        done += 1
        before = await _rows()
        third = await _send(client, sent)
        if await _rows() != before:
            wrong.append(f"{route.method} {route.path}: a repetition changed {_changed(before, await _rows())}")
        wrong += [f"{route.method} {route.path}: {each}" for each in _odd(route, first, second, third)]
    assert done > 50, "most writes were done"
    assert not wrong, "\n".join(wrong)


def _odd(
    route: Route, first: tuple[int, bool, bytes], second: tuple[int, bool, bytes], third: tuple[int, bool, bytes]
) -> list[str]:
    """One is done, the other one replayed or told to wait; the third is replayed, unless its answer was a secret."""
    own, other = (first, second) if not first[1] and first[0] < 300 else (second, first)
    found = []
    if not other[1] and other[0] != 409:
        found.append(f"both were done: {first}, {second}")
    if route.confidential and own[0] != 204:
        return found if third[0] == 409 else [*found, f"a secret was told again: {third[0]}"]
    if (third[0], third[1], third[2]) != (own[0], True, own[2]):
        found.append(f"{own[0]} {own[2][:80]!r}, then {third[0]} {third[2][:80]!r}, replayed: {third[1]}")
    return found


async def _send(client: TestClient, sent: Sent) -> tuple[int, bool, bytes]:
    async with client.request(sent.method, sent.url, headers=sent.headers, data=sent.body) as answer:
        return answer.status, answer.headers.get("Idempotent-Replayed") == "true", await answer.read()


async def _rows() -> Counter[str]:
    """How many rows each table has: every effect leaves an event at least."""
    if db.engine() is db.Engine.SQLITE:
        tables = await db.fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        tables = await db.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    names = sorted(row["name"] for row in tables if row["name"] not in UNCOUNTED)
    counted = " UNION ALL ".join(f"SELECT '{name}' AS name, COUNT(*) AS n FROM \"{name}\"" for name in names)
    return Counter({row["name"]: int(row["n"]) for row in await db.fetch(counted)})


def _changed(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


async def test_a_list_reads_the_same_in_pages_of_one_and_of_two_hundred(client: TestClient) -> None:
    known = await open_shop(client)
    wrong, long = [], 0
    for route in LISTS:
        for url in _addresses(route, known):
            at_once, pages = await _read(client, url, 200), await _read(client, url, 1)
            long += len(at_once) > 1
            if at_once != pages:
                wrong.append(f"{url}: {len(at_once)} rows at once, {len(pages)} one by one")
    assert not wrong, "\n".join(wrong)
    assert long > 20, "many lists have more than one row"


def _addresses(route: Route, known: dict[str, list[Any]]) -> list[str]:
    """Of what the shop has, up to two for each list."""
    found = [route.path]
    for name in re.findall(r"\{(\w+)\}", route.path):
        there = known.get(f"{route.path.split('/')[3]}/{name}") or known.get(name, ["1"])
        found = [url.replace(f"{{{name}}}", quote(str(each), safe="")) for url in found for each in there[:2]]
    return found[:2]


async def _read(client: TestClient, url: str, per: int) -> list[Any]:
    rows: list[Any] = []
    after = ""
    for _ in range(MOST_PAGES):
        async with client.get(f"{url}?per={per}{after}{NEEDED.get(url.rpartition('/')[2], '')}", headers=READ) as answer:
            if answer.status == 404:
                return rows
            page = await answer.json()
            assert answer.status == 200, f"{url}: {page}"
        rows += page["items"]
        if page["next"] is None:
            return rows
        after = f"&after={quote(page['next'], safe='')}"
    raise AssertionError(f"{url} never ends")
