"""A token of some sites neither sees nor changes anything of another site, on any route there is."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.app import Parts, api_routes
from controller.catalog.operations import NewBarcode, add_barcode
from controller.customers.addresses import Address
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import add_customer
from controller.customers.order_addresses import set_address
from controller.customers.policies import Profile
from controller.documents.operations import store_builtin
from controller.documents.queries import current
from controller.events import acting
from controller.fleet import presence
from controller.fleet.diagnostics import keep
from controller.fleet.operations import PrintOrder, request_print, send_command
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.fulfilment.operations import release
from controller.http import auth
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission, Route
from controller.ingest import ingest
from controller.invoices.operations import issue
from controller.invoices.sellers import SellerAt, set_seller
from controller.orders import batches
from controller.orders.listing import Wanted
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.presets import NewPreset, save_preset
from controller.orders.states import Bulk, Delivery
from controller.orders.templates import NewTemplate, TemplateLine, save_template
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.shipping.addressing import ADDRESS
from controller.shipping.shipments import make_shipment
from controller.sites.operations import create_site
from controller.waves.composing import compose_waves
from controller.waves.rules import Rule, put_rule
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import Scan
from edge_agent.wire.messages import Alert, Condition, DeviceState, Symbol
from edge_agent.wire.order_facts import Goes, PayBy
from edge_agent.wire.roles import Role
from edge_agent.wire.session import Incoming
from edge_agent.wire.telemetry import LogLine, LogLines, Telemetry
from edge_agent.wire.topics import BoxTopic, Family
from tests.controller.customers.keys import open_test_keys
from tests.controller.http.goods_of_a_site import documents_of_goods
from tests.controller.invoices.bills import SELLER
from tests.controller.orders_shop import OrderShop
from tests.doubles import NOON

ALL = api_routes(Parts())
SHARED = {"tea", "shelf-label", "dairy-of-s1", "web", "LR-100001", "CU-100001"}
"""What the whole chain has in common: its goods, its templates, its suppliers, its channels, recalls and customers."""
OF_THE_CHAIN = frozenset(
    {
        "POST /api/v1/customers",
        "POST /api/v1/customers/search",
        "PUT /api/v1/customers/{customer}",
        "PUT /api/v1/customers/{customer}/rating",
        "POST /api/v1/customers/{customer}/notes",
        "POST /api/v1/customers/{customer}/merge",
        "POST /api/v1/customers/{customer}/apart",
    }
)
"""Customers are no site's: whoever may write them anywhere writes them for all.  Tried in test_customers_of_the_chain.py."""
SECRET = "SECRET-OF-S1"
PACKED = gzip.compress(SECRET.encode())
ABSENT = {
    "/api/v1/skus/{sku}/image",
    "/box/v1/images/{hash}",
    "/api/v1/station-profiles/{profile}",
    "/api/v1/counts/{no}/rows/{row}",
    "/api/v1/replenishment/proposals/{proposal}",
    "/api/v1/reviews/{no}",
    "/api/v1/review-tables/{id}",
    "/api/v1/review-tables/{id}/analysis",
}
"""What this shop has none of."""
NOTHING_SOLD = {"/api/v1/sites/{site}/replenishment/back-test": 422}
NO_BOOK = {"/api/v1/stock/imports/xlsx"}
"""What cannot be read is told before anything else."""
QUERIES = {
    "/api/v1/sites/{site}/stock/{sku}/as-of": {"as_of": "2026-01-01T00:00:00Z"},
    "/api/v1/sites/{site}/stock-as-of": {"as_of": "2026-01-01T00:00:00Z"},
    "/api/v1/sites/{site}/put-away": {"sku": "tea"},
}
"""What a route must be asked with."""
FILES = {"/api/v1/stock/imports": b"site,bin,sku,quantity\ns1,A-1,tea,1\n"}
BODIES: dict[str, object] = {
    "/api/v1/sites": {"id": "s3", "name": "Shop 3"},
    "/api/v1/sites/{site}/bins": {"code": "B-1"},
    "/api/v1/sites/{site}/adjustments": {"sku": "tea", "bin": "A-1", "change": 1, "reason": "mine"},
    "/api/v1/skus": {"code": "x", "name_en": "x", "name_zh": "x"},
    "/api/v1/skus/{sku}/barcodes": {"barcode": "X-1", "site": "s1"},
    "/api/v1/unknown-barcodes/{unknown}/link": {"sku": "tea", "site": "s2"},
    "/api/v1/orders": {
        "site": "s1",
        "channel": "web",
        "reference": "x",
        "currency": "CNY",
        "lines": [{"sku": "tea", "quantity": 1, "unit_price_minor": 1}],
    },
    "/api/v1/orders/{no}/release": None,
    "/api/v1/orders/{no}/cancel": {"reason": "mine"},
    "/api/v1/parcels/{no}/label": None,
    "/api/v1/boxes": {"id": "b1", "site": "s2", "name": "mine now"},
    "/api/v1/boxes/{id}/commands": {"name": "identify"},
    "/api/v1/print-jobs": {"box": "b1", "template": "shelf-label", "data": {}},
    "/api/v1/print-jobs/{id}/cancel": None,
    "/api/v1/print-jobs/{id}/resolve": {"resolution": "printed"},
}


@pytest.fixture
async def ids(database: None) -> dict[str, str]:
    """A site `s1` with something of everything; by route, what its path names there."""
    shop = await OrderShop.open()
    await store_builtin()
    await create_site("s2", name="Shop 2")
    await shop.stock("tea", 50)
    order, pick_list = await shop.released(("tea", 2))
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200))
    await add_barcode("tea", NewBarcode(barcode="CODE-OF-S1", site_id="s1"))
    scanned = shop.box.envelope(Scan(symbol=Symbol(text=SECRET)))
    await ingest([shop.box.message(scanned), shop.box.raw(shop.box.topic(), SECRET.encode())])
    for family, device, name, message in (
        (Family.STATE, "scanner", None, DeviceState(state=Condition.READY, at=NOON)),
        (Family.ALERT, "_", "disk", Alert(code="disk", message=SECRET, at=NOON)),
        (Family.TEL, "_", None, Telemetry(waiting=1, oldest_at=None, disk_free=1, at=NOON, agent=SECRET)),
        (Family.LOG, "_", None, LogLines(start="a", lines=[LogLine(no=1, at=NOON, level="ERROR", name="x", message=SECRET)])),
    ):
        topic = str(BoxTopic(site="s1", box="b1", device=device, family=family, name=name))
        async with db.transaction():
            await presence.note([Incoming(topic, encode(message), False, False, lambda: None)])
    unknown = await db.fetch("SELECT id FROM unknown_barcode")
    collected = await send_command("b1", "collect_diagnostics", {})
    await keep(collected, PACKED, hashlib.sha256(PACKED).hexdigest(), box="b1", sites=None)
    return {
        "site": "s1",
        "person": await add_person(SECRET, roles=[Grant(Role.FLOOR, "s1")]),
        "sku": "tea",
        "position": "1",
        "unknown": str(unknown[0]["id"]),
        "name": "shelf-label",
        "version": (await current("shelf-label")).version,
        "orders": order,
        "pick-lists": pick_list,
        "order-batches": await a_batch(),
        "parcels": "PC-100001",
        "shipments": await a_shipment(shop),
        "customer": await a_customer(),
        "job": await a_label(order),
        "invoices": await an_invoice(order),
        "waves": await a_wave(shop),
        "order-templates": await save_template(NewTemplate(title="Both", lines=[TemplateLine("tea", 1)], site="s1")),
        "order-presets": await save_preset(NewPreset(title="Cash", pays=PayBy.CASH, goes=Goes.TAKEN, site="s1")),
        "boxes": "b1",
        "facts": str(scanned.id),
        "print-jobs": await request_print(
            PrintOrder(box="b1", device="labels", template="shelf-label", data={"name": "Tea", "price": "1"})
        ),
        "commands": await send_command("b1", "identify", {}),
        "command": collected,
        **await documents_of_goods(),
    }


async def a_shipment(shop: OrderShop) -> str:
    """A parcel of `s1` that is sent, and has no label yet."""
    order = await place(replace(shop.order(("tea", 1)), delivery=Delivery.SHIPPING))
    (pick_list,) = await release(order)
    await shop.report(shop.picked(pick_list, "tea", 1), shop.packed(pick_list, 100))
    list_id = PICK_LISTS.row_id(pick_list)
    rows = await db.fetch("SELECT id FROM parcel WHERE pick_list_id = ?", list_id)
    return await make_shipment(PARCELS.number(rows[0]["id"]), list_id, order, Decimal(100)) or ""


async def a_customer() -> str:
    """Somebody whom the whole chain knows."""
    await open_test_keys()
    return CUSTOMERS.number(await add_customer(Profile(name="Zhang San", phone="13800138000")))


async def a_label(order: str) -> str:
    """On which an address stands that only its box is told."""
    order_id = ORDERS.row_id(order)
    await set_address(order_id, Address(name=SECRET, phone="13812345678", city="深圳市", street="科技园路1号"))
    data = {"name": "Tea", "price": "1"}
    return await request_print(
        PrintOrder(box="b1", device="labels", template="shelf-label", data=data, private=f"{ADDRESS}:{order_id}")
    )


async def an_invoice(order: str) -> str:
    """Of what was ordered at `s1`."""
    await set_seller(SellerAt(seller=SELLER))
    return await issue(order)


async def a_wave(shop: OrderShop) -> str:
    """Of an order at `s1`."""
    await place(shop.order(("tea", 1)))
    await put_rule(Rule(site="s1", name=SECRET))
    return (await compose_waves("s1"))[0]


async def a_batch() -> str:
    """Something that whoever sees `s1` did to many orders."""
    with acting("token:one"):
        return await batches.start(Bulk.HOLD, Wanted(), reason=SECRET, sites=["s1"])


@pytest.fixture
async def client(ids: dict[str, str]) -> AsyncIterator[TestClient]:
    await auth.create_token("two", list(Permission), sites=["s2"], token="sw_two")
    await auth.create_token("one", list(Permission), sites=["s1"], token="sw_one")
    async with TestClient(TestServer(build(ALL, metrics=Metrics(), max_body=100_000), host="127.0.0.1")) as client:
        yield client


def address(route: Route, ids: dict[str, str]) -> str:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", ids[name] if name in ids else ids.get(path.split("/")[3], "none"))
    return path


async def test_nothing_of_another_site_is_seen(client: TestClient, ids: dict[str, str]) -> None:
    shared = {*SHARED, ids["version"]}
    theirs = {value for value in ids.values() if value not in shared and not value.isdigit()} | {
        SECRET,
        "CODE-OF-S1",
        "RECEIPT-OF-S1",
    }
    for route in ALL:
        if route.writes or route.permission is Permission.PUBLIC:
            continue
        asked = QUERIES.get(route.path, {})
        mine = await client.get(address(route, ids), params=asked, headers={"Authorization": "Bearer sw_one"})
        expected = 404 if route.path in ABSENT else 403 if route.whole_chain else NOTHING_SOLD.get(route.path, 200)
        assert mine.status == expected, f"{route.path}: {await mine.text()}"
        answer = await client.get(address(route, ids), params=asked, headers={"Authorization": "Bearer sw_two"})
        assert answer.status in (200, 403, 404), route.path
        if answer.status == 200:
            text = json.dumps((await answer.json()).get("items", await answer.json()))
            assert not [one for one in theirs if f'"{one}"' in text], route.path


async def test_nothing_of_another_site_is_changed(client: TestClient, ids: dict[str, str]) -> None:
    before = await _everything()
    for number, route in enumerate(route for route in ALL if route.writes and f"{route.method} {route.path}" not in OF_THE_CHAIN):
        headers = {"Authorization": "Bearer sw_two", "Idempotency-Key": f"k{number}"}
        if route.body is bytes:
            sent = {**headers, "Content-Type": route.accepts}
            answer = await client.request(route.method, address(route, ids), data=FILES.get(route.path, b"sku\n"), headers=sent)
        else:
            body = BODIES[route.path] if route.path in BODIES else msgspec.to_builtins(route.example)
            answer = await client.request(route.method, address(route, ids), json=body, headers=headers)
        refused = (422,) if route.path in NO_BOOK else (403, 404, 409)
        assert answer.status in refused, f"{route.path}: {answer.status} {await answer.text()}"
    assert await _everything() == before


async def test_a_barcode_of_the_whole_chain_is_not_for_one_site_to_give(client: TestClient) -> None:
    for number, (site, status) in enumerate([({}, 403), ({"site": "s1"}, 404), ({"site": "s2"}, 201)]):
        headers = {"Authorization": "Bearer sw_two", "Idempotency-Key": f"k{number}"}
        answer = await client.post("/api/v1/skus/tea/barcodes", json={"barcode": "MINE", **site}, headers=headers)
        assert answer.status == status


async def test_one_site_s_feed_goes_past_pages_of_others(client: TestClient) -> None:
    headers = {"Authorization": "Bearer sw_two"}
    answer = await (await client.get("/api/v1/events?per=1", headers=headers)).json()
    assert [event["name"] for event in answer["items"]] == ["site_created"]


async def _everything() -> list[db.Row]:
    tables = (
        "event",
        "person",
        "person_role",
        "stock_movement",
        "barcode",
        "sku",
        "sales_order",
        "print_job",
        "command",
        "box",
        "location",
        "site",
        "transfer",
        "transfer_line",
        "price",
        "label_batch",
        "sale",
        "sale_import",
        "supplier",
        "supplier_item",
        "purchase_order",
        "purchase_order_line",
        "purchase_answer",
        "shipping_notice",
        "receipt",
        "receipt_line",
        "wave_rule",
        "wave",
        "wave_part",
    )
    return [row for table in tables for row in await db.fetch(f"SELECT * FROM {table} ORDER BY id")]
