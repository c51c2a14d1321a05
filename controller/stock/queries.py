"""Reads of stock: levels, "why is this 7?", what was there at an instant, and the proof that the books add up."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import db
from controller.stock.policies import Move
from controller.stock.states import Reason
from controller.stock.sums import lay, summed_in

FEW = 200
"""SKUs in a location that are summed up one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A SKU at a site, in base units."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    site_id: str
    on_hand: int
    reserved: int
    allocated: int
    quarantined: int
    incoming: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved - self.allocated - self.quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class BinLevel:
    """A SKU in a location; `borrowed` above zero: a count is needed there."""

    id: int
    sku_id: int
    sku: str
    location_id: int
    location: str
    on_hand: int
    borrowed: int


_LEVELS = (
    "SELECT a.sku_id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, a.site_id, a.on_hand, a.reserved, a.allocated, "
    "a.quarantined, a.incoming FROM availability a JOIN sku s ON s.id = a.sku_id WHERE a.site_id = ? "
)


async def levels(site_id: str, *, after: int = 0, limit: int = 50, q: str = "") -> list[Level]:
    """Levels of a site in order of SKU id; `q` is part of a SKU's code or name."""
    like = f"%{q.lower()}%"
    rows = await db.fetch(
        f"{_LEVELS} AND a.sku_id > ? "
        "AND (LOWER(s.code) LIKE ? OR LOWER(s.name_en) LIKE ? OR s.name_zh LIKE ?) ORDER BY a.sku_id LIMIT ?",
        *(site_id, after, like, like, like, limit),
    )
    return [Level(**row) for row in rows]


async def levels_of(sku_ids: Iterable[int], site_id: str) -> dict[int, Level]:
    """Levels of some SKUs at a site, by SKU; a SKU that was never there has none."""
    rows = await db.fetch(f"{_LEVELS} AND {db.among('a.sku_id')}", site_id, db.listing(sorted(set(sku_ids))))
    return {row["sku_id"]: Level(**row) for row in rows}


async def level(sku_id: int, site_id: str) -> Level | None:
    rows = await db.fetch(f"{_LEVELS} AND a.sku_id = ?", site_id, sku_id)
    return Level(**rows[0]) if rows else None


async def bins_of(sku_ids: Iterable[int], site_id: str) -> list[BinLevel]:
    """Where SKUs lie at a site, the fullest location first: what picking goes by."""
    rows = await db.fetch(
        "SELECT MIN(b.id) AS id, b.sku_id, s.code AS sku, b.location_id, l.code AS location, "
        "CAST(SUM(b.on_hand) AS BIGINT) AS on_hand, CAST(SUM(b.borrowed) AS BIGINT) AS borrowed "
        "FROM balance b JOIN location l ON l.id = b.location_id JOIN sku s ON s.id = b.sku_id "
        f"WHERE l.site_id = ? AND {db.among('b.sku_id')} AND l.kind IN ('bin', 'receiving') AND (b.on_hand > 0 OR b.borrowed > 0) "
        "GROUP BY b.sku_id, s.code, b.location_id, l.code ORDER BY b.sku_id, SUM(b.on_hand) DESC, b.location_id",
        site_id,
        db.listing(sorted(set(sku_ids))),
    )
    return [BinLevel(**row) for row in rows]


async def counts_needed(site_id: str, *, after: int = 0, limit: int = 200) -> list[BinLevel]:
    """Locations that gave more than was known to be there."""
    rows = await db.fetch(
        "SELECT b.id, b.sku_id, s.code AS sku, b.location_id, l.code AS location, b.on_hand, b.borrowed FROM balance b "
        "JOIN location l ON l.id = b.location_id JOIN sku s ON s.id = b.sku_id "
        "WHERE l.site_id = ? AND b.borrowed > 0 AND b.id > ? ORDER BY b.id LIMIT ?",
        *(site_id, after, limit),
    )
    return [BinLevel(**row) for row in rows]


async def as_of(location_id: int, instant: datetime, *, sku_ids: Sequence[int] | None = None) -> dict[int, int]:
    """What facts say was at a location at an instant, by SKU.  Below zero while facts about it are still missing."""
    many = await summed_in(location_id)
    found: Counter[int] = Counter()
    if asked := many if sku_ids is None else many.intersection(sku_ids):
        for each in await lay(asked, instant, "= ?", location_id):
            found[each.sku_id] += each.quantity
    if many and sku_ids is None:  # the others by SKU, if they are few: the place's own entries are mostly of those with many
        others = await db.fetch(
            f"SELECT DISTINCT sku_id FROM balance WHERE location_id = ? AND NOT {db.among('sku_id')} LIMIT ?",
            *(location_id, db.listing(sorted(many)), FEW + 1),
        )
        if len(others) <= FEW:
            found.update(await _by_sku(location_id, instant, [row["sku_id"] for row in others]))
            return {sku: net for sku, net in found.items() if net}
    which = ""
    extra: tuple[object, ...] = ()
    if sku_ids is not None:
        which, extra = f" AND {db.among('sku_id')}", (db.listing(sorted(set(sku_ids) - many)),)
    rows = await db.fetch(
        "SELECT sku_id, SUM(quantity) AS net FROM ("
        "SELECT sku_id, quantity FROM stock_movement "
        f"WHERE to_location_id = ? AND occurred_at <= ? AND reason <> 'unexplained'{which} UNION ALL "
        "SELECT sku_id, -quantity FROM stock_movement "
        f"WHERE from_location_id = ? AND occurred_at <= ? AND reason <> 'unexplained'{which}) entries GROUP BY sku_id",
        *(location_id, db.utc(instant), *extra, location_id, db.utc(instant), *extra),
    )
    found.update({row["sku_id"]: int(row["net"]) for row in rows if row["sku_id"] not in many})
    return {sku: net for sku, net in found.items() if net}


async def _by_sku(location_id: int, instant: datetime, skus: Sequence[int]) -> dict[int, int]:
    """What was there of SKUs that have no sums, in one way through the entries of each, wherever they are."""
    rows = await db.fetch(
        "SELECT sku_id, SUM(CASE WHEN to_location_id = ? THEN quantity ELSE -quantity END) AS net FROM stock_movement "
        f"WHERE {db.among('sku_id')} AND ? IN (to_location_id + 0, from_location_id + 0) AND occurred_at <= ? "
        "AND reason <> 'unexplained' GROUP BY sku_id",  # no index is chosen for what is added to
        *(location_id, db.listing(skus), location_id, db.utc(instant)),
    )
    return {row["sku_id"]: int(row["net"]) for row in rows}


async def withdrawn(line_keys: Iterable[str]) -> set[str]:
    """Which of these lines lost their stock to a physical fact."""
    rows = await db.fetch(
        f"SELECT line_key FROM reservation WHERE {db.among('line_key')} AND state = 'withdrawn'", db.listing(sorted(set(line_keys)))
    )
    return {row["line_key"] for row in rows}


async def booked_by(fact: UUID, reason: Reason, target: int, occurred_at: datetime) -> list[Move]:
    """What a fact booked into a location.  It is looked for by its time first, and where that was corrected since, by itself."""
    columns = (
        "sku_id, from_location_id, to_location_id, lot_id, serial, quantity, reason, occurred_at, document, fact_id, person, "
        "device, approved_by"
    )
    wanted = "to_location_id = ? AND fact_id = ? AND reason = ?"
    sql = f"SELECT {columns} FROM stock_movement WHERE {wanted}"
    rows = await db.fetch(f"{sql} AND occurred_at = ? ORDER BY id", target, fact, reason.value, occurred_at)
    rows = rows or await db.fetch(f"{sql} ORDER BY id", target, fact, reason.value)
    return [Move(**{**row, "reason": Reason(row["reason"])}) for row in rows]
