from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller.app import Parts, make_app
from controller.config import parse_config
from controller.http import auth
from controller.http.routing import Permission
from controller.orders.operations import place
from tests.controller.orders_shop import OrderShop
from tests.controller.review.rule_tables import RV2

_numbers = itertools.count()
BASE = "/api/v1/review-tables"


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


async def brought_live(client: TestClient) -> int:
    _, made = await send(client, "POST", BASE, {"note": "RV2"})
    _, filled = await send(client, "PUT", f"{BASE}/{made['id']}/rules", {"edition": 1, "rules": RV2})
    status, live = await send(client, "POST", f"{BASE}/{made['id']}/go-live", {"edition": filled["edition"], "replaces": None})
    assert (status, live["state"]) == (200, "live")
    return int(made["id"])


async def test_rules_are_made_looked_at_tried_and_brought_live(client: TestClient) -> None:
    table = await brought_live(client)
    _, found = await send(client, "GET", f"{BASE}/{table}/analysis")
    assert found["gaps"][0]["where"] == {
        "amount": [{"low": 0, "high": 500000}],
        "grade": [{"others": ["A"]}],
        "credit": [{"others": ["C"]}],
    }
    assert [(each["first"], each["second"], each["wins"]) for each in found["overlaps"]] == [(1, 4, 4), (2, 4, 4)]
    _, said = await send(client, "POST", f"{BASE}/{table}/try", {"amount": 1200000, "currency": "CNY", "credit": "C"})
    assert (said["outcome"], [match["rule"] for match in said["matches"]]) == ("finance", [2, 4])
    status, replayed = await send(client, "GET", f"{BASE}/{table}/replay?days=7")
    assert (status, replayed["orders"]) == (200, 0)
    status, refused = await send(client, "PUT", f"{BASE}/{table}/rules", {"edition": 2, "rules": []})
    assert (status, refused["code"]) == (409, "review_table_moved")


async def test_an_order_goes_through_both_stages(client: TestClient, shop: OrderShop) -> None:
    await brought_live(client)
    no = await place(shop.order(("tea", 8000)))
    _, waiting = await send(client, "GET", "/api/v1/reviews")
    assert [row["order"] for row in waiting["items"]] == [no]
    status, claimed = await send(client, "POST", f"/api/v1/reviews/{no}/service/claim")
    assert (status, claimed["claimed_by"]) == (200, "token:all")
    _, passed = await send(client, "POST", f"/api/v1/reviews/{no}/service/approve", {})
    assert passed["state"] == "finance"
    _, done = await send(client, "POST", f"/api/v1/reviews/{no}/finance/approve", {"reason": "paid before"})
    assert done["state"] == "approved"
    _, detail = await send(client, "GET", f"/api/v1/reviews/{no}")
    assert [match["name"] for match in detail["matches"]] == ["large"]
    assert [clock["kind"] for clock in detail["clocks"]] == ["touch"]
    _, order = await send(client, "GET", f"/api/v1/orders/{no}")
    assert order["order"]["state"] == "approved"


async def test_flags_are_seen_and_cleared_with_a_reason(client: TestClient, shop: OrderShop) -> None:
    no = await place(shop.order(("tea", 1)))
    path = f"/api/v1/orders/{no}/flags"
    _, flagged = await send(client, "POST", path, {"kind": "credit", "reason": "owes"})
    assert flagged["blocking"] == ["credit"]
    status, refused = await send(client, "POST", f"/api/v1/orders/{no}/release")
    assert (status, refused["code"], refused["data"]["flags"]) == (409, "order_flagged", ["credit"])
    assert (await send(client, "POST", f"{path}/credit/clear", {"reason": ""}))[0] in (400, 422)
    assert (await send(client, "POST", f"{path}/sunburn/clear", {"reason": "x"}))[0] == 404
    _, cleared = await send(client, "POST", f"{path}/credit/clear", {"reason": "paid"})
    assert (cleared["blocking"], cleared["flags"][0]["clear_reason"]) == ([], "paid")


async def test_many_are_approved_and_those_of_other_sites_are_not_there(client: TestClient, shop: OrderShop) -> None:
    await brought_live(client)
    numbers = [await place(shop.order(("tea", 1))) for _ in range(3)]
    status, none = await send(client, "POST", "/api/v1/reviews/service/approve", {"orders": numbers}, "s2")
    assert (status, none["code"]) == (404, "not_found")
    assert (await send(client, "GET", f"/api/v1/reviews/{numbers[0]}", who="s2"))[0] == 404
    assert (await send(client, "GET", "/api/v1/reviews", who="s2"))[1]["items"] == []
    _, done = await send(client, "POST", "/api/v1/reviews/service/approve", {"orders": numbers})
    assert (done["approved"], done["refused"]) == (3, [])


async def test_deadlines_are_set_and_reported(client: TestClient, shop: OrderShop) -> None:
    await place(shop.order(("tea", 1)))
    wanted = {
        "site": "s1",
        "terms": [{"kind": "touch", "seconds": 900, "near_seconds": 60, "counts": "opening"}],
        "hours": [{"weekday": 0, "opens": 540, "closes": 1080}],
        "closed": ["2026-12-25"],
    }
    assert (await send(client, "PUT", "/api/v1/clock-terms", wanted))[0] == 200
    assert (await send(client, "GET", "/api/v1/clock-terms?site=s1"))[1] == wanted
    _, report = await send(client, "GET", "/api/v1/order-clocks/report?days=1")
    assert report["kinds"][0] == {
        "kind": "touch",
        "ended": 1,
        "within": 1,
        "share_bp": 10000,
        "p50_seconds": 0,
        "p90_seconds": 0,
        "running": 0,
        "over": 0,
    }
    assert (await send(client, "GET", "/api/v1/order-clocks/report?days=0"))[0] == 400


async def test_limits_are_set_under_their_edition(client: TestClient) -> None:
    _, now = await send(client, "GET", "/api/v1/review-limits")
    assert now["edition"] == 0
    assert (await send(client, "PUT", "/api/v1/review-limits", now))[1]["edition"] == 1
    status, refused = await send(client, "PUT", "/api/v1/review-limits", now)
    assert (status, refused["code"]) == (409, "review_limits_moved")
