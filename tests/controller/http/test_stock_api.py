"""Sites, catalogue and stock as a client sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.catalog import api as catalog
from controller.catalog.operations import Sighting, note_unknown
from controller.counts.planning import Plan, plan
from controller.counts.states import SessionKind
from controller.http import auth, proof_api, stock_api, why_api
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.sites import api as sites
from tests.controller.goods import at, newest_entry

_keys = count()


@pytest.fixture
async def api(database: None) -> AsyncIterator[TestClient]:
    app = build(
        [*sites.ROUTES, *catalog.ROUTES, *stock_api.ROUTES, *proof_api.ROUTES, *why_api.ROUTES],
        metrics=Metrics(),
        max_body=1_000_000,
    )
    await auth.create_token("manager", list(Permission), token="sw_manager")
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_manager"}) as client:
        yield client


async def post(api: TestClient, path: str, body: object, *, status: int = 201) -> Any:
    answer = await api.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": f"k{next(_keys)}"})
    assert answer.status == status, await answer.text()
    return await answer.json()


async def get(api: TestClient, path: str, *, status: int = 200) -> Any:
    answer = await api.get(f"/api/v1{path}")
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_from_a_site_to_the_cause_of_a_number(api: TestClient) -> None:
    await post(api, "/sites", {"id": "s1", "name": "Shop 1"})
    await post(api, "/sites/s1/bins", {"code": "A-1"})
    milk = {"code": "milk", "name_en": "Milk", "name_zh": "牛奶", "barcodes": [{"barcode": "9521234567899"}]}
    assert (await post(api, "/skus", milk))["base_unit"] == "piece"
    await post(api, "/skus", milk, status=409)
    await post(api, "/skus/milk/barcodes", {"barcode": "CASE", "numerator": 12})
    shown = await get(api, "/skus/milk/barcodes?per=1")
    assert [row["symbol"] for row in shown["items"]] == ["09521234567899"]
    await get(api, "/sites/s1/stock/milk", status=404)
    found = await post(api, "/sites/s1/adjustments", {"sku": "milk", "bin": "A-1", "change": 7, "reason": "opening stock"})
    assert (found["level"]["available"], found["bins"][0]["location"]) == (7, "A-1")
    entry = await newest_entry(found["level"]["sku_id"])
    assert (entry.balance, entry.reason, entry.document) == (7, "adjusted", "adjustment: opening stock")
    assert "manager" in (entry.person or "")
    assert [row["sku"] for row in (await get(api, "/sites/s1/stock?q=牛"))["items"]] == ["milk"]
    assert (await get(api, "/sites/s1/stock?q=rice"))["items"] == []
    assert await get(api, "/stock/reconciliation") == {"run": None, "differences": []}
    assert (await get(api, "/sites/s1/counts-needed"))["items"] == []


async def test_an_unknown_barcode_is_listed_and_linked(api: TestClient) -> None:
    await post(api, "/skus", {"code": "milk", "name_en": "Milk", "name_zh": "牛奶"})
    await note_unknown([Sighting(text="WHAT", gtin=None, raw_b64=None, site_id="s1", box="b1", station=None, seen_at=at(0))])
    (unknown,) = (await get(api, "/unknown-barcodes"))["items"]
    assert (unknown["text"], unknown["box"]) == ("WHAT", "b1")
    assert (await post(api, f"/unknown-barcodes/{unknown['id']}/link", {"sku": "milk"}))["symbol"] == "WHAT"
    assert (await get(api, "/unknown-barcodes"))["items"] == []
    await post(api, "/unknown-barcodes/99/link", {"sku": "milk"}, status=404)


async def test_import_answers_line_by_line(api: TestClient) -> None:
    text = "sku,name_en,name_zh,price_minor\nmilk,Milk,牛奶,420\nrice,Rice,米,free\n"

    async def send(mode: str, body: bytes) -> tuple[int, Any]:
        headers = {"Idempotency-Key": f"k{next(_keys)}", "Content-Type": "text/csv"}
        answer = await api.post(f"/api/v1/catalog/import?mode={mode}", data=body, headers=headers)
        return answer.status, await answer.json()

    status, problem = await send("all", text.encode())
    assert status == 422
    assert [(error["line"], error["column"]) for error in problem["data"]["errors"]] == [(3, "price_minor")]
    assert (await get(api, "/skus"))["items"] == []
    status, report = await send("good", b"\xef\xbb\xbf" + text.encode())
    assert (status, report["rows"], report["bad_rows"]) == (200, 2, 1)
    assert [row["code"] for row in (await get(api, "/skus"))["items"]] == ["milk"]
    assert (await send("good", "名".encode("gb18030")))[0] == 422
    assert (await send("perhaps", b""))[0] == 400


async def test_who_counts_blind_sees_no_stock_of_the_bin(api: TestClient) -> None:
    await post(api, "/sites", {"id": "s1", "name": "Shop 1"})
    await post(api, "/sites/s1/bins", {"code": "A-1"})
    await post(api, "/skus", {"code": "milk", "name_en": "Milk", "name_zh": "牛奶"})
    await post(api, "/sites/s1/adjustments", {"sku": "milk", "bin": "A-1", "change": 7, "reason": "opening stock"})
    await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-1"]))
    assert len((await get(api, "/sites/s1/stock/milk"))["bins"]) == 1
    await auth.create_token("floor", [Permission.STOCK_READ, Permission.COUNTS_WRITE], token="sw_floor")
    api.session.headers["Authorization"] = "Bearer sw_floor"
    found = await get(api, "/sites/s1/stock/milk")
    assert (found["level"]["on_hand"], found["bins"]) == (7, [])
    assert (await get(api, "/sites/s1/stock/milk/why?bin=A-1", status=409))["code"] == "bin_is_blind"
    assert (await get(api, "/sites/s1/stock/milk/as-of?as_of=2030-01-01T00:00:00Z"))["places"] == []
    assert (await get(api, "/sites/s1/counts-needed"))["items"] == []
