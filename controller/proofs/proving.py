"""Every number about stock, and the rows that it must follow from: SQL over a range of SKUs.

Both sides of a proof are read by one statement, which sees one instant of the database: writers that go on meanwhile give no false
alarm, and wait for nothing.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller import db

LAST = 2**62
"""No SKU's id is above it."""
_RANGE = "sku_id > ? AND sku_id <= ?"


@dataclass(frozen=True, slots=True)
class Proof:
    """`sql` has a lower and an upper bound of SKU ids `ranges` times; its rows are the numbers of `kinds` that are wrong.

    Columns: kind, sku_id, site (or NULL), location_id, lot_id, label, stored, expected.
    """

    kinds: tuple[str, ...]
    sql: str
    ranges: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A number that does not follow from the rows behind it.  Reported, never corrected silently."""

    kind: str
    sku_id: int = 0
    site: str | None = None
    location_id: int = 0
    lot_id: int = 0
    label: str = ""
    stored: int
    expected: int

    @property
    def key(self) -> str:
        """The number's own, whatever it is at the moment."""
        return f"{self.kind}:{self.sku_id}:{self.site or ''}:{self.location_id}:{self.lot_id}:{self.label}"


_NET = (
    "SELECT sku_id, location_id, lot_id, SUM(change) AS net, "
    "SUM(CASE WHEN reason = 'unexplained' THEN change ELSE 0 END) AS borrowed "
    f"FROM (SELECT sku_id, to_location_id AS location_id, lot_id, quantity AS change, reason FROM stock_movement WHERE {_RANGE} "
    f"UNION ALL SELECT sku_id, from_location_id, lot_id, -quantity, reason FROM stock_movement WHERE {_RANGE}) entries "
    "GROUP BY sku_id, location_id, lot_id"
)
_PHYSICAL = "('bin', 'receiving', 'packing', 'quarantine', 'transit')"
_ENTRIES = (
    f"WITH net AS MATERIALIZED ({_NET}) "
    "SELECT 'balance' AS kind, sku_id, NULL AS site, location_id, lot_id, '' AS label, SUM(stored) AS stored, SUM(net) AS expected "
    "FROM (SELECT n.sku_id, n.location_id, n.lot_id, 0 AS stored, n.net FROM net n JOIN location l ON l.id = n.location_id "
    f"WHERE l.kind IN {_PHYSICAL} UNION ALL SELECT sku_id, location_id, lot_id, on_hand, 0 FROM balance WHERE {_RANGE}) both_sides "
    "GROUP BY sku_id, location_id, lot_id HAVING SUM(stored) <> SUM(net) "
    "UNION ALL SELECT 'borrowed', sku_id, NULL, location_id, 0, '', SUM(stored), SUM(net) FROM ("
    "SELECT n.sku_id, n.location_id, 0 AS stored, n.borrowed AS net FROM net n JOIN location l ON l.id = n.location_id "
    f"WHERE n.borrowed <> 0 AND l.kind IN {_PHYSICAL} "
    f"UNION ALL SELECT sku_id, location_id, borrowed, 0 FROM balance WHERE {_RANGE} AND borrowed <> 0) both_sides "
    "GROUP BY sku_id, location_id HAVING SUM(stored) <> SUM(net) "
    "UNION ALL SELECT 'sum', n.sku_id, NULL, 0, 0, '', SUM(n.net), 0 "
    "FROM net n JOIN location l ON l.id = n.location_id GROUP BY n.sku_id HAVING SUM(n.net) <> 0"
)
"""What the entries alone prove, read once: balances, what is borrowed, and that all locations together hold nothing."""
_LEVEL = (
    "SELECT '{column}' AS kind, sku_id, site_id AS site, 0 AS location_id, 0 AS lot_id, '' AS label, "
    "SUM(stored) AS stored, SUM(part) AS expected "
    f"FROM (SELECT sku_id, site_id, {{column}} AS stored, 0 AS part FROM availability WHERE {_RANGE} "
    "UNION ALL {parts}) both_sides GROUP BY sku_id, site_id HAVING SUM(stored) <> SUM(part)"
)
_ON_HAND = (
    "SELECT b.sku_id, l.site_id, 0, b.on_hand FROM balance b JOIN location l ON l.id = b.location_id "
    f"WHERE b.{_RANGE} AND l.kind IN ('bin', 'receiving', 'packing', 'quarantine')"
).replace("AND sku_id", "AND b.sku_id")
_QUARANTINED = _ON_HAND.replace("WHERE", "LEFT JOIN lot t ON t.id = b.lot_id WHERE") + " AND (l.kind = 'quarantine' OR t.blocked)"
_HELD = f"SELECT sku_id, site_id, 0, {{part}} FROM reservation WHERE {_RANGE} AND state IN ({{states}})"
_STILL = "quantity - consumed - presold"
_SERIAL = (
    "SELECT 'serial' AS kind, sku_id, NULL AS site, 0 AS location_id, 0 AS lot_id, label, "
    "SUM(stored) AS stored, SUM(net) AS expected FROM ("
    f"SELECT sku_id, serial AS label, net AS stored, 0 AS net FROM serial WHERE {_RANGE} UNION ALL "
    "SELECT m.sku_id, m.serial, 0, "
    "(CASE WHEN t.kind IN {kinds} THEN 1 ELSE 0 END) - (CASE WHEN f.kind IN {kinds} THEN 1 ELSE 0 END) "
    "FROM stock_movement m JOIN location f ON f.id = m.from_location_id JOIN location t ON t.id = m.to_location_id "
    "WHERE m.serial IS NOT NULL AND m.sku_id > ? AND m.sku_id <= ?) both_sides "
    "GROUP BY sku_id, label HAVING SUM(stored) <> SUM(net)"
).format(kinds="('bin', 'receiving', 'packing', 'quarantine', 'transit')")
_PIECES = (
    "SELECT 'pieces' AS kind, sku_id, NULL AS site, location_id, 0 AS lot_id, '' AS label, "
    "SUM(pieces) AS stored, SUM(on_hand) AS expected FROM ("
    f"SELECT sku_id, location_id, net AS pieces, 0 AS on_hand FROM serial WHERE {_RANGE} AND net > 0 UNION ALL "
    f"SELECT sku_id, location_id, 0, on_hand FROM balance WHERE {_RANGE}) both_sides GROUP BY sku_id, location_id "
    "HAVING SUM(pieces) > SUM(on_hand)"
)
_SUMS = (
    "SELECT 'sums' AS kind, sku_id, NULL AS site, location_id, lot_id, day AS label, SUM(stored) AS stored, SUM(said) AS expected "
    f"FROM (SELECT sku_id, location_id, lot_id, day, quantity AS stored, 0 AS said FROM stock_sum WHERE {_RANGE} UNION ALL "
    "SELECT m.sku_id, m.to_location_id, m.lot_id, {day}, 0, m.quantity {of} UNION ALL "
    "SELECT m.sku_id, m.from_location_id, m.lot_id, {day}, 0, -m.quantity {of}) both_sides "
    "GROUP BY sku_id, location_id, lot_id, day HAVING SUM(stored) <> SUM(said)"
).replace(
    "{of}",
    "FROM stock_sum_cursor u JOIN stock_movement m ON m.sku_id = u.sku_id AND m.id <= u.movement_id "
    "WHERE u.sku_id > ? AND u.sku_id <= ? AND m.reason <> 'unexplained'",
)
"""`{day}` is written differently by each engine: see `wrong`."""


def level_proof(column: str, parts: str, ranges: int = 1) -> Proof:
    """A column of `availability` is the sum of `parts`: SELECTs of sku_id, site_id, 0, base units; each with `ranges` of bounds."""
    return Proof((column,), _LEVEL.format(column=column, parts=parts), 1 + ranges)


PROOFS: tuple[Proof, ...] = (
    Proof(("balance", "borrowed", "sum"), _ENTRIES, 4),
    level_proof("on_hand", _ON_HAND),
    level_proof("quarantined", _QUARANTINED),
    level_proof("reserved", _HELD.format(part=_STILL, states="'reserved', 'presold'")),
    level_proof("allocated", _HELD.format(part=_STILL, states="'allocated'")),
    level_proof("presold", _HELD.format(part="presold", states="'reserved', 'presold', 'allocated'")),
    Proof(("serial",), _SERIAL, 2),
    Proof(("pieces",), _PIECES, 2),
    Proof(("sums",), _SUMS, 3),
)
"""What the ledger itself can prove; what is still to come is proven by the documents that owe it (`controller.owed`)."""


async def wrong(proof: Proof, after: int = 0, upto: int = LAST) -> list[Difference]:
    """The numbers of SKUs above `after` and up to `upto` that are wrong."""
    rows = await db.fetch(proof.sql.replace("{day}", db.day_of("m.occurred_at")), *((after, upto) * proof.ranges))
    return [Difference(**{**row, "stored": int(row["stored"]), "expected": int(row["expected"])}) for row in rows]


async def reconcile() -> list[Difference]:
    """Prove that every number of the stock follows from the rows behind it; empty when each does."""
    return await all_wrong()


async def all_wrong(proofs: Sequence[Proof] = PROOFS) -> list[Difference]:
    """All at once: for a small shop, and for tests.  The reconciler goes in steps."""
    return [each for proof in proofs for each in await wrong(proof)]
