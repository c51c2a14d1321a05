"""A shop with something of every kind of document, made through the API and by boxes: what requests can be about."""

from __future__ import annotations

import itertools
import re
from typing import Any

from aiohttp.test_utils import TestClient

from controller.documents.operations import store_builtin
from controller.documents.queries import current
from controller.fleet.operations import PrintOrder, request_print, send_command
from controller.http import auth
from controller.http.routing import Permission
from controller.orders.operations import place
from controller.people.operations import add_person
from controller.people.policies import Grant
from controller.reports.table import REPORTS
from controller.sites.operations import create_bin, create_site
from drivers.symbols.gtin import to_gtin14
from edge_agent.wire.facts import Received, Scan
from edge_agent.wire.messages import Symbol
from edge_agent.wire.roles import Role
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop

TOKEN = "sw_all"
CSV = [
    "site,bin,sku,quantity\ns1,A-2,tea,48\n",
    "sku,price,effective_from,site,until\ntea,6.50,2030-12-01T06:00,,\n",
    "receipt,occurred_at,barcode,quantity,unit_price\n4711,2026-11-21 11:58,9521000000003,2,5.90\n",
    "sku,units,lot,expiry\ntea,48,L7,2026-12-24\n",
    "order,position,packs,price_minor,expected_on,reference\nPO-100001,1,8,,2026-11-26,AB-77\n",
    "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\nnew,New,新,piece,100,9521000000997,1,\n",
]
_WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "/suppliers/dairy", {"name": "Dairy", "channel": "email", "address": "o@dairy.example", "over_percent": 10}),
    ("PUT", "/suppliers/dairy/items/tea", {"pack_numerator": 12, "price_minor": 1200}),
    ("PUT", "/suppliers/dairy/items/milk", {"pack_numerator": 6, "price_minor": 600}),
    *[("POST", "/purchase-orders", {"site": "s1", "supplier": "dairy", "lines": [{"sku": "tea", "packs": 2}]})] * 3,
    ("POST", "/purchase-orders/PO-100001/approve", {}),
    ("POST", "/purchase-orders/PO-100001/send", None),
    ("POST", "/purchase-orders/PO-100002/approve", {}),
    (
        "POST",
        "/shipping-notices",
        {"supplier": "dairy", "site": "s1", "number": "DN-1", "lines": [{"sku": "milk", "units": 12, "lot": "L7"}]},
    ),
    ("POST", "/channels", {"code": "web", "name_en": "Web", "name_zh": "网店"}),
    ("POST", "/customers", {"person": {"name": "Zhang San", "phone": "13800138000"}}),
    ("POST", "/customers", {"person": {"name": "Zhang", "phone": "13800138000"}}),
    ("PUT", "/channels/web/buffers", {"sku": "tea", "site": "s1", "quantity": 1, "reason": "x"}),
    ("PUT", "/sites/s1/stock/tea/presale", {"quantity": 5}),
    ("PUT", "/carts/cart-1", {"site": "s1", "channel": "web", "lines": [{"sku": "tea", "quantity": 1}], "minutes": 60}),
    ("PUT", "/count-reasons", {"code": "pests", "name_en": "Pests", "name_zh": "虫鼠害"}),
    ("PUT", "/count-policies", {"units": 0, "grams": 0, "value_minor": 0, "approve_minor": 10**9, "days": 30}),
    ("POST", "/counts", {"site": "s1", "kind": "chosen", "bins": ["A-2"]}),
    ("POST", "/counts", {"site": "s1", "kind": "chosen", "bins": ["A-1"]}),
    (
        "POST",
        "/counts/CT-100002/parts",
        {
            "id": "0193a7c0-0000-7000-8000-000000000003",
            "bin": "A-1",
            "lines": [{"symbol": "{tea}", "quantity": 3}, {"symbol": "NOBODY-KNOWS-IT", "quantity": 1}],
        },
    ),
    ("POST", "/transfers", {"from_site": "s1", "to_site": "s2", "lines": [{"sku": "tea", "quantity": 2}]}),
    ("POST", "/transfers", {"from_site": "s1", "to_site": "s2", "lines": [{"sku": "tea", "quantity": 2}]}),
    ("POST", "/transfers/TR-100001/approve", None),
    (
        "POST",
        "/prices",
        {"prices": [{"sku": "tea", "price_minor": 700, "currency": "CNY", "effective_from": "2030-01-01T00:00:00Z", "site": "s1"}]},
    ),
    (
        "POST",
        "/sales",
        {
            "receipts": [
                {
                    "site": "s1",
                    "till": "2",
                    "number": "4711",
                    "occurred_at": "2026-11-21T11:58:00+08:00",
                    "currency": "CNY",
                    "lines": [{"sku": "tea", "quantity": 1, "amount_minor": 250}],
                }
            ]
        },
    ),
    ("PUT", "/station-profiles/desk", {"activities": ["receiving"], "sign_in": "badge"}),
    ("POST", "/replenishment/runs", {"site": "s1"}),
    ("POST", "/sites/s1/wave-rules", {"name": "all of it", "mode": "cluster", "totes": 4}),
    ("POST", "/sites/s1/waves", {}),
    ("POST", "/recalls", {"lot": "L1", "sku": "milk", "reason": "glass"}),
]
_LISTS = {
    "unknown-barcodes": "unknown",
    "tasks": "id",
    "prices": "price",
    "label-batches": "no",
    "transfers": "no",
    "sales": "id",
    "recalls": "no",
    "purchase-orders": "no",
    "receipts": "no",
    "counts": "no",
    "orders": "no",
    "customers": "no",
    "pick-lists": "no",
    "waves": "no",
    "parcels": "no",
    "facts": "id",
    "commands": "id",
    "print-jobs": "id",
    "boxes": "id",
    "sales-imports": "id",
    "replenishment/proposals": "proposal",
    "stock-alerts": "alert",
    "stock/differences": "difference",
    "stock/imports": "file",
}
"""Of which list comes what a path names."""


async def open_shop(client: TestClient) -> dict[str, list[Any]]:
    """Fill it; by the name of a field or parameter, or by place and parameter, what is there (`Maker.known`)."""
    await auth.create_token("all", list(Permission), token=TOKEN)
    await open_test_keys()
    shop = await OrderShop.open()
    await store_builtin()
    await create_site("s2", name="Shop 2")
    await create_bin("s2", "B-1")
    await shop.stock("tea", 50)
    await shop.stock("milk", 20)
    await _fulfilled(shop)
    person = await add_person("Li", roles=[Grant(Role.FLOOR, "s1")])
    await _written(client, shop)
    await _delivered(shop)
    job = await request_print(PrintOrder(box="b1", device="labels", template="shelf-label", data={"name": "Tea", "price": "1"}))
    await send_command("b1", "identify", {})
    known: dict[str, list[Any]] = {
        "site": ["s1", "s1", "s2"],
        "from_site": ["s1"],
        "to_site": ["s2"],
        "sku": ["tea", "milk"],
        "product": ["tea"],
        "bin": ["A-1", "A-2"],
        "bins": ["A-1", "A-2"],
        "lot": ["L1", "L7"],
        "barcode": [*shop.codes.values()],
        "symbol": [*shop.codes.values()],
        "supplier": ["dairy"],
        "suppliers/code": ["dairy"],
        "number": ["DN-1", "4711"],
        "order": ["PO-100001", "PO-100002"],
        "channel": ["web"],
        "cart": ["cart-1"],
        "person": [person],
        "box": ["b1"],
        "id": [job],
        "template": ["shelf-label"],
        "name": ["shelf-label"],
        "version": [(await current("shelf-label")).version],
        "profile": ["desk"],
        "report": [*REPORTS],
        "position": [1],
        "currency": ["CNY"],
        "reason": ["pests", "theft", "count_error"],
        "till": ["2"],
        "csv": CSV,
    }
    await _listed(client, known)
    return known


async def _fulfilled(shop: OrderShop) -> None:
    _, pick_list = await shop.released(("tea", 2))
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 200), shop.handed_over("PC-100001"))
    await shop.released(("tea", 3))
    await place(shop.order(("tea", 1)))
    await shop.report(Scan(symbol=Symbol(text="NEVER-SEEN")))


async def _delivered(shop: OrderShop) -> None:
    for document, sku, quantity, lot in (("PO-100001", "tea", 6, "L2"), ("DN-1", "milk", 12, "L7"), ("D-9", "milk", 4, "L1")):
        code = shop.codes[sku]
        await shop.report(Received(document=document, symbol=Symbol(text=code), gtin=to_gtin14(code), quantity=quantity, lot=lot))


async def _written(client: TestClient, shop: OrderShop) -> None:
    await shop.report(
        Received(document="D-8", symbol=Symbol(text=shop.codes["milk"]), gtin=to_gtin14(shop.codes["milk"]), quantity=3, lot="L1")
    )
    for method, path, body in _WRITES:
        is_of_lines = isinstance(body, dict) and "lines" in body
        named = {**body, "lines": [_named(line, shop) for line in body["lines"]]} if is_of_lines else body
        answer = await write(client, method, f"/api/v1{path}", named)
        assert answer.status < 300, f"{method} {path}: {await answer.text()}"
    for path, text in (("stock/imports?name=a.csv", CSV[0]), ("sales-imports?site=s1", CSV[2])):
        answer = await client.post(f"/api/v1/{path}", data=text.encode(), headers={**_headers(), "Content-Type": "text/csv"})
        assert answer.status < 300, await answer.text()


def _named(line: dict[str, Any], shop: OrderShop) -> dict[str, Any]:
    found = re.fullmatch(r"\{(\w+)\}", str(line.get("symbol", "")))
    return {**line, "symbol": shop.codes[found[1]]} if found else line


_keys = itertools.count(1)


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"fill-{next(_keys)}"}


async def write(client: TestClient, method: str, path: str, body: object) -> Any:
    """With a key of its own."""
    return await client.request(method, path, json=body, headers=_headers())


def _name(item: dict[str, Any], parameter: str) -> Any:
    fields = ("id",) if parameter == "id" else ("no", "number", "id")
    return next(item[field] for field in fields if field in item)


async def _listed(client: TestClient, known: dict[str, list[Any]]) -> None:
    for path, name in _LISTS.items():
        answer = await client.get(f"/api/v1/{path}?per=200", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status == 200, f"{path}: {await answer.text()}"
        items = (await answer.json())["items"]
        key = f"{path.split('/')[0]}/{name}" if "/" not in path else name
        known[key] = [_name(item, name) for item in items]
    for no in known["counts/no"]:
        for part, name in (("rows", "row"), ("unmatched", "scan")):
            answer = await client.get(f"/api/v1/counts/{no}/{part}", headers={"Authorization": f"Bearer {TOKEN}"})
            known[name] = [*known.get(name, []), *(item["id"] for item in (await answer.json())["items"])]
    known["proposals"] = known["proposal"]
    known["customer"] = known["other"] = known["customers/no"]
    known["no"] = [number for key, numbers in known.items() if key.endswith("/no") for number in numbers]
    for key in [key for key, found in known.items() if not found]:
        del known[key]
