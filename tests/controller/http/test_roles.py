"""Route by role by site: what each role may use where it has it, and that it reaches nothing elsewhere.

The routes come from the tables of the API and of the pages, what is expected from `roles_table.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller.app import Parts, api_routes, make_app
from controller.config import parse_config
from controller.http.routing import Permission, Route
from controller.people.policies import MAY, Grant
from controller.web.build import Website
from controller.web.routes import PageRoute
from edge_agent.wire.roles import Role
from tests.controller.http import test_site_scope as scope
from tests.controller.http.roles_table import EXPECTED, LETTERS
from tests.controller.people.browser import Somebody, logged_in
from tests.databases import copied

ids = scope.ids
CONFIG = parse_config({"http": {"open_pages": False}}, {}, "test")
API = [route for route in api_routes(Parts()) if route.permission is not Permission.PUBLIC]
PAGES = [route for route in Website(CONFIG.http).routes() if route.permission is not Permission.PUBLIC]
ALL: list[Route | PageRoute] = [*API, *PAGES]
LISTED = [route for route in ALL if f"{route.method} {route.path}" in EXPECTED]
_numbers = itertools.count()


def key(route: Route | PageRoute) -> str:
    return f"{route.method} {route.path}"


@dataclass(frozen=True)
class Cast:
    """One person for each role at the shop's own site, and one at the other site."""

    here: dict[Role, Somebody]
    there: dict[Role, Somebody]


@pytest.fixture
def schema_url(schema_file: Path, tmp_path: Path) -> str:
    """One engine: who may what is decided before any SQL, and what is filtered by SQL is tried on both by test_site_scope.py."""
    return copied(schema_file, tmp_path / "controller.db")


@pytest.fixture
async def cast(ids: dict[str, str]) -> Cast:
    return Cast(
        {role: await logged_in(f"{role} here", Grant(role, "s1")) for role in Role},
        {role: await logged_in(f"{role} there", Grant(role, "s2")) for role in Role},
    )


@pytest.fixture
async def client(ids: dict[str, str], tmp_path: Path) -> AsyncIterator[TestClient]:
    config = parse_config({"data": str(tmp_path), "http": {"open_pages": False}}, {}, "test")
    server = TestServer(make_app(config, Parts()), host="127.0.0.1")
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield client


def address(route: Route | PageRoute, ids: dict[str, str]) -> str:
    """Of what is at site s1."""
    kind = {"/orders": "orders", "/prints": "print-jobs"}
    path = route.path
    for name in (part[1:-1] for part in route.path.split("/") if part.startswith("{")):
        place = kind.get(f"/{path.split('/')[1]}", path.split("/")[3] if path.count("/") > 2 else "")
        path = path.replace(f"{{{name}}}", ids[name] if name in ids else ids.get(place, "1"))
    return path


async def ask(client: TestClient, route: Route | PageRoute, path: str, somebody: Somebody, body: object = None) -> tuple[int, str]:
    """Status and text.  A write that is not meant to happen has neither a key nor a body."""
    headers = dict(somebody.header)
    if isinstance(route, PageRoute):
        headers["Accept"] = "application/json"
        data = {**(body if isinstance(body, dict) else {}), **somebody.form}
        answer = await client.request(
            route.method, path, headers=headers, data=data if route.method == "POST" else None, allow_redirects=False
        )
    elif body is None:
        answer = await client.request(route.method, path, headers=headers)
    else:
        headers |= {"Idempotency-Key": f"k{next(_numbers)}", "Content-Type": route.accepts}
        answer = await client.request(route.method, path, headers=headers, data=msgspec.json.encode(body))
    if answer.content_type == "text/event-stream":
        answer.close()
        return answer.status, ""
    return answer.status, (await answer.read()).decode(errors="replace")


def is_refused(status: int, text: str) -> bool:
    return status == 403 and json.loads(text)["code"] == "not_permitted"


def test_every_route_has_its_line_and_no_line_is_left_over() -> None:
    declared = {key(route): route for route in ALL}
    missing = [
        "".join(letter if route.permission in MAY[role] else "-" for letter, role in LETTERS.items()) + f" {name}"
        for name, route in declared.items()
        if name not in EXPECTED
    ]
    assert not missing, "decide who may use these, then add their lines to roles/<feature>.txt:\n" + "\n".join(missing)
    assert not EXPECTED.keys() - declared.keys(), "routes that are gone"


async def test_a_role_may_use_at_its_site_what_the_table_says(client: TestClient, ids: dict[str, str], cast: Cast) -> None:
    wrong = []
    for role, route in itertools.product(Role, LISTED):
        status, text = await ask(client, route, address(route, ids), cast.here[role])
        chain_only = route.whole_chain and role in EXPECTED[key(route)]
        expected = chain_only or role not in EXPECTED[key(route)]
        if is_refused(status, text) is not expected or status >= 500:
            wrong.append(f"{role}: {key(route)}: {status} {text[:120]}")
    assert not wrong, "\n".join(wrong)


async def test_a_role_reaches_nothing_at_another_site(client: TestClient, ids: dict[str, str], cast: Cast) -> None:
    own = {*scope.SHARED, ids["version"], ids["unknown"], ids["report"]}
    theirs = {value for value in ids.values() if value not in own and len(value) > 2} | {scope.SECRET, "CODE-OF-S1"}
    before = await scope._everything()
    wrong = []
    for role, route in itertools.product(Role, ALL):
        writes = route.method != "GET"
        if key(route) in scope.OF_THE_CHAIN:
            continue
        status, text = await ask(client, route, address(route, ids), cast.there[role], _body(route) if writes else None)
        seen = [one for one in theirs if one in text] if status < 300 and not route.path.startswith("/me") else []
        if seen or status >= 500 or (writes and status < 300):
            wrong.append(f"{role}: {key(route)}: {status} {seen} {text[:120]}")
    assert not wrong, "\n".join(wrong)
    new = [row for row in await scope._everything() if row not in before and row.get("name") not in OWN_EVENTS]
    assert [row for row in new if (row.get("name"), row.get("actor")) not in _of_the_chain(cast)] == []


OWN_EVENTS = {"logged_out", "person_changed"}


def _of_the_chain(cast: Cast) -> set[tuple[object, object]]:
    """Customers are no site's: what this test's forms do to one, by whoever may write them anywhere, and nobody else."""
    writers = EXPECTED["POST /customers/{customer}/rate"]
    return {("customer_rated", f"person:{cast.there[role].id}") for role in writers}


def _body(route: Route | PageRoute) -> object:
    if isinstance(route, PageRoute):
        return {"key": f"k{next(_numbers)}", "reason": "mine", "outcome": "printed", "role": "floor@s1", "pin": "2580", "name": "x"}
    return scope.BODIES.get(route.path, {} if route.example is None else msgspec.to_builtins(route.example)) or {}
