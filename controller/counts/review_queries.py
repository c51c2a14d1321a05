"""Reads for whoever reviews a count: what differed, the scans behind it, what moved meanwhile, what nobody could read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from controller import db
from controller.counts.numbers import SESSIONS
from controller.counts.states import LineState, Needs, PartState, RowState
from controller.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A SKU in a bin as reviewers see it; quantities in base units, `lot` its maker's code where lots were counted."""

    id: int
    bin_id: int
    bin: str
    round: int
    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    lot_id: int
    lot: str | None
    expiry: date | None
    state: RowState
    counted: int
    expected: int
    variance: int
    value_minor: int
    weight: int
    at: datetime
    moved: bool
    dated: bool
    needs: Needs
    reason: str | None
    note: str | None
    booked: int | None
    decided_at: datetime | None
    decided_by: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one person counted of a bin."""

    id: int
    bin: str
    round: int
    person: str | None
    box: str
    device: str | None
    state: PartState
    why: str | None
    empty: bool
    dated: bool
    began_at: datetime
    done_at: datetime
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A scan of a count: evidence, or one that nobody could read yet."""

    id: int
    bin: str
    round: int
    state: LineState
    symbol: str
    gtin: str | None
    quantity: int
    units: int
    lot: str | None
    expiry: date | None
    serial: str | None
    at: datetime
    person: str | None
    box: str
    device: str | None


_ROW = (
    "SELECT r.*, b.code AS bin, k.code AS sku, k.name_en, k.name_zh, k.base_unit, o.code AS lot, o.expiry FROM count_row r "
    "JOIN count_bin b ON b.id = r.bin_id JOIN sku k ON k.id = r.sku_id LEFT JOIN lot o ON o.id = r.lot_id "
)


async def rows(session_id: int, *, after: tuple[int, int] | None = None, limit: int = 50, state: str = "differences") -> list[Row]:
    """By value without sign, the greatest first.  `state`: a row's, `differences` for all that differed, `waiting`, or `all`.

    `after`: weight and id of the last row shown.
    """
    which = {
        "differences": "r.variance <> 0 AND r.state <> 'superseded'",
        "waiting": "r.state IN ('open', 'recount')",
        "all": "r.state <> 'superseded'",
    }.get(state, "r.state = ?")
    weight, row_id = after if after is not None else (2**62, 0)
    params = [state] if which.endswith("?") else []
    found = await db.fetch(
        f"{_ROW} WHERE r.session_id = ? AND {which} AND (r.weight < ? OR (r.weight = ? AND r.id > ?)) "
        "ORDER BY r.weight DESC, r.id LIMIT ?",
        *(session_id, *params, weight, weight, row_id, limit),
    )
    return [_row(row) for row in found]


async def row(number: str, row_id: int) -> Row:
    """Raises NotFound."""
    found = await db.fetch(f"{_ROW} WHERE r.id = ? AND r.session_id = ?", row_id, SESSIONS.row_id(number))
    if not found:
        raise NotFound("row of the count", row_id)
    return _row(found[0])


_TOLD = (
    *("id", "bin_id", "bin", "round", "sku_id", "sku", "name_en", "name_zh", "base_unit", "lot_id", "lot", "expiry", "counted"),
    *("expected", "variance", "value_minor", "weight", "at", "reason", "note", "booked", "decided_at", "decided_by", "version"),
)


def _row(row: db.Row) -> Row:
    return Row(
        state=RowState(row["state"]),
        needs=Needs(row["needs"]),
        moved=bool(row["moved"]),
        dated=bool(row["dated"]),
        **{name: row[name] for name in _TOLD},
    )


async def parts(session_id: int, *, after: int = 0, limit: int = 50) -> list[Part]:
    """Who counted what, in order of arrival."""
    found = await db.fetch(
        "SELECT p.*, b.code AS bin, (SELECT COUNT(*) FROM count_line l WHERE l.part_id = p.id) AS lines FROM count_part p "
        "JOIN count_bin b ON b.id = p.bin_id WHERE p.session_id = ? AND p.id > ? ORDER BY p.id LIMIT ?",
        *(session_id, after, limit),
    )
    told = ("id", "bin", "round", "person", "box", "device", "why", "began_at", "done_at")
    return [
        Part(
            state=PartState(each["state"]),
            empty=bool(each["empty"]),
            dated=bool(each["dated"]),
            lines=int(each["lines"]),
            **{name: each[name] for name in told},
        )
        for each in found
    ]


_LINE = (
    "SELECT l.*, b.code AS bin, p.person, p.box, p.device FROM count_line l JOIN count_part p ON p.id = l.part_id "
    "JOIN count_bin b ON b.id = l.bin_id "
)


async def unmatched(session_id: int, *, after: int = 0, limit: int = 50) -> list[Line]:
    """Scans that say no SKU, or no whole number of base units."""
    found = await db.fetch(
        f"{_LINE} WHERE l.session_id = ? AND l.state IN ('unknown', 'bad') AND l.id > ? ORDER BY l.id LIMIT ?",
        *(session_id, after, limit),
    )
    return [_line(each) for each in found]


async def evidence(row: Row, *, limit: int = 500) -> list[Line]:
    """The scans behind a row."""
    found = await db.fetch(
        f"{_LINE} WHERE l.bin_id = ? AND l.round = ? AND l.sku_id = ? AND l.state = 'known' ORDER BY l.at, l.id LIMIT ?",
        *(row.bin_id, row.round, row.sku_id, limit),
    )
    return [_line(each) for each in found if row.lot_id <= 0 or each["lot_id"] == row.lot_id]


def _line(row: db.Row) -> Line:
    told = ("id", "bin", "round", "symbol", "gtin", "quantity", "units", "lot", "expiry", "serial", "at", "person", "box", "device")
    return Line(state=LineState(row["state"]), **{name: row[name] for name in told})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A movement of a row's SKU in its bin; `change` base units, `meanwhile`: while the bin was being counted."""

    id: int
    occurred_at: datetime
    recorded_at: datetime
    change: int
    reason: str
    document: str | None
    person: str | None
    device: str | None
    meanwhile: bool


async def movements(row: Row, *, limit: int = 50) -> list[Moved]:
    """What the ledger has of the SKU in the bin, the newest first: why that much was expected."""
    found = await db.fetch(
        "SELECT m.*, b.began_at, b.location_id AS here FROM count_bin b JOIN stock_movement m ON m.sku_id = ? "
        "AND (m.to_location_id = b.location_id OR m.from_location_id = b.location_id) AND m.reason <> 'unexplained' "
        "WHERE b.id = ? ORDER BY m.occurred_at DESC, m.id DESC LIMIT ?",
        *(row.sku_id, row.bin_id, limit),
    )
    told = ("id", "occurred_at", "recorded_at", "reason", "document", "person", "device")
    return [
        Moved(
            change=each["quantity"] if each["to_location_id"] == each["here"] else -each["quantity"],
            meanwhile=each["began_at"] is not None and each["began_at"] < each["occurred_at"] <= row.at,
            **{name: each[name] for name in told},
        )
        for each in found
    ]


async def net_value(session_id: int) -> int:
    """All differences of a session together, in minor units at cost; below zero is loss."""
    found = await db.fetch(
        "SELECT COALESCE(SUM(value_minor), 0) AS net FROM count_row WHERE session_id = ? AND variance <> 0 "
        "AND state NOT IN ('superseded', 'undone')",
        session_id,
    )
    return int(found[0]["net"])
