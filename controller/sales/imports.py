"""Files of sales are taken in piece by piece: each piece is a transaction that says how far it came, so that any start goes on."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import msgspec

from controller import db, events
from controller.errors import NotFound, Rejected
from controller.sales.policies import NewReceipt, Outcome
from controller.sales.recording import record
from controller.sales.rows import HowToRead, RowError, SalesFile, read_sales
from controller.sites.queries import site

log = logging.getLogger(__name__)

LINES_AT_ONCE = 1000
"""Half a second of SQLite's one writer, between which everybody else gets their turn."""
IDLE_SECONDS = 2.0
_LONGEST_PAUSE = 30.0
Progress = Callable[[int, int], None]
"""Called with the receipts done and the receipts in all."""
_encode = msgspec.json.Encoder().encode


class BadFile(Rejected):
    """`errors` are the first thousand of what is wrong with it."""

    code = "bad_sales_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesImport:
    """How far a file is; `no_goods`: lines of codes that are none."""

    id: int
    site: str
    rows: int
    receipts: int
    receipts_done: int
    booked: int
    repeated: int
    waiting: int
    conflicts: int
    no_goods: int
    bad_rows: int
    started_at: datetime
    started_by: str
    finished_at: datetime | None
    failed: str | None


async def how_to_read(how: HowToRead) -> HowToRead:
    """With the site's own time zone and currency where the file's reader said none.  Raises NotFound (site)."""
    where = await site(how.site)
    return msgspec.structs.replace(how, time_zone=how.time_zone or where.time_zone, currency=how.currency or where.currency)


async def preview(body: bytes, how: HowToRead) -> SalesFile:
    """What taking a file in would read; nothing is written.  Raises NotFound (site)."""
    how = await how_to_read(how)
    return await asyncio.to_thread(read_sales, body, how)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file that was read, or is the import `known` already.  `receipts`: what was read, as it is kept until it is taken in."""

    digest: str
    how: HowToRead
    known: int | None = None
    rows: int = 0
    count: int = 0
    receipts: bytes = b""
    errors: Sequence[RowError] = ()


async def read(body: bytes, how: HowToRead) -> ReadFile:
    """Read a file, once and before any transaction; nothing is written.  Raises NotFound (site), BadFile."""
    how = await how_to_read(how)
    digest = hashlib.sha256(body + _encode(how)).hexdigest()
    known = await db.fetch("SELECT id FROM sale_import WHERE digest = ?", digest)
    if known:
        return ReadFile(digest=digest, how=how, known=int(known[0]["id"]))
    return await asyncio.to_thread(_read, body, how, digest)


def _read(body: bytes, how: HowToRead, digest: str) -> ReadFile:
    found = read_sales(body, how)
    if not found.receipts:
        first = found.errors[0] if found.errors else RowError(1, "", "the file is empty")
        raise BadFile(f"no receipt can be read: line {first.line}, {first.column or 'row'}: {first.reason}")
    kept = msgspec.msgpack.encode(found.receipts)
    return ReadFile(digest=digest, how=how, rows=found.rows, count=len(found.receipts), receipts=kept, errors=found.errors)


async def begin(body: bytes, how: HowToRead) -> int:
    """As `keep`, of a file that is to be read; outside of transactions.  Raises NotFound (site), BadFile."""
    return await keep(await read(body, how))


async def keep(file: ReadFile) -> int:
    """Keep what was read, to be taken in by `go_on`; its id.  The same file again is the same import."""
    if file.known is not None:
        return file.known
    errors = b"\n".join(_encode(error) for error in file.errors).decode()
    rows = await db.fetch(
        "INSERT INTO sale_import (digest, site_id, options, body, rows_total, receipts_total, bad_rows, errors, "
        "started_at, started_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING id",
        *(file.digest, file.how.site, _encode(file.how).decode(), file.receipts, file.rows, file.count, len(file.errors), errors),
        *(db.now(), events.actor().actor),
    )
    return int(rows[0]["id"])


async def go_on(import_id: int, progress: Progress | None = None, *, lines_at_once: int = LINES_AT_ONCE) -> SalesImport:
    """Take in what is left of a file, from where it came to.  Raises NotFound."""
    rows = await db.fetch("SELECT body, receipts_done, started_by FROM sale_import WHERE id = ?", import_id)
    if not rows:
        raise NotFound("import", import_id)
    if rows[0]["body"] is not None:
        receipts = await asyncio.to_thread(msgspec.msgpack.decode, bytes(rows[0]["body"]), type=list[NewReceipt])
        with events.acting(rows[0]["started_by"], f"import {import_id}"):
            await _take(import_id, receipts, rows[0]["receipts_done"], progress, lines_at_once)
    return await sales_import(import_id)


async def _take(import_id: int, receipts: Sequence[NewReceipt], done: int, progress: Progress | None, lines_at_once: int) -> None:
    for piece in _pieces(receipts[done:], lines_at_once):
        before, done = done, done + len(piece)
        if not await db.in_transaction(lambda piece=piece, before=before: _piece(import_id, piece, before)):  # type: ignore[misc]
            return  # somebody else goes on with it
        if progress is not None:
            progress(done, len(receipts))
        await asyncio.sleep(0)
    await db.execute(
        "UPDATE sale_import SET finished_at = ?, body = NULL WHERE id = ? AND finished_at IS NULL "
        "AND receipts_done = receipts_total",
        db.now(),
        import_id,
    )


async def _piece(import_id: int, piece: Sequence[NewReceipt], before: int) -> bool:
    """Whether it was ours to take in: how far the file is decides."""
    ours = await db.execute(
        "UPDATE sale_import SET receipts_done = receipts_done + ? WHERE id = ? AND receipts_done = ?", len(piece), import_id, before
    )
    if not ours:
        return False
    told = await record(piece, source=f"import {import_id}")
    results = Counter(result.outcome for result in told)
    await db.execute(
        "UPDATE sale_import SET booked = booked + ?, repeated = repeated + ?, waiting = waiting + ?, conflicts = conflicts + ?, "
        "no_goods = no_goods + ? WHERE id = ?",
        *(results[outcome] for outcome in (Outcome.BOOKED, Outcome.REPEATED, Outcome.WAITING, Outcome.CONFLICT)),
        sum(result.no_goods for result in told),
        import_id,
    )
    return True


def _pieces(receipts: Sequence[NewReceipt], lines_at_once: int) -> Iterator[list[NewReceipt]]:
    piece: list[NewReceipt] = []
    lines = 0
    for receipt in receipts:
        piece.append(receipt)
        lines += len(receipt.lines)
        if lines >= lines_at_once:
            yield piece
            piece, lines = [], 0
    if piece:
        yield piece


async def run(random: Random) -> None:
    """Take in the files that were begun, one after another, for ever; what was interrupted goes on."""
    failures = 0
    while True:
        try:
            rows = await db.fetch("SELECT id FROM sale_import WHERE finished_at IS NULL AND failed IS NULL ORDER BY id LIMIT 1")
            if rows:
                await go_on(rows[0]["id"])
            else:
                await asyncio.sleep(IDLE_SECONDS)
            failures = 0
        except Exception as error:
            failures += 1
            log.exception("taking in a file of sales failed")
            if rows and not db.is_of_the_database(error):
                await _give_up(rows[0]["id"], error)
            await asyncio.sleep(random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


async def _give_up(import_id: int, error: Exception) -> None:
    """A file that breaks our code must not block those behind it."""
    reason = f"{type(error).__name__}: {error}"[:500].replace("\0", "\ufffd")
    await db.execute("UPDATE sale_import SET failed = ? WHERE id = ?", reason, import_id)


_COLUMNS = (
    "id, site_id, rows_total, receipts_total, receipts_done, booked, repeated, waiting, conflicts, no_goods, bad_rows, "
    "started_at, started_by, finished_at, failed"
)


async def sales_import(import_id: int, *, sites: frozenset[str] | None = None) -> SalesImport:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM sale_import WHERE id = ?", import_id)  # noqa: S608 -- names of ours
    if not rows or (sites is not None and rows[0]["site_id"] not in sites):
        raise NotFound("import", import_id)
    return _import(rows[0])


async def sales_imports(*, before: int | None = None, limit: int = 50, sites: frozenset[str] | None = None) -> list[SalesImport]:
    """The newest first."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM sale_import WHERE id < ? {here} ORDER BY id DESC LIMIT ?",  # noqa: S608 -- names of ours
        *(before or 2**62, *ids, limit),
    )
    return [_import(row) for row in rows]


async def errors_of(import_id: int) -> list[RowError]:
    """Every row that could not be read."""
    rows = await db.fetch("SELECT errors FROM sale_import WHERE id = ?", import_id)
    lines = rows[0]["errors"].split("\n") if rows else []
    return [msgspec.json.decode(line, type=RowError) for line in lines if line]


def _import(row: db.Row) -> SalesImport:
    row = dict(row)
    return SalesImport(site=row.pop("site_id"), rows=row.pop("rows_total"), receipts=row.pop("receipts_total"), **row)
