"""Waves and their rules over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.documents.operations import store_builtin
from controller.http import auth
from controller.http.routing import Permission
from controller.orders.operations import place
from controller.printing import catch_up
from controller.waves.operations import work_once
from tests.controller.orders_shop import OrderShop

_numbers = itertools.count()
RULES = "/api/v1/sites/s1/wave-rules"
RULE = {"name": "singles", "match": {"channels": ["web"], "shapes": ["single_item"]}, "mode": "cluster", "totes": 2}


@pytest.fixture
async def client(shop: OrderShop) -> AsyncIterator[TestClient]:
    await auth.create_token("all", list(Permission), token="sw_all")
    await auth.create_token("s2", list(Permission), token="sw_s2", sites=["s2"])
    server = TestServer(make_app(parse_config({}, {}, "test"), Parts()), host="127.0.0.1")
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield client


async def send(client: TestClient, method: str, path: str, body: object = None, who: str = "all") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer sw_{who}", "Idempotency-Key": f"k{next(_numbers)}", "Content-Type": "application/json"}
    data = None if body is None else msgspec.json.encode(body)
    answer = await client.request(method, path, headers=headers, data=data)
    return answer.status, await answer.json()


async def test_a_rule_is_tried_stored_changed_by_who_read_it_last_and_removed(shop: OrderShop, client: TestClient) -> None:
    single = await place(shop.order(("tea", 1)))
    several = await place(shop.order(("tea", 1), ("milk", 2)))
    status, tried = await send(client, "POST", "/api/v1/sites/s1/wave-preview", {"draft": RULE})
    assert (status, [wave["orders"] for wave in tried["waves"]], tried["why"]) == (200, [[single]], {"no_rule": 1})
    assert [(one["order"], one["fails"]) for one in tried["left_out"]] == [(several, {"singles": "shape"})]
    assert (await send(client, "GET", RULES))[1]["items"] == []
    _, made = await send(client, "POST", RULES, RULE)
    assert (made["version"], made["due_at"]) == (1, None)
    status, changed = await send(client, "PUT", f"{RULES}/{made['id']}", {**RULE, "match": {}, "version": 1})
    assert (status, changed["version"], changed["match"]["channels"]) == (200, 2, [])
    status, late = await send(client, "PUT", f"{RULES}/{made['id']}", {**RULE, "version": 1})
    assert (status, late["code"]) == (409, "stale_version")
    status, twice = await send(client, "POST", RULES, RULE)
    assert (status, twice["code"], twice["data"]["field"]) == (422, "bad_wave_rule", "name")
    assert (await send(client, "DELETE", f"{RULES}/{made['id']}"))[0] == 200
    assert (await send(client, "DELETE", f"{RULES}/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"timing": "every"}, "every_minutes"),
        ({"timing": "at"}, "times"),
        ({"timing": "waiting"}, "waiting"),
        ({"match": {"due_minutes": 50_000}}, "due_minutes"),
    ],
)
async def test_a_rule_that_cannot_be_says_which_field(client: TestClient, wrong: dict[str, object], field: str) -> None:
    status, told = await send(client, "POST", RULES, {**RULE, **wrong})
    assert (status, told["data"]["field"]) == (422, field)


async def test_from_composing_to_paper(shop: OrderShop, client: TestClient) -> None:
    await store_builtin()
    orders = [await place(shop.order(("tea", 1))) for _ in range(3)]
    await send(client, "POST", RULES, {**RULE, "match": {}})
    _, composed = await send(client, "POST", "/api/v1/sites/s1/waves", {})
    (wave,) = composed["waves"]
    no = wave["no"]
    assert (wave["state"], wave["progress"]["planned"]) == ("composed", 3)
    assert (await send(client, "POST", f"/api/v1/waves/{no}/print", {"box": "b1"}))[1]["code"] == "nothing_to_pick"
    assert (await send(client, "POST", f"/api/v1/waves/{no}/take-out", {"order": orders[1]}))[1] == {"taken": True}
    status, released = await send(client, "POST", f"/api/v1/waves/{no}/release")
    assert (status, released["state"]) == (200, "released")
    while await work_once():
        pass
    _, parts = await send(client, "GET", f"/api/v1/waves/{no}/parts")
    assert [(one["order"], one["cluster"], one["state"], one["list_state"]) for one in parts["items"]] == [
        (orders[0], 1, "released", "open"),
        (orders[1], 1, "given_back", None),
        (orders[2], 2, "released", "open"),
    ]
    assert (await send(client, "POST", f"/api/v1/waves/{no}/print", {"box": "nobody"}))[0] == 404
    assert (await send(client, "POST", f"/api/v1/waves/{no}/print", {"box": "b1"}))[1] == {"sheets": 2}
    assert (await send(client, "POST", f"/api/v1/waves/{no}/print", {"box": "b1"}))[1] == {"sheets": 2}
    await catch_up()
    told = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted' ORDER BY id")
    wishes = [msgspec.json.decode(row["data"]) for row in told]
    assert [(wish["data"]["part"], wish["copy"], [one["slot"] for one in wish["data"]["lists"]]) for wish in wishes] == [
        ("1/2", False, ["A"]),
        ("2/2", False, ["A"]),
        ("1/2", True, ["A"]),
        ("2/2", True, ["A"]),
    ]
    assert wishes[0]["data"]["lines"] == [{"bin": "A-1", "name": "tea zh", "sku": "tea", "quantity": "1", "slot": "A"}]
    status, undone = await send(client, "POST", f"/api/v1/waves/{no}/cancel", {"reason": "rain"})
    assert (status, undone["given_back"], undone["kept"], undone["wave"]["state"]) == (200, 2, 0, "cancelled")
    _, listed = await send(client, "GET", "/api/v1/waves?state=cancelled&site=s1")
    assert [one["no"] for one in listed["items"]] == [no]
    assert (await send(client, "GET", f"/api/v1/waves/{no}"))[1]["workers"] == []


async def test_waves_of_another_site_are_not_there(shop: OrderShop, client: TestClient) -> None:
    await place(shop.order(("tea", 1)))
    await send(client, "POST", RULES, RULE)
    _, composed = await send(client, "POST", "/api/v1/sites/s1/waves", {"release": True})
    no = composed["waves"][0]["no"]
    assert composed["waves"][0]["state"] == "released"
    assert (await send(client, "GET", f"/api/v1/waves/{no}", who="s2"))[0] == 404
    assert (await send(client, "POST", f"/api/v1/waves/{no}/cancel", {"reason": "x"}, who="s2"))[0] == 404
    assert (await send(client, "GET", "/api/v1/waves", who="s2"))[1]["items"] == []
