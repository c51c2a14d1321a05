"""Actors: what they may at which sites; sessions at the API; secrets that leave no trace there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, api_routes
from controller.events import feed
from controller.http.auth import VISITOR
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Actor, Permission
from controller.people import queries
from controller.people.operations import add_person
from controller.people.policies import Grant, permissions_by_site
from controller.sites.operations import create_site
from edge_agent.wire.roles import Role
from tests.controller.people.browser import PASSWORD, Somebody, logged_in


def actor(*grants: Grant) -> Actor:
    scope = permissions_by_site(grants)
    sites = None if None in scope else frozenset(site for site in scope if site is not None)
    return Actor("p-x", frozenset().union(*scope.values()), sites, "person", frozenset(scope.items()))


def test_a_person_s_sites_are_those_where_they_have_the_permission() -> None:
    mixed = actor(Grant(Role.MANAGER, "s1"), Grant(Role.FLOOR, "s2"))
    assert mixed.at(Permission.STOCK_READ).sites == frozenset({"s1", "s2"})
    assert mixed.at(Permission.ORDERS_WRITE).sites == frozenset({"s1"})
    assert mixed.at(Permission.FLEET_WRITE).sites == frozenset()
    assert mixed.at(Permission.STOCK_READ, Permission.ORDERS_READ).sites == frozenset({"s1"})
    assert mixed.at(Permission.ORDERS_WRITE).at(Permission.STOCK_READ).sites == frozenset({"s1", "s2"}), "narrowing is not for good"


def test_a_role_of_the_whole_chain_adds_to_that_of_a_site() -> None:
    both = actor(Grant(Role.FINANCE), Grant(Role.PICKER, "s1"))
    assert both.at(Permission.ORDERS_READ).sites is None
    assert both.at(Permission.FULFILMENT_WRITE).sites == frozenset({"s1"})
    assert both.at(Permission.EVENTS_READ, Permission.FULFILMENT_WRITE).sites == frozenset({"s1"})
    assert not both.may_at(Permission.FULFILMENT_WRITE, None)


def test_a_token_may_the_same_at_all_of_its_sites() -> None:
    token = Actor("box", frozenset({Permission.STOCK_READ}), frozenset({"s1"}))
    assert token.at(Permission.STOCK_READ) is token
    assert (token.may_at(Permission.STOCK_READ, "s1"), token.may_at(Permission.STOCK_READ, "s2")) == (True, False)
    assert not token.may_at(Permission.ORDERS_READ, "s1")


def test_a_visitor_of_open_pages_sees_no_people() -> None:
    assert not VISITOR.permissions & {Permission.PEOPLE_READ, Permission.PEOPLE_WRITE, Permission.BOX}


@pytest.fixture
async def client(database: None) -> AsyncIterator[TestClient]:
    await create_site("s1", name="One")
    server = TestServer(build(api_routes(Parts()), metrics=Metrics(), max_body=100_000), host="127.0.0.1")
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
async def boss(client: TestClient) -> Somebody:
    return await logged_in("Boss", Grant(Role.ADMIN))


async def send(client: TestClient, boss: Somebody, method: str, path: str, key: str, body: object = None) -> tuple[int, object]:
    headers = {**boss.header, "Idempotency-Key": key}
    answer = await client.request(method, f"/api/v1/people{path}", json=body, headers=headers)
    return answer.status, await answer.json() if answer.status != 204 else None


async def test_a_role_at_one_site_opens_nothing_at_another_where_the_role_is_less(client: TestClient) -> None:
    await create_site("s2", name="Two")
    both = await logged_in("Both", Grant(Role.FLOOR, "s1"), Grant(Role.MANAGER, "s2"))
    for site, profile, stock in (("s1", 404, 200), ("s2", 200, 200)):
        assert (await client.get(f"/api/v1/sites/{site}/station-profile", headers=both.header)).status == profile
        assert (await client.get(f"/api/v1/sites/{site}/stock", headers=both.header)).status == stock
    assert (await client.post("/api/v1/sites/s1/adjustments", json={}, headers=both.header)).status == 404


async def test_people_are_kept_over_the_api(client: TestClient, boss: Somebody) -> None:
    body = {"name": "Mei", "language": "zh-CN", "roles": [{"role": "picker", "site": "s1"}]}
    status, made = await send(client, boss, "POST", "", "k1", body)
    assert status == 201
    assert isinstance(made, dict)
    mei = made["id"]
    assert made["roles"] == [{"role": "picker", "site": "s1"}]
    assert (await send(client, boss, "PUT", f"/{mei}", "k2", {"name": "Mei Lin", "language": "en"}))[0] == 200
    assert (await send(client, boss, "PUT", f"/{mei}/roles", "k3", {"roles": [{"role": "floor", "site": "s9"}]}))[0] == 404
    assert (await send(client, boss, "PUT", f"/{mei}/password", "k4", {"password": PASSWORD}))[0] == 204
    assert (await send(client, boss, "PUT", f"/{mei}/pin", "k5", {"pin": "1234"}))[0] == 422
    assert (await send(client, boss, "PUT", f"/{mei}/pin", "k6", {"pin": "2580"}))[0] == 204
    assert (await send(client, boss, "PUT", f"/{mei}/active", "k7", {"active": False}))[0] == 200
    row = await queries.person(mei)
    assert (row.name, row.active, row.has_pin, row.has_password) == ("Mei Lin", False, True, True)
    answer = await client.get("/api/v1/people?active=no&q=mei", headers=boss.header)
    assert [person["id"] for person in (await answer.json())["items"]] == [mei]
    assert (await client.get("/api/v1/people?active=perhaps", headers=boss.header)).status == 400
    assert {event.actor for event in await feed(0) if event.subject == mei} == {f"person:{boss.id}"}


async def test_a_badge_is_in_one_answer_and_nowhere_else(client: TestClient, boss: Somebody) -> None:
    mei = await add_person("Mei", roles=[Grant(Role.PICKER, "s1")])
    status, made = await send(client, boss, "POST", f"/{mei}/badge", "k1")
    assert isinstance(made, dict)
    badge = made["text"]
    again, problem = await send(client, boss, "POST", f"/{mei}/badge", "k1")
    assert isinstance(problem, dict)
    assert (status, again, problem["code"]) == (200, 409, "answer_not_kept")
    await send(client, boss, "PUT", f"/{mei}/password", "k2", {"password": PASSWORD})
    assert (await send(client, boss, "PUT", f"/{mei}/password", "k2", {"password": PASSWORD}))[0] == 204
    everything = []
    for table in ("idempotency", "event", "person", "web_session"):
        everything += [str(list(row.values())) for row in await db.fetch(f"SELECT * FROM {table}")]
    assert not [row for row in everything if badge in row or PASSWORD in row]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert {row["body_hash"] for row in await db.fetch("SELECT body_hash FROM idempotency")} == {empty}


async def test_who_adds_people_for_a_site_gives_each_a_role_there(client: TestClient, boss: Somebody) -> None:
    ada = await logged_in("Ada", Grant(Role.ADMIN, "s1"))
    for key, roles, status in (
        ("k1", [], 422),
        ("k2", [{"role": "floor"}], 403),
        ("k3", [{"role": "admin", "site": "s1"}], 201),
        ("k4", [{"role": "floor", "site": "s9"}], 403),
    ):
        assert (await send(client, ada, "POST", "", key, {"name": key, "roles": roles}))[0] == status, key
    assert (await client.get(f"/api/v1/people/{boss.id}", headers=ada.header)).status == 200
    assert (await send(client, ada, "DELETE", f"/{boss.id}/sessions", "k5"))[0] == 403
