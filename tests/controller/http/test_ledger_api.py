"""Why, as of, lots, seals and differences as a client sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller import db
from controller.http import auth, proof_api, why_api
from controller.http.build import build
from controller.http.metrics import Metrics
from controller.http.routing import Permission
from controller.owed import ALL_PROOFS
from controller.proofs.reconciler import Reconciler
from controller.stock.lots import lot_of
from controller.stock.operations import ReserveLine, move, reserve
from tests.controller.goods import Shop, at
from tests.controller.proofs.test_seals import sealed

_keys = count()


@pytest.fixture
async def api(database: str) -> AsyncIterator[TestClient]:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    lot = await lot_of(sku, "L1", date(2027, 1, 1))
    await move([replace(shop.arrival(sku, 4, minute=1), lot_id=lot), shop.sale(sku, 1, minute=2)])
    await reserve([ReserveLine(line_key="o-1", sku_id=sku, quantity=2)], site_id="s1")
    app = build([*why_api.ROUTES, *proof_api.ROUTES], metrics=Metrics(), max_body=1_000_000)
    await auth.create_token("manager", list(Permission), token="sw_manager")
    async with TestClient(TestServer(app, host="127.0.0.1"), headers={"Authorization": "Bearer sw_manager"}) as client:
        yield client


async def get(api: TestClient, path: str, *, status: int = 200) -> Any:
    answer = await api.get(f"/api/v1{path}")
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_why_pages_through_the_rows_with_the_balance_after_each(api: TestClient) -> None:
    first = await get(api, "/sites/s1/stock/milk/why?per=2")
    second = await get(api, f"/sites/s1/stock/milk/why?per=2&after={first['next']}")
    assert [(row["change"], row["balance"], row["lot"]) for row in first["items"] + second["items"]] == [
        (-1, 12, "L1"),
        (4, 13, "L1"),
        (9, 9, None),
    ]
    assert second["next"] is None
    (lot,) = (await get(api, "/sites/s1/stock/milk/lots"))["items"]
    assert (lot["code"], lot["expiry"], lot["blocked"], lot["on_hand"]) == ("L1", "2027-01-01", False, 3)
    of_lot = await get(api, f"/sites/s1/stock/milk/why?bin=A-1&lot={lot['id']}")
    assert sum(row["change"] for row in of_lot["items"]) == 3
    held = await get(api, "/sites/s1/stock/milk/why?figure=reserved")
    assert [(row["kind"], row["change"], row["line"]) for row in held["items"]] == [("hold", 2, "o-1")]
    parts = await get(api, "/sites/s1/stock/milk/why?figure=available")
    assert sum(row["change"] for row in parts["items"]) == 10
    assert (await get(api, "/sites/s1/stock/milk/why?figure=incoming"))["items"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sites/s1/stock/milk/why?figure=weight", 400),
        ("/sites/s1/stock/milk/why?after=x", 400),
        ("/sites/s1/stock/milk/why?figure=reserved&bin=A-1", 400),
        ("/sites/s1/stock/milk/why?bin=nowhere", 404),
        ("/sites/s1/stock/milk/why?lot=x", 400),
        ("/sites/s9/stock/milk/why", 404),
        ("/sites/s1/stock/none/why", 404),
        ("/sites/s1/stock/milk/as-of", 400),
        ("/sites/s1/stock/milk/as-of?as_of=2026-11-22T08:00:00", 400),
        ("/sites/s1/stock-as-of?as_of=0001-01-01T00:00:00%2B10:00", 400),
        ("/stock/differences?state=x", 400),
        ("/stock/differences/77", 404),
    ],
)
async def test_what_cannot_be_asked(api: TestClient, path: str, status: int) -> None:
    await get(api, path, status=status)


async def test_what_was_there_at_an_instant(api: TestClient) -> None:
    instant = at(1).isoformat().replace("+", "%2B")
    found = await get(api, f"/sites/s1/stock/milk/as-of?as_of={instant}")
    assert (found["quantity"], len(found["places"])) == (13, 2)
    for path in ("", "&bin=A-1"):
        page = await get(api, f"/sites/s1/stock-as-of?as_of={instant}{path}")
        assert [(row["sku"], row["quantity"]) for row in page["items"]] == [("milk", 13)]


async def test_a_difference_is_looked_at_and_settled_once(api: TestClient) -> None:
    await db.execute("UPDATE availability SET on_hand = 15")
    await Reconciler(ALL_PROOFS, pause=0).full_pass()
    found = await get(api, "/stock/reconciliation")
    assert found["run"]["differences"] == 1
    (difference,) = found["differences"]
    shown = await get(api, f"/stock/differences/{difference['id']}")
    assert (shown["ways"], [(line["before"], line["after"]) for line in shown["diff"]]) == (["rows", "noted"], [(15, 12)])
    path, body = f"/api/v1/stock/differences/{difference['id']}/settle", {"trust": "rows", "stored": 15, "expected": 12}
    for status in (200, 409):
        answer = await api.post(path, json=body, headers={"Idempotency-Key": f"k{next(_keys)}"})
        assert answer.status == status, await answer.text()
    (settled,) = (await get(api, "/stock/differences?state=settled"))["items"]
    assert (settled["how"], settled["settled_by"]) == ("rows", "token:manager")
    await Reconciler(ALL_PROOFS, pause=0).full_pass()
    assert (await get(api, "/stock/reconciliation"))["differences"] == []


async def test_seals_are_listed_and_looked_at(api: TestClient) -> None:
    await sealed()
    (seal,) = (await get(api, "/stock/seals"))["items"]
    assert (seal["number"], seal["entries"]) == (1, 3)
    (verified,) = (await get(api, "/stock/seals/verification"))["items"]
    assert (verified["hash"], verified["broken"]) == (seal["hash"], [])
