"""Invoices over HTTP: issued, listed, as PDF (masked, or in clear with a record), corrected, printed; nothing of other sites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, api_routes
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.invoices import paper, queries
from controller.sites.operations import create_site
from tests.controller.customers.keys import open_test_keys
from tests.controller.invoices.bills import open_bills, order_of
from tests.controller.orders_shop import OrderShop, told


@pytest.fixture
async def shop(tmp_path: Path, schema_file: Path) -> AsyncIterator[OrderShop]:
    path = tmp_path / "c.db"
    path.write_bytes(schema_file.read_bytes())
    await db.connect(f"sqlite://{path}")
    await open_test_keys()
    shop = await open_bills()
    await shop.stock("tea", 20)
    yield shop
    await db.close()


@pytest.fixture
async def client(shop: OrderShop) -> AsyncIterator[TestClient]:
    await create_site("s2", name="Two")
    await auth.create_token("all", list(Permission), token="sw_all")
    await auth.create_token("far", list(Permission), sites=["s2"], token="sw_far")
    server = TestServer(build(api_routes(Parts()), metrics=Metrics(), max_body=100_000), host="127.0.0.1")
    headers = {"Authorization": "Bearer sw_all"}
    async with TestClient(server, headers=headers, cookie_jar=DummyCookieJar()) as client:
        yield client


async def post(client: TestClient, path: str, body: object, key: str, *, method: str = "POST") -> tuple[int, dict[str, object]]:
    answer = await client.request(method, path, json=body, headers={"Idempotency-Key": key})
    return answer.status, await answer.json()


async def test_from_an_order_to_its_correction(client: TestClient, shop: OrderShop) -> None:
    order = await order_of(shop, ("tea", 3, 1130))
    body = {"buyer": {"name": "李雷", "address": "西湖区 1 号", "tax_number": "9133X"}}
    status, detail = await post(client, f"/api/v1/orders/{order}/invoices", body, "k1")
    assert (status, detail["buyer"]) == (201, "李**")
    assert detail["invoice"] == {
        **detail["invoice"],  # type: ignore[dict-item]  # a document of JSON
        "no": "INV-000001",
        "order": order,
        "net_minor": 3000,
        "tax_minor": 390,
        "payable_minor": 3390,
        "prints": 0,
    }
    assert (await post(client, f"/api/v1/orders/{order}/invoices", body, "k2"))[1]["invoice"] == detail["invoice"]
    status, fixed = await post(
        client, "/api/v1/invoices/INV-000001/corrections", {"reason": "broken", "lines": [{"position": 1, "quantity": 1}]}, "k3"
    )
    assert (status, fixed["invoice"]["corrects"], fixed["invoice"]["payable_minor"]) == (201, "INV-000001", -1130)  # type: ignore[index]  # JSON
    status, refused = await post(
        client, "/api/v1/invoices/INV-000001/corrections", {"reason": "x", "lines": [{"position": 1, "quantity": 3}]}, "k4"
    )
    assert (status, refused["code"]) == (422, "bad_correction")
    listed = await (await client.get(f"/api/v1/invoices?order={order}&per=1")).json()
    assert [row["no"] for row in listed["items"]] == ["CN-000001"]
    after = await (await client.get(f"/api/v1/invoices?order={order}&per=1&after={listed['next']}")).json()
    assert ([row["no"] for row in after["items"]], after["next"]) == (["INV-000001"], None)


async def test_a_pdf_is_masked_unless_somebody_looks(client: TestClient, shop: OrderShop) -> None:
    order = await order_of(shop, ("tea", 1, 1130))
    await post(client, f"/api/v1/orders/{order}/invoices", {"buyer": {"name": "李雷"}}, "k1")
    masked = await client.get("/api/v1/invoices/INV-000001/pdf")
    assert (masked.content_type, (await masked.read())[:5]) == ("application/pdf", b"%PDF-")
    assert await told("personal_data_seen") == 0
    clear = await client.post("/api/v1/invoices/INV-000001/pdf", headers={"Idempotency-Key": "k2"})
    assert (clear.status, clear.content_type) == (200, "application/pdf")
    assert await clear.read() != await (await client.get("/api/v1/invoices/INV-000001/pdf")).read()
    assert await told("personal_data_seen") == 1
    one = await queries.invoice("INV-000001")
    buyer = await queries.buyer_of(one)
    assert paper.as_pdf(one, None, buyer) == paper.as_pdf(one, None, buyer), "the same bytes each time"


async def test_printed_again_it_is_a_copy(client: TestClient, shop: OrderShop) -> None:
    order = await order_of(shop, ("tea", 1, 1130))
    await post(client, f"/api/v1/orders/{order}/invoices", {}, "k1")
    assert (await post(client, "/api/v1/invoices/INV-000001/prints", {}, "k2"))[0] == 404, "no box packed it yet"
    for rank in (1, 2):
        status, view = await post(client, "/api/v1/invoices/INV-000001/prints", {"box": "b1"}, f"p{rank}")
        assert (status, view["prints"]) == (200, rank)


async def test_nobody_reaches_an_invoice_of_another_site(client: TestClient, shop: OrderShop) -> None:
    order = await order_of(shop, ("tea", 1, 1130))
    await post(client, f"/api/v1/orders/{order}/invoices", {}, "k1")
    far = {"Authorization": "Bearer sw_far"}
    assert (await (await client.get("/api/v1/invoices", headers=far)).json())["items"] == []
    for method, path in (("GET", "invoices/INV-000001"), ("GET", "invoices/INV-000001/pdf"), ("POST", "invoices/INV-000001/pdf")):
        assert (await client.request(method, f"/api/v1/{path}", headers={**far, "Idempotency-Key": path})).status == 404
    answer = await client.post(f"/api/v1/orders/{order}/invoices", json={}, headers={**far, "Idempotency-Key": "k9"})
    assert answer.status == 404


async def test_who_sells_is_said_once_for_all_and_for_a_site(client: TestClient) -> None:
    body = {"name": "Shop", "prefix": "SH", "correction_prefix": "SC", "at_packing": True}
    assert (await post(client, "/api/v1/sites/s2/invoice-seller", body, "k1", method="PUT"))[0] == 200
    found = await (await client.get("/api/v1/invoice-sellers")).json()
    assert [(row["site"], row["prefix"], row["at_packing"]) for row in found["items"]] == [(None, "INV", False), ("s2", "SH", True)]
    same = {**body, "correction_prefix": "SH"}
    assert (await post(client, "/api/v1/invoice-sellers", same, "k2", method="PUT"))[1]["code"] == "bad_invoice"
