"""Alerts: each kind opens where it is so, once, and closes by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from controller import db
from controller.errors import NotFound
from controller.replenishment import alerts
from controller.replenishment.alerts import AlertKind
from controller.stock.lots import lot_of
from tests.controller.replenishment.chain import Chain, run, supplier, today


async def open_alerts() -> dict[str, tuple[int | None, int]]:
    rows = await db.fetch("SELECT kind, number, quantity FROM stock_alert WHERE closed_at IS NULL")
    return {row["kind"]: (row["number"], row["quantity"]) for row in rows}


async def test_low_and_out_come_and_go(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=25)
    await chain.sold(sku, "s1", [10] * 60)
    await supplier("farm", "milk")
    await run("s1")
    assert await open_alerts() == {"low": (2, 25)}
    await chain.sell(sku, "s1", 25)
    assert await alerts.refresh("s1", today(), alerts.QUICK) == 1
    assert await open_alerts() == {"out": (0, 0)}
    await chain.arrive(sku, "s1", 100)
    assert await alerts.refresh("s1", today(), alerts.QUICK) == 0


async def test_it_is_one_alert_however_often_it_is_looked_at_and_it_stays_acknowledged(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=25)
    await chain.sold(sku, "s1", [10] * 60)
    await run("s1")
    (row,) = await db.fetch("SELECT id FROM stock_alert")
    await alerts.acknowledge(row["id"])
    await chain.sell(sku, "s1", 5)
    for _ in range(3):
        await alerts.refresh("s1", today())
    (row,) = await db.fetch("SELECT quantity, acknowledged_at FROM stock_alert")
    assert (row["quantity"], row["acknowledged_at"] is not None) == (20, True)
    with pytest.raises(NotFound):
        await alerts.acknowledge(999)


async def test_too_much_and_what_does_not_sell(database: str) -> None:
    chain = await Chain.open()
    much, idle = await chain.goods("much", s1=5000), await chain.goods("idle", s1=7)
    await chain.sold(much, "s1", [10] * 60)
    await chain.sold(idle, "s1", [1] + [0] * 80)
    await run("s1")
    rows = await db.fetch("SELECT kind, sku_id, number, quantity FROM stock_alert WHERE closed_at IS NULL")
    found = {(row["kind"], row["sku_id"]): (row["number"], row["quantity"]) for row in rows}
    assert found["overstock", much] == (500, 5000 - 80)
    assert found["slow", idle] == (81, 7)
    assert set(found) == {("overstock", much), ("overstock", idle), ("slow", idle)}


async def test_what_expires_soon_is_told_by_its_lots(database: str) -> None:
    chain = await Chain.open()
    sku = await chain.goods("milk", s1=7)
    for days, quantity in ((3, 4), (13, 2), (15, 9)):
        lot = await lot_of(sku, f"L{days}", date.fromordinal(today()) + timedelta(days=days))
        await db.execute(
            "INSERT INTO balance (sku_id, location_id, lot_id, on_hand, borrowed) VALUES (?, ?, ?, ?, 0)",
            *(sku, chain.bins["s1"], lot, quantity),
        )
    await alerts.refresh("s1", today(), (AlertKind.EXPIRING,))
    assert await open_alerts() == {"expiring": (3, 6)}
