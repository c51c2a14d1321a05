"""Rules over every page there is: who is refused a form, whatever the form does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.people.policies import Grant
from controller.web.build import Website
from controller.web.routes import PageRoute
from edge_agent.wire.roles import Role
from tests.controller.people.browser import Somebody, logged_in
from tests.databases import copied

CONFIG = parse_config({"http": {"open_pages": False}}, {}, "test")
ROUTES = Website(CONFIG.http).routes()
FORMS = [route for route in ROUTES if route.method == "POST"]


@pytest.fixture
async def client(schema_file: Path, tmp_path: Path) -> AsyncIterator[TestClient]:
    await db.connect(copied(schema_file, tmp_path / "c.db"))
    server = TestServer(make_app(CONFIG, Parts()), host="127.0.0.1")
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield client
    await db.close()


@pytest.fixture
async def boss(client: TestClient) -> Somebody:
    return await logged_in("Boss", Grant(Role.ADMIN))


def filled(route: PageRoute) -> str:
    return "/".join("1" if part.startswith("{") else part for part in route.path.split("/"))


async def code_of(client: TestClient, route: PageRoute, fields: dict[str, str], headers: dict[str, str]) -> tuple[int, str]:
    answer = await client.post(filled(route), data=fields, headers=headers, allow_redirects=False)
    return answer.status, (await answer.json())["code"] if answer.content_type == "application/problem+json" else ""


async def test_every_form_asks_for_its_session_s_own_token(client: TestClient, boss: Somebody) -> None:
    other = await logged_in("Other", Grant(Role.ADMIN))
    assert len(FORMS) > 15
    for route in FORMS:
        for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, other.form, {"csrf": "é"}):
            assert await code_of(client, route, fields, boss.cookie) == (403, "form_too_old"), route.path
        assert await code_of(client, route, {}, {**boss.cookie, "X-CSRF-Token": other.form["csrf"]}) == (403, "form_too_old")
        assert (await code_of(client, route, boss.form, boss.cookie))[1] != "form_too_old", route.path
        boss = await logged_in(f"Boss after {route.path}", Grant(Role.ADMIN))


async def test_every_form_refuses_a_foreign_origin_even_with_the_right_token(client: TestClient, boss: Somebody) -> None:
    for route in FORMS:
        for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert await code_of(client, route, boss.form, boss.cookie | foreign) == (403, "foreign_origin"), route.path


async def test_no_page_but_the_log_in_is_for_nobody(client: TestClient) -> None:
    for route in ROUTES:
        if route.path in ("/login", "/logout", "/track"):
            continue
        answer = await client.request(route.method, filled(route), allow_redirects=False)
        assert answer.status in (401, 403, 415), route.path


async def test_a_session_uses_the_api_only_from_a_page_of_its_own(client: TestClient, boss: Somebody) -> None:
    assert (await client.get("/api/v1/sites")).status == 401
    assert (await client.get("/api/v1/sites", headers=boss.cookie)).status == 403
    assert (await client.get("/api/v1/sites", headers=boss.header)).status == 200
    other = await logged_in("Other", Grant(Role.ADMIN))
    mixed = {**boss.cookie, "X-CSRF-Token": other.form["csrf"]}
    assert (await client.get("/api/v1/sites", headers=mixed)).status == 403
