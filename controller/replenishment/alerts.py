"""What somebody should see of a stock: low, out, too much, slow, expiring.  Each opens once and closes by itself.

Set against what the last run found and what is there now, by statements over whole sites.  An alert says what is so; what to do
about low stock is a proposal.
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from controller import db, events
from controller.db import Engine
from controller.errors import NotFound

OVERSTOCK_DAYS = 90
"""Days of supply above which more than S is too much."""
SLOW_DAYS = 60
"""Days without a sale after which what is there is slow."""
EXPIRING_DAYS = 14


class AlertKind(StrEnum):
    OUT = "out"
    LOW = "low"
    OVERSTOCK = "overstock"
    SLOW = "slow"
    EXPIRING = "expiring"


QUICK = (AlertKind.OUT, AlertKind.LOW)
"""Looked at every few minutes; the others change by the day."""
_FREE = "a.on_hand - a.reserved - a.allocated - a.quarantined"
_BOTH = (
    "FROM replenishment_level l JOIN availability a ON a.site_id = l.site_id AND a.sku_id = l.sku_id JOIN sku s ON s.id = l.sku_id"
)
_VALUE = "CASE WHEN s.base_unit = 'piece' THEN {0} * s.price_minor ELSE {0} * s.price_minor / 100 END"


def _query(kind: AlertKind, today: int) -> str:
    """Rows of (sku_id, number, quantity, value) of a site; the site is its one parameter."""
    on_hand = _VALUE.format("a.on_hand")
    if kind is AlertKind.OUT:
        return f"SELECT l.sku_id, 0, 0, 0 {_BOTH} WHERE l.site_id = ? AND {_FREE} <= 0 AND l.reorder > 0"
    if kind is AlertKind.LOW:
        number = f"CASE WHEN l.mean_micro > 0 THEN ({_FREE}) * 1000000 / l.mean_micro ELSE NULL END"
        return f"SELECT l.sku_id, {number}, {_FREE}, 0 {_BOTH} WHERE l.site_id = ? AND {_FREE} > 0 AND {_FREE} <= l.reorder"
    if kind is AlertKind.OVERSTOCK:
        number = "CASE WHEN l.mean_micro > 0 THEN a.on_hand * 1000000 / l.mean_micro ELSE NULL END"
        over = f"a.on_hand > l.upto AND l.mean_micro > 0 AND a.on_hand * 1000000 > l.mean_micro * {OVERSTOCK_DAYS}"
        value = _VALUE.format("(a.on_hand - l.upto)")
        return f"SELECT l.sku_id, {number}, a.on_hand - l.upto, {value} {_BOTH} WHERE l.site_id = ? AND {over}"
    if kind is AlertKind.SLOW:
        number = f"CASE WHEN l.last_sold IS NULL THEN NULL ELSE {today:d} - l.last_sold END"
        idle = f"a.on_hand > 0 AND (l.last_sold IS NULL OR l.last_sold < {today - SLOW_DAYS:d}) AND EXISTS ("
        idle += f"SELECT 1 FROM demand_day d WHERE d.site_id = l.site_id AND d.sku_id = l.sku_id AND d.day < {today - SLOW_DAYS:d})"
        return f"SELECT l.sku_id, {number}, a.on_hand, {on_hand} {_BOTH} WHERE l.site_id = ? AND {idle}"
    soon = date.fromordinal(today) + timedelta(days=EXPIRING_DAYS)
    days = f"MIN(t.expiry) - DATE '{date.fromordinal(today)}'"
    if db.engine() is Engine.SQLITE:
        days = f"CAST(julianday(MIN(t.expiry)) - julianday('{date.fromordinal(today)}') AS INTEGER)"
    return (
        f"SELECT b.sku_id, {days}, SUM(b.on_hand), SUM({_VALUE.format('b.on_hand')}) "
        "FROM balance b JOIN lot t ON t.id = b.lot_id JOIN location p ON p.id = b.location_id JOIN sku s ON s.id = b.sku_id "
        f"WHERE p.site_id = ? AND b.on_hand > 0 AND t.expiry <= '{soon}' AND p.kind <> 'transit' GROUP BY b.sku_id"
    )


async def refresh(site_id: str, today: int, kinds: tuple[AlertKind, ...] = tuple(AlertKind)) -> int:
    """Open, renew and close the alerts of a site; how many are open of all kinds.  `today`: its business day."""
    async with db.transaction():
        for kind in kinds:
            await _refresh(site_id, today, kind)
        rows = await db.fetch("SELECT COUNT(*) AS open FROM stock_alert WHERE site_id = ? AND closed_at IS NULL", site_id)
    return int(rows[0]["open"])


async def _refresh(site_id: str, today: int, kind: AlertKind) -> None:
    instant = db.now()
    named = f"WITH so (sku_id, number, quantity, value_minor) AS ({_query(kind, today)})"
    ours = "stock_alert.site_id = ? AND stock_alert.kind = ? AND stock_alert.closed_at IS NULL"
    close = f"UPDATE stock_alert SET closed_at = ? WHERE {ours} AND sku_id NOT IN (SELECT sku_id FROM so)"
    closing = (instant, site_id, kind.value)
    keep = (
        "INSERT INTO stock_alert (kind, site_id, sku_id, number, quantity, value_minor, opened_at, seen_at) "
        "SELECT ?, ?, sku_id, number, quantity, value_minor, ?, ? FROM so WHERE true "
        "ON CONFLICT (site_id, kind, sku_id) WHERE closed_at IS NULL DO UPDATE SET number = excluded.number, "
        "quantity = excluded.quantity, value_minor = excluded.value_minor, seen_at = excluded.seen_at"
    )
    keeping = (kind.value, site_id, instant, instant)
    if db.engine() is Engine.POSTGRES:  # one look at the site for both: what is closed is never what is kept
        await db.execute(f"{named}, closed AS ({close}) {keep}", site_id, *closing, *keeping)
        return
    await db.execute(f"{named} {close}", site_id, *closing)
    await db.execute(f"{named} {keep}", site_id, *keeping)


async def acknowledge(alert_id: int) -> None:
    """Somebody has seen it; it stays open as long as it is so.  Raises NotFound."""
    who = events.actor().actor
    changed = await db.execute(
        "UPDATE stock_alert SET acknowledged_at = ?, acknowledged_by = ? WHERE id = ? AND acknowledged_at IS NULL",
        db.now(),
        who,
        alert_id,
    )
    if not changed and not await db.fetch("SELECT 1 AS one FROM stock_alert WHERE id = ?", alert_id):
        raise NotFound("stock alert", alert_id)
