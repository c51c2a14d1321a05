"""Orders, pick lists, parcels and templates over HTTP, as a client without our code sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.documents.operations import store_builtin
from controller.documents.queries import current
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.http.table import ROUTES
from controller.sites.operations import create_site
from drivers.documents.templates import content_version
from tests.controller.orders_shop import OrderShop

_keys = count(1)


@pytest.fixture
async def shop(database: str) -> OrderShop:
    await store_builtin()
    return await OrderShop.open()


@pytest.fixture
async def client(shop: OrderShop) -> AsyncIterator[TestClient]:
    await auth.create_token("all", list(Permission), token="sw_all")
    await auth.create_token("elsewhere", list(Permission), sites=["s2"], token="sw_elsewhere")
    await create_site("s2", name="Shop 2")
    app = build(ROUTES, metrics=Metrics(), max_body=100_000)
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_all"}) as client:
        yield client


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"test-{next(_keys)}"}


ELSEWHERE = {"Authorization": "Bearer sw_elsewhere"}


def order(quantity: int, reference: str = "A1", site: str = "s1") -> dict[str, object]:
    line = {"sku": "tea", "quantity": quantity, "unit_price_minor": 250}
    return {"site": site, "channel": "web", "reference": reference, "currency": "CNY", "lines": [line]}


async def test_a_cancelled_order_is_not_released(client: TestClient, shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    for reference, before in (("A1", "release"), ("A2", None)):
        placed = await client.post("/api/v1/orders", json=order(2, reference), headers=key())
        address = placed.headers["Location"]
        if before:
            await client.post(f"{address}/{before}", headers=key())
        await client.post(f"{address}/cancel", json={"reason": "customer asked"}, headers=key())
        refused = await client.post(f"{address}/release", headers=key())
        assert (refused.status, (await refused.json())["code"]) == (409, "not_releasable")


async def test_from_order_to_parcel(client: TestClient, shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    placed = await client.post("/api/v1/orders", json=order(2), headers=key())
    assert (placed.status, placed.headers["Location"]) == (201, "/api/v1/orders/SO-100001")
    released = await client.post("/api/v1/orders/SO-100001/release", headers=key())
    assert (released.status, [one["no"] for one in (await released.json())["pick_lists"]]) == (200, ["PL-100001"])
    again = await client.post("/api/v1/orders/SO-100001/release", headers=key())
    assert [one["no"] for one in (await again.json())["pick_lists"]] == ["PL-100001"]

    listed = await (await client.get("/api/v1/pick-lists/PL-100001")).json()
    assert [(line["bin"], line["quantity"], line["picked"]) for line in listed["lines"]] == [("A-1", 2, 0)]
    await shop.report(shop.picked("PL-100001", "tea", 2), shop.packed("PL-100001", 200))

    parcel = await (await client.get("/api/v1/parcels/PC-100001")).json()
    assert (parcel["state"], parcel["grams"], parcel["expected_grams"], parcel["order"]) == ("packed", "200", 200, "SO-100001")
    reprinted = await client.post("/api/v1/parcels/PC-100001/label", headers=key())
    assert (await reprinted.json())["label_copies"] == 2

    detail = await (await client.get("/api/v1/orders/SO-100001")).json()
    assert (detail["order"]["total_minor"], detail["order"]["stock_short"]) == (500, False)
    names = [entry["name"] for entry in detail["history"]]
    assert names[:2] == ["order_placed", "pick_list_released"]
    assert {"pick_list_picked", "parcel_packed", "label_reprinted"} <= set(names)


async def test_too_few_goods_are_a_problem_with_numbers(client: TestClient, shop: OrderShop) -> None:
    await shop.stock("tea", 1)
    response = await client.post("/api/v1/orders", json=order(2), headers=key())
    problem = await response.json()
    assert response.content_type == "application/problem+json"
    assert (problem["code"], response.status // 100) == ("insufficient_stock", 4)
    assert (await (await client.get("/api/v1/orders")).json())["items"] == []


async def test_cancel_and_list(client: TestClient, shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    for reference in ("A1", "A2", "B1"):
        await client.post("/api/v1/orders", json=order(1, reference), headers=key())
    assert (await client.post("/api/v1/orders/SO-100002/cancel", json={"reason": "asked"}, headers=key())).status == 200

    async def found(query: str) -> list[str]:
        return [item["no"] for item in (await (await client.get(f"/api/v1/orders?{query}")).json())["items"]]

    assert await found("state=cancelled") == ["SO-100002"]
    assert await found("q=A") == ["SO-100002", "SO-100001"]
    assert (await client.get("/api/v1/orders?state=lost")).status == 400
    page = await (await client.get("/api/v1/orders?per=2")).json()
    rest = await (await client.get(f"/api/v1/orders?per=2&after={page['next']}")).json()
    assert [item["no"] for item in page["items"] + rest["items"]] == ["SO-100003", "SO-100002", "SO-100001"]
    assert rest["next"] is None
    assert (await client.get("/api/v1/orders/nonsense")).status == 404


async def test_another_sites_goods_are_not_seen(client: TestClient, shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    await client.post("/api/v1/orders", json=order(1), headers=key())
    await client.post("/api/v1/orders/SO-100001/release", headers=key())
    await shop.report(shop.picked("PL-100001", "tea"), shop.packed("PL-100001", 100))
    for path in ("orders", "pick-lists", "parcels", "pick-lists?site=s1", "parcels?site=s1"):
        assert (await (await client.get(f"/api/v1/{path}", headers=ELSEWHERE)).json())["items"] == [], path
    for path in ("orders/SO-100001", "pick-lists/PL-100001", "parcels/PC-100001"):
        assert (await client.get(f"/api/v1/{path}", headers=ELSEWHERE)).status == 404, path
    for path in ("orders/SO-100001/release", "parcels/PC-100001/label"):
        assert (await client.post(f"/api/v1/{path}", headers=ELSEWHERE | key())).status == 404, path
    cancelled = await client.post("/api/v1/orders/SO-100001/cancel", json={"reason": "mine"}, headers=ELSEWHERE | key())
    placed = await client.post("/api/v1/orders", json=order(1, "C1"), headers=ELSEWHERE | key())
    assert (cancelled.status, placed.status) == (404, 404)


async def test_a_box_fetches_a_template_as_it_was_stored(client: TestClient) -> None:
    stored = await current("shipping-label")
    response = await client.get(f"/box/v1/templates/shipping-label/{stored.version}")
    assert content_version(await response.read()) == stored.version
    assert "immutable" in response.headers["Cache-Control"]
    assert (await client.get(f"/box/v1/templates/shipping-label/{'0' * 64}")).status == 404
    listed = await (await client.get("/api/v1/templates")).json()
    assert {"receipt", "shelf-label", "shipping-label"} <= {item["name"] for item in listed["items"]}
