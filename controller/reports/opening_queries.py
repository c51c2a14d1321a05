"""Reads of opening-stock files: how far they are, what is wrong, what they would do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.sheets import BOM, defused

AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """`applied` of `good` lines are booked.  `occupied`: good lines whose bin holds some of the SKU already."""

    id: int
    name: str
    state: str
    lines: int
    good: int
    units: int
    occupied: int
    applied: int
    sites: list[str]
    created_at: datetime
    created_by: str
    confirmed_by: str | None
    done_at: datetime | None

    @property
    def bad(self) -> int:
        return self.lines - self.good


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """`amount` as it stands in the file; `there`: in the bin before."""

    line: int
    site: str
    bin: str
    sku: str
    amount: str
    lot: str
    expiry: str
    error: str
    quantity: int | None
    there: int


_FILE = (
    "SELECT id, name, state, lines, good, units, occupied, applied, sites, created_at, created_by, confirmed_by, done_at "
    "FROM opening_file "
)


async def files(*, before: int = 0, limit: int = 50, sites: Collection[str] | None = None) -> list[FileRow]:
    """The newest first; those that book only at `sites`."""
    rows = await db.fetch(f"{_FILE} WHERE (id < ? OR ? = 0) ORDER BY id DESC LIMIT ?", before, before, limit)
    found = [_file(row) for row in rows]
    return [file for file in found if sites is None or set(file.sites) <= set(sites)]


async def file(file_id: int, sites: Collection[str] | None = None) -> FileRow:
    """Raises NotFound, also for one that books at sites that are not among `sites`."""
    rows = await db.fetch(f"{_FILE} WHERE id = ?", file_id)
    found = _file(rows[0]) if rows else None
    if found is None or (sites is not None and not set(found.sites) <= set(sites)):
        raise NotFound("opening-stock file", file_id)
    return found


def _file(row: db.Row) -> FileRow:
    return FileRow(**{**row, "sites": json.loads(row["sites"])})


async def lines(file_id: int, *, after: int = 0, limit: int = 50, bad: bool | None = None) -> list[LineRow]:
    """In order of their numbers; `bad`: only those with an error, or only those without."""
    which = {None: "", True: "AND error <> ''", False: "AND error = ''"}[bad]
    rows = await db.fetch(
        "SELECT line, site, bin, sku, amount, lot, expiry, error, quantity, there FROM opening_line "  # noqa: S608 -- one of three
        f"WHERE file_id = ? AND line > ? {which} ORDER BY line LIMIT ?",
        *(file_id, after, limit),
    )
    return [LineRow(**row) for row in rows]


async def errors(file_id: int) -> dict[str, int]:
    """How many lines have each."""
    rows = await db.fetch(
        "SELECT error, COUNT(*) AS lines FROM opening_line WHERE file_id = ? AND error <> '' GROUP BY error ORDER BY error", file_id
    )
    return {row["error"]: int(row["lines"]) for row in rows}


async def error_report(file_id: int) -> AsyncIterator[bytes]:
    """Every bad line, as CSV."""
    yield (BOM + _csv([["line", "error", "site", "bin", "sku", "quantity", "lot", "expiry"]])).encode()
    after = 0
    while rows := await lines(file_id, after=after, limit=AT_ONCE, bad=True):
        yield _csv([[row.line, row.error, row.site, row.bin, row.sku, row.amount, row.lot, row.expiry] for row in rows]).encode()
        after = rows[-1].line


def _csv(rows: Sequence[Sequence[str | int]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[defused(cell) for cell in row] for row in rows])
    return text.getvalue()
