"""Reads of files of orders: how far they are, what became of each order, what is wrong with which row."""

# ruff: noqa: S608 -- what is put into the texts is one of a few conditions of ours; values are parameters
from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.intake.order_file import RowError
from controller.intake.states import FileState, RawState
from controller.orders.numbers import ORDERS
from controller.sheets import BOM, defused

AT_ONCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """`handed` of `orders` are raw orders; `known` came before; `bad` cannot be taken; `missing`: goods that nobody mapped."""

    id: int
    name: str
    state: FileState
    rows: int
    orders: int
    known: int
    bad: int
    errors: int
    handed: int
    missing: list[tuple[str, int]]
    checked_at: datetime
    checked_by: str
    started_by: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrder:
    """An order of a file.  `raw_state`: what became of it; `code`, `detail`: why it is no order of ours yet, or never."""

    number: int
    row: int
    rows: int
    reference: str
    state: str
    units: int
    total_minor: int
    currency: str
    delivery: str
    terms: str
    presale: int
    is_unmapped: bool
    raw_state: RawState | None
    code: str | None
    detail: str | None
    order: str | None


@dataclass(frozen=True, slots=True)
class ErrorRow:
    number: int
    error: RowError


async def files(*, before: int = 0, limit: int = 50) -> list[StoredFile]:
    """The newest first."""
    rows = await db.fetch("SELECT * FROM order_file WHERE (id < ? OR ? = 0) ORDER BY id DESC LIMIT ?", before, before, limit)
    return [_file(row) for row in rows]


async def file(file_id: int) -> StoredFile:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM order_file WHERE id = ?", file_id)
    if not rows:
        raise NotFound("file of orders", file_id)
    return _file(rows[0])


def _file(row: db.Row) -> StoredFile:
    return StoredFile(
        id=row["id"],
        name=row["name"],
        state=FileState(row["state"]),
        rows=row["row_count"],
        orders=row["orders"],
        known=row["known"],
        bad=row["bad"],
        errors=row["errors"],
        handed=row["handed"],
        missing=[(goods, orders) for goods, orders in json.loads(row["missing"])],
        checked_at=row["checked_at"],
        checked_by=row["checked_by"],
        started_by=row["started_by"],
        done_at=row["done_at"],
    )


_ONLY = {
    "": "",
    "bad": "AND o.state = 'bad'",
    "known": "AND o.state = 'known'",
    "waiting": "AND r.state = 'waiting'",
    "unmapped": "AND (r.state = 'unmapped' OR (r.state IS NULL AND o.is_unmapped))",
    "refused": "AND r.state IN ('refused', 'discarded')",
    "placed": "AND r.state = 'placed'",
}
ONLY = tuple(_ONLY)


async def orders(file_id: int, *, after: int = 0, limit: int = 50, only: str = "") -> list[FileOrder]:
    """In the order of the file; `only`: one of `ONLY`."""
    rows = await db.fetch(
        "SELECT o.number, o.row, o.row_count, o.reference, o.state, o.units, o.total_minor, o.currency, o.delivery, o.terms, "
        "o.presale, o.is_unmapped, r.state AS raw_state, r.code, r.detail, r.order_id "
        "FROM order_file_order o LEFT JOIN raw_order r ON r.id = o.raw_order_id "
        f"WHERE o.file_id = ? AND o.number > ? {_ONLY[only]} ORDER BY o.number LIMIT ?",
        *(file_id, after, limit),
    )
    return [_order(row) for row in rows]


def _order(row: db.Row) -> FileOrder:
    names = ("number", "row", "reference", "state", "units", "total_minor", "currency", "delivery", "terms", "presale")
    told = {name: row[name] for name in names}
    return FileOrder(
        **told,
        rows=row["row_count"],
        is_unmapped=bool(row["is_unmapped"]),
        raw_state=None if row["raw_state"] is None else RawState(row["raw_state"]),
        code=row["code"],
        detail=row["detail"],
        order=None if row["order_id"] is None else ORDERS.number(row["order_id"]),
    )


async def results(file_id: int) -> dict[RawState, int]:
    """What became of the orders that were handed on, by state; those that came before not counted."""
    rows = await db.fetch(
        "SELECT r.state, COUNT(*) AS n FROM order_file_order o JOIN raw_order r ON r.id = o.raw_order_id "
        "WHERE o.file_id = ? AND o.state = 'new' GROUP BY r.state",
        file_id,
    )
    return {RawState(row["state"]): int(row["n"]) for row in rows}


async def errors(file_id: int, *, after: int = 0, limit: int = 50) -> list[ErrorRow]:
    """In the order of the file."""
    rows = await db.fetch(
        "SELECT number, row, column_name, code, told FROM order_file_error WHERE file_id = ? AND number > ? "
        "ORDER BY number LIMIT ?",
        *(file_id, after, limit),
    )
    return [ErrorRow(row["number"], RowError(row["row"], row["column_name"], row["code"], row["told"])) for row in rows]


async def error_report(file_id: int, words: Callable[[str], str]) -> AsyncIterator[bytes]:
    """As CSV: every row that is wrong, and every order that was refused or waits; `words` say what a code means."""
    yield (BOM + _csv([["row", "column", "code", "what", "value"]])).encode()
    after = 0
    while found := await errors(file_id, after=after, limit=AT_ONCE):
        yield _csv([[e.error.row, e.error.column, e.error.code, words(e.error.code), e.error.told] for e in found]).encode()
        after = found[-1].number
    for only in ("refused", "unmapped"):
        after = 0
        while rows := await orders(file_id, after=after, limit=AT_ONCE, only=only):
            told = [row for row in rows if row.code is not None]
            yield _csv([[row.row, "reference", row.code or "", row.detail or "", row.reference] for row in told]).encode()
            after = rows[-1].number


def _csv(rows: Sequence[Sequence[str | int]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[defused(cell) for cell in row] for row in rows])
    return text.getvalue()
