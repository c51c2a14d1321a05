"""Stock as of any instant: what facts that are known today say was there then."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.stock.sums import Lies, lay, summed

_ON_HAND = "('bin', 'receiving', 'packing', 'quarantine')"
_HERE = f"IN (SELECT id FROM location WHERE site_id = ? AND kind IN {_ON_HAND})"
_SAID = "m.occurred_at <= ? AND m.reason <> 'unexplained'"
"""What was booked in to keep a place at zero is nothing that a fact said: while facts are missing, a sum may be below zero."""


@dataclass(frozen=True, slots=True)
class Then:
    """Base units of a SKU in a location, of a lot (0: of no known lot)."""

    location: str
    lot_id: int
    lot: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class SkuThen:
    """Base units of a SKU at a site, or in one of its locations."""

    sku_id: int
    sku: str
    quantity: int


async def sku_at(sku_id: int, site_id: str, instant: datetime) -> list[Then]:
    """Where a SKU was at a site, by location and lot."""
    if await summed([sku_id]):
        return await _named(await lay([sku_id], instant, _HERE, site_id))
    rows = await db.fetch(
        "SELECT l.code AS location, e.lot_id, MAX(COALESCE(o.code, o.key)) AS lot, SUM(e.change) AS quantity FROM ("
        "SELECT m.to_location_id AS location_id, m.lot_id, m.quantity AS change "
        f"FROM stock_movement m WHERE m.sku_id = ? AND {_SAID} "
        f"UNION ALL SELECT m.from_location_id, m.lot_id, -m.quantity FROM stock_movement m WHERE m.sku_id = ? AND {_SAID}) e "
        "JOIN location l ON l.id = e.location_id LEFT JOIN lot o ON o.id = e.lot_id "
        "WHERE l.site_id = ? AND l.kind IN ('bin', 'receiving', 'packing', 'quarantine') "
        "GROUP BY l.code, e.lot_id HAVING SUM(e.change) <> 0 ORDER BY l.code, e.lot_id",
        *(sku_id, db.utc(instant), sku_id, db.utc(instant), site_id),
    )
    return [Then(row["location"], row["lot_id"], row["lot"], int(row["quantity"])) for row in rows]


async def _named(found: Sequence[Lies]) -> list[Then]:
    places = await db.fetch(
        f"SELECT id, code FROM location WHERE {db.among('id')}", db.listing(sorted({each.location_id for each in found}))
    )
    lots = await db.fetch(
        f"SELECT id, COALESCE(code, key) AS name FROM lot WHERE {db.among('id')}",
        db.listing(sorted({each.lot_id for each in found})),
    )
    codes, names = {row["id"]: row["code"] for row in places}, {row["id"]: row["name"] for row in lots}
    then = [Then(codes[each.location_id], each.lot_id, names.get(each.lot_id), each.quantity) for each in found]
    return sorted(then, key=lambda each: (each.location, each.lot_id))


async def site_at(
    site_id: str, instant: datetime, *, location_id: int | None = None, after: int = 0, limit: int = 50
) -> list[SkuThen]:
    """SKUs that the site (or one of its locations) ever had, in order of id, with what was there."""
    mine = (
        "SELECT sku_id FROM availability WHERE site_id = ? AND sku_id > ? ORDER BY sku_id LIMIT ?"
        if location_id is None
        else "SELECT DISTINCT sku_id FROM balance WHERE location_id = ? AND sku_id > ? ORDER BY sku_id LIMIT ?"
    )
    skus = [row["sku_id"] for row in await db.fetch(mine, location_id or site_id, after, limit)]
    here = "= ?" if location_id is not None else _HERE
    where = location_id if location_id is not None else site_id
    many = await summed(skus)
    rows = await db.fetch(
        "SELECT m.sku_id, SUM((CASE WHEN m.to_location_id {here} THEN m.quantity ELSE 0 END) "
        "- (CASE WHEN m.from_location_id {here} THEN m.quantity ELSE 0 END)) AS quantity FROM stock_movement m WHERE ".replace(
            "{here}", here
        )
        + f"{db.among('m.sku_id')} AND {_SAID} GROUP BY m.sku_id",
        *(where, where, db.listing(set(skus) - many), db.utc(instant)),
    )
    then = Counter({row["sku_id"]: int(row["quantity"]) for row in rows})
    for each in await lay(many, instant, here, where) if many else ():
        then[each.sku_id] += each.quantity
    named = await db.fetch(f"SELECT id, code FROM sku WHERE {db.among('id')} ORDER BY id", db.listing(skus))
    return [SkuThen(row["id"], row["code"], then[row["id"]]) for row in named]
