"""Sums of the ledger by day, for SKUs with so many entries that they cannot be summed up whole whenever somebody asks.

Entries of a SKU up to one of them are in its sums, all others are not.  An entry counts on the day (UTC) on which it happened,
however late it was told, so that a late one only adds to that day.  Who makes and proves them is `controller.proofs`.
"""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time

from controller import db


@dataclass(frozen=True, slots=True)
class Lies:
    """Base units of a SKU in a location, of a lot (0: of no known lot)."""

    sku_id: int
    location_id: int
    lot_id: int
    quantity: int


async def summed(sku_ids: Collection[int]) -> set[int]:
    """Those of these SKUs that have sums."""
    rows = await db.fetch(f"SELECT sku_id FROM stock_sum_cursor WHERE {db.among('sku_id')}", db.listing(sorted(sku_ids)))
    return {row["sku_id"] for row in rows}


async def summed_in(location_id: int) -> set[int]:
    """The SKUs with sums that ever were in a location."""
    rows = await db.fetch(
        "SELECT u.sku_id FROM stock_sum_cursor u WHERE EXISTS "
        "(SELECT 1 FROM balance b WHERE b.sku_id = u.sku_id AND b.location_id = ?)",
        location_id,
    )
    return {row["sku_id"] for row in rows}


async def lay(sku_ids: Collection[int], instant: datetime, here: str, *place: object) -> list[Lies]:
    """Where SKUs that have sums lay at an instant, in locations whose id is `here` (a condition, with the parameters `place`).

    Whole days from the sums, the entries of its own day at the places that had any, and the entries that are in no sum yet: all
    read by one statement, thus at one instant of the database.
    """
    at = db.utc(instant)
    skus, day = db.listing(sorted(sku_ids)), at.date().isoformat()
    began = datetime.combine(at.date(), time.min, UTC)
    days = f"{db.among('sku_id')} AND day < ? AND location_id {here}"
    parts = [f"SELECT sku_id, location_id, lot_id, quantity AS change FROM stock_sum WHERE {days}"]
    params = [skus, day, *place]
    for column, sign in (("to_location_id", ""), ("from_location_id", "-")):
        # a column plus nought is one that no index is chosen for: the place and the time find fewer entries than the SKU
        parts.append(
            f"SELECT d.sku_id, d.location_id, m.lot_id, {sign}m.quantity FROM (SELECT DISTINCT sku_id, location_id FROM stock_sum "
            f"WHERE {db.among('sku_id')} AND day = ? AND location_id {here}) d JOIN stock_sum_cursor u ON u.sku_id = d.sku_id "
            f"CROSS JOIN stock_movement m WHERE m.{column} = d.location_id AND m.occurred_at >= ? AND m.occurred_at <= ? "
            "AND m.sku_id + 0 = d.sku_id AND m.id + 0 <= u.movement_id AND m.reason <> 'unexplained'"
        )
        params += [skus, day, *place, began, at]
        parts.append(
            f"SELECT m.sku_id, m.{column}, m.lot_id, {sign}m.quantity FROM stock_sum_cursor u CROSS JOIN stock_movement m "
            f"WHERE {db.among('u.sku_id')} AND m.sku_id = u.sku_id AND m.id > u.movement_id AND m.occurred_at <= ? "
            f"AND m.reason <> 'unexplained' AND m.{column} + 0 {here}"
        )
        params += [skus, at, *place]
    rows = await db.fetch(
        f"SELECT sku_id, location_id, lot_id, SUM(change) AS quantity FROM ({' UNION ALL '.join(parts)}) e "
        "GROUP BY sku_id, location_id, lot_id HAVING SUM(change) <> 0",
        *params,
    )
    return [Lies(row["sku_id"], row["location_id"], row["lot_id"], int(row["quantity"])) for row in rows]


async def forget(sku_id: int) -> None:
    """A SKU has no sums any more, until it is summed up anew; in the caller's transaction."""
    await db.execute("DELETE FROM stock_sum_cursor WHERE sku_id = ?", sku_id)
    await db.execute("DELETE FROM stock_sum WHERE sku_id = ?", sku_id)
