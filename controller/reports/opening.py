"""The opening stock from a file: checked, looked at, confirmed, booked in batches.  Each line is booked once, whatever crashes.

What a line says is added to what is there.  A batch and how far the file is are one transaction; the file's row is its lock.
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from controller import db, events
from controller.catalog.queries import skus_by_code
from controller.costing.operations import set_costs
from controller.errors import Conflict, NotFound
from controller.reports.opening_costs import costs_of_lines
from controller.reports.opening_reading import Line, cost_of, doubled, expiry_of, quantity_of, read_file
from controller.reports.states import OPENING_FILE, FileAction, FileState
from controller.sites.models import LocationKind
from controller.sites.queries import specials
from controller.states import advance
from controller.stock.lots import LotSeen, lots_of
from controller.stock.operations import Move, Reason, move

AT_ONCE = 2000
POLL_SECONDS = 2.0
_LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)

_COLUMNS = (
    *("file_id", "line", "site", "bin", "sku", "amount", "lot", "expiry", "cost"),
    *("error", "sku_id", "location_id", "quantity", "cost_minor", "there"),
)


class FileOfOthers(Conflict):
    """The same bytes were sent by somebody who may book at sites where one may not."""

    code = "file_of_others"

    def __init__(self) -> None:
        super().__init__("this very file was sent before, by somebody of other sites: it stays theirs")


@dataclass(frozen=True, slots=True)
class Checked:
    """A line, and what was found of it."""

    line: Line
    error: str = ""
    sku_id: int | None = None
    location_id: int | None = None
    quantity: int | None = None
    cost: int | None = None
    there: int = 0


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """`known`: the file that these bytes are already, and that is not to be checked again."""

    digest: str
    lines: Sequence[Checked] = ()
    known: int | None = None


async def read(body: bytes, *, sites: Collection[str] | None = None) -> CheckedFile:
    """Read and check a file, before any transaction; nothing is written.  `sites`: those that one may book at.

    Raises BadFile, FileOfOthers.
    """
    digest = hashlib.sha256(body).hexdigest()
    rows = await db.fetch("SELECT id, state, sites FROM opening_file WHERE hash = ?", digest)
    if rows and sites is not None and not set(json.loads(rows[0]["sites"])) <= set(sites):
        raise FileOfOthers
    if rows and FileAction.CHECK_AGAIN not in OPENING_FILE[FileState(rows[0]["state"])]:
        return CheckedFile(digest, known=int(rows[0]["id"]))
    lines = await asyncio.get_running_loop().run_in_executor(None, partial(read_file, body))
    return CheckedFile(digest, await _checked(lines, sites))


async def check(body: bytes, name: str, *, sites: Collection[str] | None = None) -> int:
    """As `keep`, of a file that is to be read; outside of transactions.  Raises BadFile, FileOfOthers."""
    return await keep(await read(body, sites=sites), name)


async def keep(file: CheckedFile, name: str) -> int:
    """Keep a file that was read; its id.  The same bytes are the same file: what was booked of it stays booked.

    A file that only was checked, or was discarded, is as it was checked now.
    """
    if file.known is not None:
        return file.known
    digest, found = file.digest, file.lines
    good = [each for each in found if not each.error]
    summary = (
        *(len(found), len(good), sum(each.quantity or 0 for each in good), sum(each.there > 0 for each in good)),
        json.dumps(sorted({each.line.site for each in good})),
    )
    async with db.transaction():
        stored = await db.fetch(
            "INSERT INTO opening_file (hash, name, state, lines, good, units, occupied, sites, applied, created_at, created_by) "
            "VALUES (?, ?, 'checked', ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (hash) DO UPDATE SET name = excluded.name, "
            "state = excluded.state, lines = excluded.lines, good = excluded.good, units = excluded.units, "
            "occupied = excluded.occupied, sites = excluded.sites "
            "WHERE opening_file.state IN ('checked', 'discarded') RETURNING id",
            *(digest, name[:200], *summary, db.now(), events.actor().actor),
        )
        if not stored:
            return int((await db.fetch("SELECT id FROM opening_file WHERE hash = ?", digest))[0]["id"])
        file_id = int(stored[0]["id"])
        await db.execute("DELETE FROM opening_line WHERE file_id = ?", file_id)
        await db.insert_many("opening_line", _COLUMNS, [_row(file_id, each) for each in found])
    return file_id


def _row(file_id: int, each: Checked) -> tuple[object, ...]:
    line = each.line
    said = (line.number, line.site, line.bin, line.sku, line.quantity, line.lot, line.expiry, line.cost)
    return (file_id, *said, each.error, each.sku_id, each.location_id, each.quantity, each.cost, each.there)


async def _checked(lines: Sequence[Line], sites: Collection[str] | None) -> list[Checked]:
    skus = {code: row.id for code, row in (await skus_by_code(list({line.sku for line in lines}))).items()}
    known = {row["id"] for row in await db.fetch("SELECT id FROM site")}
    bins = await _bins({line.site for line in lines} & known)
    there = await _there(bins)
    twice = doubled(lines)
    allowed = known if sites is None else known & set(sites)
    return [_check(line, line.number in twice, allowed, bins, skus, there) for line in lines]


async def _bins(sites: Collection[str]) -> dict[tuple[str, str], int]:
    rows = await db.fetch(
        f"SELECT id, site_id, code FROM location WHERE kind IN ('bin', 'receiving') AND {db.among('site_id')}",
        db.listing(sorted(sites)),
    )
    return {(row["site_id"], row["code"]): int(row["id"]) for row in rows}


async def _there(bins: dict[tuple[str, str], int]) -> dict[tuple[int, int], int]:
    rows = await db.fetch(
        f"SELECT sku_id, location_id, SUM(on_hand) AS units FROM balance WHERE on_hand > 0 AND {db.among('location_id')} "
        "GROUP BY sku_id, location_id",
        db.listing(sorted(bins.values())),
    )
    return {(row["sku_id"], row["location_id"]): int(row["units"]) for row in rows}


def _check(
    line: Line,
    is_double: bool,  # noqa: FBT001 -- what the whole file told of this line
    sites: Collection[str],
    bins: dict[tuple[str, str], int],
    skus: dict[str, int],
    there: dict[tuple[int, int], int],
) -> Checked:
    sku, place, quantity = skus.get(line.sku), bins.get((line.site, line.bin)), quantity_of(line.quantity)
    if line.is_cut:
        return Checked(line, "too_long")
    if line.site not in sites:
        return Checked(line, "unknown_site")
    if place is None:
        return Checked(line, "unknown_bin")
    if sku is None:
        return Checked(line, "unknown_sku")
    if quantity is None:
        return Checked(line, "bad_quantity")
    try:
        expiry_of(line.expiry)
    except ValueError:
        return Checked(line, "bad_expiry")
    try:
        cost = cost_of(line.cost)
    except ValueError:
        return Checked(line, "bad_cost")
    if not line.lot.isprintable():
        return Checked(line, "bad_lot")
    if is_double:
        return Checked(line, "duplicate")
    return Checked(line, "", sku, place, quantity, cost, there.get((sku, place), 0))


async def confirm(file_id: int) -> None:
    """Let its good lines be booked; confirming twice is once.  Raises NotFound, IllegalTransition (it was discarded)."""
    await _step(file_id, FileAction.CONFIRM, {FileState.APPLYING, FileState.DONE})


async def discard(file_id: int) -> None:
    """Forget about it; discarding twice is once.  Raises NotFound, IllegalTransition (it is booked)."""
    await _step(file_id, FileAction.DISCARD, {FileState.DISCARDED})


async def _step(file_id: int, action: FileAction, after: set[FileState]) -> None:
    async with db.transaction():
        rows = await db.fetch(f"SELECT state FROM opening_file WHERE id = ?{db.for_update()}", file_id)
        if not rows:
            raise NotFound("opening-stock file", file_id)
        state = FileState(rows[0]["state"])
        if state in after:
            return
        following = advance(OPENING_FILE, state, action)
        await db.execute(
            "UPDATE opening_file SET state = ?, confirmed_at = ?, confirmed_by = ? WHERE id = ?",
            *(following.value, db.now(), events.actor().actor, file_id),
        )


async def apply_next() -> int:
    """Book one batch of a file that is confirmed; how many lines (0: there is none)."""
    return await db.in_transaction(_apply)


async def apply_all() -> int:
    """Book all that is confirmed; how many lines."""
    lines = 0
    while count := await apply_next():
        lines += count
    return lines


async def _apply() -> int:
    rows = await db.fetch(f"SELECT * FROM opening_file WHERE state = 'applying' ORDER BY id LIMIT 1{db.for_update()}")
    if not rows:
        return 0
    file = rows[0]
    lines = await db.fetch(
        "SELECT * FROM opening_line WHERE file_id = ? AND error = '' ORDER BY line LIMIT ? OFFSET ?",
        file["id"],
        AT_ONCE,
        file["applied"],
    )
    with events.acting(file["confirmed_by"] or "system", f"opening:{file['id']}"):
        await _book(f"opening {file['hash'][:12]}", lines, file["confirmed_by"])
    applied = int(file["applied"]) + len(lines)
    is_done = applied >= file["good"] or not lines
    state = advance(OPENING_FILE, FileState.APPLYING, FileAction.FINISH) if is_done else FileState.APPLYING
    await db.execute(
        "UPDATE opening_file SET applied = ?, state = ?, told_at = ?, done_at = ? WHERE id = ?",
        *(applied, state.value, db.now(), db.now() if is_done else None, file["id"]),
    )
    return len(lines) or 1


async def _book(document: str, lines: Sequence[db.Row], person: str | None) -> None:
    seen = [LotSeen(sku_id=line["sku_id"], code=line["lot"] or None, expiry=expiry_of(line["expiry"])) for line in lines]
    lots = await lots_of(seen)
    special = await specials({line["site"] for line in lines})
    await set_costs(await costs_of_lines(document, lines))
    await move(
        [
            Move(
                sku_id=line["sku_id"],
                from_location_id=special[line["site"], LocationKind.SUPPLIER],
                to_location_id=line["location_id"],
                quantity=line["quantity"],
                reason=Reason.RECEIVED,
                occurred_at=db.now(),
                document=document,
                person=person,
                lot_id=lot,
            )
            for line, lot in zip(lines, lots, strict=True)
        ]
    )


async def run(random: Random) -> None:
    """Book what is confirmed, batch by batch, for ever; a file that fails is tried again after a pause."""
    failures = 0
    while True:
        try:
            await apply_all()
            failures = 0
        except Exception:
            failures += 1
            log.exception("opening stock could not be booked; it is tried again")
        await asyncio.sleep(POLL_SECONDS if not failures else random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))
