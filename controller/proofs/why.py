"""Why is this number what it is?  The rows behind it, whose sum it is: entries of the ledger, or holds.

`on_hand` and `quarantined` are sums of entries; a page of them carries the balance after each, the newest first.  `reserved`,
`allocated` and `presold` are sums of holds.  What is incoming, documents owe (`controller.owed`).
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from controller import db

_ON_HAND = "('bin', 'receiving', 'packing', 'quarantine')"
_GRANTED = "('bin', 'receiving', 'packing')"


class Figure(StrEnum):
    """A number about a SKU at a site."""

    ON_HAND = "on_hand"
    QUARANTINED = "quarantined"
    RESERVED = "reserved"
    ALLOCATED = "allocated"
    PRESOLD = "presold"
    INCOMING = "incoming"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A SKU at a site; in one location, and of one lot, where these are not None."""

    sku_id: int
    site_id: str
    location_id: int | None = None
    lot_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An entry: its `change` of the figure, and the `balance` after it.  `fact_id` is the scan's; `approved_by`: who allowed it."""

    id: int
    source: str
    target: str
    quantity: int
    change: int
    balance: int
    reason: str
    document: str | None
    lot_id: int
    lot: str | None
    serial: str | None
    fact_id: UUID | None
    person: str | None
    device: str | None
    approved_by: str | None
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A commitment: `quantity` base units of the figure are held for a line of a document."""

    id: int
    line_key: str
    document: str
    channel: str
    quantity: int
    expires_at: datetime | None
    created_at: datetime


_CAUSES = (
    "SELECT m.id, f.code AS source, t.code AS target, m.quantity, m.reason, m.document, m.lot_id, "
    "COALESCE(o.code, o.key) AS lot, m.serial, m.fact_id, m.person, m.device, m.approved_by, m.occurred_at, m.recorded_at, "
    "m.quantity * ((CASE WHEN {into} THEN 1 ELSE 0 END) - (CASE WHEN {out} THEN 1 ELSE 0 END)) AS change "
    "FROM stock_movement m JOIN location f ON f.id = m.from_location_id JOIN location t ON t.id = m.to_location_id "
    "LEFT JOIN lot o ON o.id = m.lot_id WHERE m.sku_id = ?"
)


def _counts(figure: Figure, where: Where) -> tuple[str, tuple[object, ...]]:
    """The condition under which goods at an end of an entry (`{end}`: f or t) count for the figure, with its parameters."""
    parts: list[str] = ["{end}.site_id = ?"]
    values: list[object] = [where.site_id]
    if where.location_id is not None:
        parts.append("{end}.id = ?")
        values.append(where.location_id)
    if where.lot_id is not None:
        parts.append("m.lot_id = ?")
        values.append(where.lot_id)
    if figure is Figure.QUARANTINED:
        parts.append(f"({{end}}.kind = 'quarantine' OR ({{end}}.kind IN {_GRANTED} AND o.blocked))")
    elif where.location_id is None:
        parts.append(f"{{end}}.kind IN {_ON_HAND}")
    return " AND ".join(parts), tuple(values)


async def entries(
    figure: Figure, where: Where, *, before: tuple[int, int] | None = None, limit: int = 50
) -> tuple[list[Cause], tuple[int, int] | None]:
    """Entries behind `on_hand` or `quarantined`, the newest first; and where the next page begins, None: nowhere.

    `before`: an entry's id and the balance before it, as the last page gave it.  What is asked is one statement: the balances are
    those of one instant.
    """
    condition, values = _counts(figure, where)
    into, out = condition.format(end="t"), condition.format(end="f")
    sql = f"SELECT * FROM ({_CAUSES.format(into=into, out=out)} AND m.id < ?) e WHERE change <> 0"
    upto = before[0] if before else 2**62
    params = (*values, *values, where.sku_id, upto)
    if before:
        rows = await db.fetch(f"{sql} ORDER BY id DESC LIMIT ?", *params, limit + 1)
        balance = before[1]
    else:
        rows = await db.fetch(
            f"SELECT e.*, (SELECT COALESCE(SUM(change), 0) FROM ({sql}) whole) AS total FROM ({sql}) e ORDER BY id DESC LIMIT ?",
            *(*params, *params, limit + 1),
        )
        balance = int(rows[0]["total"]) if rows else 0
    return _page(rows, balance, limit)


def _page(rows: Sequence[db.Row], balance: int, limit: int) -> tuple[list[Cause], tuple[int, int] | None]:
    causes = []
    for row in rows[:limit]:
        told = {name: value for name, value in row.items() if name not in ("change", "total")}
        causes.append(Cause(change=int(row["change"]), balance=balance, **told))
        balance -= int(row["change"])
    return causes, (causes[-1].id, balance) if len(rows) > limit else None


_HOLDS = {
    Figure.RESERVED: ("quantity - consumed - presold", "'reserved', 'presold'"),
    Figure.ALLOCATED: ("quantity - consumed - presold", "'allocated'"),
    Figure.PRESOLD: ("presold", "'reserved', 'presold', 'allocated'"),
}


async def holds(figure: Figure, where: Where, *, after: int = 0, limit: int = 50) -> list[Hold]:
    """The open holds behind `reserved`, `allocated` or `presold`, the oldest first."""
    part, states = _HOLDS[figure]
    rows = await db.fetch(
        f"SELECT id, line_key, document, channel, {part} AS quantity, expires_at, created_at FROM reservation "
        f"WHERE sku_id = ? AND site_id = ? AND state IN ({states}) AND {part} > 0 AND id > ? ORDER BY id LIMIT ?",
        *(where.sku_id, where.site_id, after, limit),
    )
    return [Hold(**row) for row in rows]


async def figures(where: Where) -> dict[Figure, int]:
    """Every figure of a SKU at a site; a bin or a lot has `on_hand` and `quarantined` only."""
    if where.location_id is not None or where.lot_id is not None:
        return await _of_part(where)
    rows = await db.fetch(
        "SELECT on_hand, quarantined, reserved, allocated, presold, incoming FROM availability WHERE sku_id = ? AND site_id = ?",
        *(where.sku_id, where.site_id),
    )
    found = dict(rows[0]) if rows else {figure.value: 0 for figure in Figure}
    found["available"] = found["on_hand"] - found["reserved"] - found["allocated"] - found["quarantined"]
    return {figure: int(found[figure.value]) for figure in Figure}


async def _of_part(where: Where) -> dict[Figure, int]:
    which, values = "", []
    for column, value in (("location_id", where.location_id), ("lot_id", where.lot_id)):
        if value is not None:
            which += f" AND b.{column} = ?"
            values.append(value)
    kinds = "" if where.location_id is not None else f" AND l.kind IN {_ON_HAND}"
    rows = await db.fetch(
        "SELECT COALESCE(SUM(b.on_hand), 0) AS on_hand, COALESCE(SUM(CASE WHEN l.kind = 'quarantine' "
        f"OR (l.kind IN {_GRANTED} AND o.blocked) THEN b.on_hand ELSE 0 END), 0) AS quarantined "
        "FROM balance b JOIN location l ON l.id = b.location_id LEFT JOIN lot o ON o.id = b.lot_id "
        f"WHERE b.sku_id = ? AND l.site_id = ?{which}{kinds}",
        *(where.sku_id, where.site_id, *values),
    )
    return {Figure.ON_HAND: int(rows[0]["on_hand"]), Figure.QUARANTINED: int(rows[0]["quarantined"])}
