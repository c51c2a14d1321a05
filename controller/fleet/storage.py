"""Table `fact` on both engines: many rows in, which of them are new, what became of them.

On PostgreSQL many facts are copied as if all were new, as they nearly always are; when one is not, and for few, they go as arrays
(`unnest`), which returns the new ids.  SQLite has one writer, so that what lies above the highest rowid from before the insert is
what the insert added.
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from msgspec import Struct

from controller import bulk
from controller.db import (
    COPIED_FROM,
    ConstraintViolated,
    Engine,
    Row,
    among,
    engine,
    execute_many,
    fetch,
    insert_many,
    listing,
    savepoint,
)
from controller.facts import Outcome, Parked, Rejected
from controller.fleet.dating import Dated, KnownClock, in_utc
from controller.fleet.intake import Readable, Slot

_COLUMNS = {
    "id": "uuid",
    "box": "text",
    "epoch": "uuid",
    "stream": "text",
    "seq": "bigint",
    "name": "text",
    "version": "bigint",
    "site": "text",
    "station": "text",
    "device": "text",
    "person": "text",
    "boot": "text",
    "mono_ms": "bigint",
    "at": "timestamptz",
    "occurred_at": "timestamptz",
    "uncertain_ms": "bigint",
    "undated": "boolean",
    "replay": "boolean",
    "payload": "text",
}
_FIXED = ("received_at", "outcome", "due")
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"?::{kind}[]" for kind in _COLUMNS.values())
_INTO = f"INSERT INTO fact ({', '.join(_FIXED)}, {_NAMES})"
_INSERT_ARRAYS = f"{_INTO} SELECT ?, 'applied', false, * FROM unnest({_ARRAYS}) ON CONFLICT DO NOTHING RETURNING id"
_LARGEST = 2**62
_ID_LENGTH = 40
_TEXT_LENGTH = 512


class Arrival(Struct, frozen=True):
    """A fact about to be stored: what was read, whose it is, and when it happened."""

    reading: Readable
    site: str
    dated: Dated
    received_at: datetime


async def sites_of(boxes: Iterable[str]) -> dict[str, str]:
    """Box -> site, for those boxes that are known and not revoked."""
    rows = await fetch(f"SELECT id, site FROM box WHERE revoked_at IS NULL AND {among('id')}", listing(sorted(set(boxes))))
    return {row["id"]: row["site"] for row in rows}


async def refusals_of(boxes: Iterable[str]) -> dict[str, Rejected]:
    """Why nothing of these boxes is taken in, for those that `sites_of` does not have."""
    wanted = sorted(set(boxes))
    if not wanted:
        return {}
    rows = await fetch(f"SELECT id FROM box WHERE revoked_at IS NOT NULL AND {among('id')}", listing(wanted))
    revoked = {row["id"] for row in rows}
    return {
        box: Rejected("box_revoked", f"box {box} was revoked: what it sends is kept and not taken in")
        if box in revoked
        else Rejected("unknown_box", f"no box {box} is registered here")
        for box in wanted
    }


async def hold_clocks(boxes: Iterable[str]) -> None:
    """Until the transaction ends: what has no date yet and what tells the clock take turns, or neither would see the other."""
    if engine() is Engine.POSTGRES:
        await fetch(
            "SELECT pg_advisory_xact_lock(hashtextextended(b, 0)) FROM (SELECT unnest(CAST(? AS text[])) AS b ORDER BY 1) w",
            sorted(set(boxes)),
        )


async def clocks_of(boxes: Iterable[str]) -> dict[tuple[str, str], KnownClock]:
    """(box, boot) -> when its clock became right."""
    wanted = sorted(set(boxes))
    if not wanted:
        return {}
    rows = await fetch(f"SELECT box, boot, mono_ms, at, error_ms FROM box_clock WHERE {among('box')}", listing(wanted))
    return {(row["box"], row["boot"]): KnownClock(row["mono_ms"], row["at"], row["error_ms"]) for row in rows}


async def insert_new(arrivals: Sequence[Arrival]) -> set[UUID] | None:
    """Store those whose identity and id are new, as applied; returns their ids, None when all were new.

    Ids and identities are distinct in `arrivals`.
    """
    used = await _second_identities(arrivals)
    if used:
        arrivals = [arrival for arrival in arrivals if arrival.reading.slot not in used]
    if not arrivals:
        return set()
    received_at = arrivals[0].received_at
    # one order for all gateways: two that were given the same facts must not wait for each other in a circle
    rows = sorted((_row(arrival) for arrival in arrivals), key=_place)
    insert = _insert_on_sqlite if engine() is Engine.SQLITE else _insert_on_postgres
    new = await insert(received_at, rows)
    return {arrival.reading.envelope.id for arrival in arrivals} if new is None and used else new


async def _insert_on_sqlite(received_at: datetime, rows: Sequence[tuple[object, ...]]) -> set[UUID] | None:
    """The ids of those that were new; None when all were."""
    highest = (await fetch("SELECT coalesce(max(rowid), 0) AS rowid FROM fact"))[0]["rowid"]
    stored = [(received_at, "applied", False, *row) for row in rows]
    await bulk.save("fact", (*_FIXED, *_COLUMNS), stored, "ON CONFLICT DO NOTHING")
    added = await fetch("SELECT count(*) AS rows FROM fact WHERE rowid > ?", highest)
    if added[0]["rows"] == len(rows):
        return None
    return {row["id"] for row in await fetch("SELECT id FROM fact WHERE rowid > ?", highest)}


async def _insert_on_postgres(received_at: datetime, rows: Sequence[tuple[object, ...]]) -> set[UUID] | None:
    """The ids of those that were new; None when all were."""
    if len(rows) >= COPIED_FROM and await _all_are_new(received_at, rows):
        return None
    return {row["id"] for row in await fetch(_INSERT_ARRAYS, received_at, *map(list, zip(*rows, strict=True)))}


async def _second_identities(arrivals: Sequence[Arrival]) -> set[Slot]:
    """Those identities that a stored fact has as its second one: the key of `fact` does not know them."""
    streams = f"{among('box')} AND {among('epoch')}"
    boxes = listing({arrival.reading.slot.box for arrival in arrivals})
    epochs = listing({arrival.reading.slot.epoch for arrival in arrivals})
    if not await fetch(f"SELECT 1 AS one FROM fact_again WHERE {streams} LIMIT 1", boxes, epochs):
        return set()  # nearly always: only a salvaged outbox has any
    slots = {(slot.box, slot.epoch, slot.stream.value, slot.seq): slot for slot in (arrival.reading.slot for arrival in arrivals)}
    sql = f"SELECT box, epoch, stream, seq FROM fact_again WHERE {streams} AND {among('seq')}"
    rows = await fetch(sql, boxes, epochs, listing({seq for _, _, _, seq in slots}))
    return {slots[key] for row in rows if (key := (row["box"], row["epoch"], row["stream"], row["seq"])) in slots}


async def _all_are_new(received_at: datetime, rows: Sequence[tuple[object, ...]]) -> bool:
    """Store them all, or none."""
    try:
        async with savepoint():
            await insert_many("fact", (*_FIXED, *_COLUMNS), [(received_at, "applied", False, *row) for row in rows])
    except ConstraintViolated:
        return False
    return True


def _place(row: tuple[Any, ...]) -> tuple[object, ...]:
    """A row's identity, which sorts as numbers and texts: UUIDs compare in Python."""
    _, box, epoch, stream, seq, *_ = row
    return box, epoch.int, stream, seq


def _row(arrival: Arrival) -> tuple[object, ...]:
    envelope, dated = arrival.reading.envelope, arrival.dated
    return (
        envelope.id,
        envelope.box,
        envelope.epoch,
        envelope.stream.value,
        envelope.seq,
        envelope.name[:_ID_LENGTH],
        envelope.v,
        arrival.site,
        _text(envelope.station, _ID_LENGTH),
        _text(envelope.device, _ID_LENGTH),
        _text(envelope.person),
        _text(envelope.boot),
        min(envelope.mono_ms, _LARGEST),
        in_utc(envelope.at),
        dated.occurred_at,
        None if dated.uncertain_ms is None else min(dated.uncertain_ms, _LARGEST),
        dated.uncertain_ms is None and not envelope.clock.synced,
        envelope.replay,
        bytes(envelope.data).decode(),
    )


@lru_cache(maxsize=4096)
def _text(text: str | None, length: int = _TEXT_LENGTH) -> str | None:
    """PostgreSQL's text holds no NUL; a station's or device's id that matched with a line end is cut to its column."""
    return text if text is None else text.replace("\0", "\ufffd")[:length]


class Stored(Struct, frozen=True):
    """A fact that is there already: `code` if it was rejected."""

    id: UUID
    box: str
    code: str | None


async def by_identity(slots: Sequence[Slot]) -> dict[tuple[str, UUID, str, int], Stored]:
    """Identity (box, epoch, stream, seq) -> the fact that has it, as its first or its second one."""
    found: dict[tuple[str, UUID, str, int], Stored] = {}
    spans: dict[tuple[str, UUID, str], list[int]] = {}
    for slot in slots:
        spans.setdefault((slot.box, slot.epoch, slot.stream.value), []).append(slot.seq)
    for (box, epoch, stream), seqs in spans.items():
        for source in ("fact f", "fact_again i JOIN fact f ON f.id = i.fact"):
            i = source.split()[1]
            rows = await fetch(
                f"SELECT {i}.seq, f.id, f.box, f.outcome, f.code FROM {source} "
                f"WHERE {i}.box = ? AND {i}.epoch = ? AND {i}.stream = ? AND {among(f'{i}.seq')}",
                box,
                epoch,
                stream,
                listing(seqs),
            )
            found.update({(box, epoch, stream, row["seq"]): _stored(row) for row in rows})
    return found


async def by_id(ids: Sequence[UUID]) -> dict[UUID, Stored]:
    """Those of these facts that are stored."""
    if not ids:
        return {}
    rows = await fetch(f"SELECT id, box, outcome, code FROM fact WHERE {among('id')}", listing(ids))
    return {row["id"]: _stored(row) for row in rows}


def _stored(row: Row) -> Stored:
    return Stored(row["id"], row["box"], (row["code"] or "rejected") if row["outcome"] == "rejected" else None)


async def note_again(arrivals: Sequence[Arrival]) -> None:
    """Remember the second identities of facts that are stored under a first one."""
    await execute_many(
        "INSERT INTO fact_again (fact, box, epoch, stream, seq, received_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                a.reading.envelope.id,
                a.reading.slot.box,
                a.reading.slot.epoch,
                a.reading.slot.stream.value,
                a.reading.slot.seq,
                a.received_at,
            )
            for a in arrivals
        ],
    )


async def store_outcomes(outcomes: Sequence[tuple[UUID, Outcome]]) -> None:
    """Write what became of facts that are parked or rejected; freshly stored ones are `applied` already."""
    rows = [
        ("parked", outcome.code, None, outcome.waits_for[:_TEXT_LENGTH], fact)
        if isinstance(outcome, Parked)
        else ("rejected", outcome.code, outcome.detail, None, fact)
        for fact, outcome in outcomes
        if isinstance(outcome, Parked | Rejected)
    ]
    await execute_many("UPDATE fact SET outcome = ?, code = ?, detail = ?, waits_for = ?, due = false WHERE id = ?", rows)


async def store_applied(facts: Sequence[UUID]) -> None:
    """Parked facts whose effect is in the database now."""
    sql = "UPDATE fact SET outcome = 'applied', code = NULL, detail = NULL, waits_for = NULL, due = false WHERE id = ?"
    await execute_many(sql, [(fact,) for fact in facts])


async def take_parked(after: UUID, *, due_only: bool, limit: int) -> list[Row]:
    """Parked facts to try again, in order of id; on PostgreSQL no other gateway gets them until this transaction ends."""
    which = "AND due" if due_only else ""
    skip = "FOR UPDATE SKIP LOCKED" if engine() is Engine.POSTGRES else ""
    sql = f"SELECT * FROM fact WHERE outcome = 'parked' {which} AND id > ? ORDER BY id LIMIT {limit:d} {skip}"
    return await fetch(sql, after)
