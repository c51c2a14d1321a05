"""Events: what the controller recorded, in the transaction that did it; delivered after commit, at least once, by cursor.

An event is a Struct with a ClassVar `name`; features define theirs in `<feature>/events.py`:

    class StockReserved(Event, frozen=True, kw_only=True):
        name: ClassVar[str] = "stock_reserved"
        line: str
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import msgspec
from tortoise import fields
from tortoise.models import Model

from controller import db
from controller.db import Engine

POLL_SECONDS = 1.0
_SHIFT = 40  # bits of an event's id in its position: 10^12 events


class EventRow(Model):
    """Table `event`.  `transaction_id` is PostgreSQL's xid of the recording transaction (0 on SQLite)."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=128)
    site = fields.CharField(max_length=40, null=True)
    data = fields.TextField()
    actor = fields.CharField(max_length=128)
    cause = fields.CharField(max_length=128, null=True)
    recorded_at = fields.DatetimeField()
    transaction_id = fields.BigIntField(default=0)

    class Meta:  # noqa: D106 -- Tortoise's
        table = "event"
        indexes = (("transaction_id", "id"), ("name", "id"), ("subject", "id"))


class CursorRow(Model):
    """Table `event_cursor`: how far a consumer has come.  `position` is text, as it may be larger than 64 bits."""

    consumer = fields.CharField(max_length=40, primary_key=True)
    position = fields.CharField(max_length=40)

    class Meta:  # noqa: D106 -- Tortoise's
        table = "event_cursor"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; past tense."""

    name: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as stored.  `position` is the cursor to hand to `feed`; it is opaque and may be larger than 64 bits."""

    position: int
    id: int
    name: str
    subject: str
    site: str | None
    data: dict[str, object]
    actor: str
    cause: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Acting:
    actor: str
    cause: str | None


_SYSTEM = Acting("system", None)
_acting: ContextVar[Acting] = ContextVar("acting", default=_SYSTEM)
_waiting: set[asyncio.Event] = set()
_RECORDED = ("name", "subject", "site", "data", "actor", "cause", "recorded_at")
_encode = msgspec.json.Encoder(decimal_format="string").encode


@contextmanager
def acting(actor: str, cause: str | None = None) -> Iterator[None]:
    """Who does what follows (`token:demo`, `box:s1`) and why (a request id, a fact id)."""
    token = _acting.set(Acting(actor, cause))
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> Acting:
    return _acting.get()


async def record(event: Event, *, subject: str, site: str | None = None) -> None:
    """Record what just happened to `subject` (a SKU, order number, barcode, …), in the caller's transaction."""
    await record_many([(event, subject)], site=site)


async def record_many(events: Sequence[tuple[Event, str]], *, site: str | None = None) -> None:
    """Record pairs of event and subject in one statement; a subject keeps its first 128 characters."""
    await record_all([(event, subject, site) for event, subject in events])


async def record_all(events: Sequence[tuple[Event, str, str | None]]) -> None:
    """The same with the site of each: however many, in few turns of the server."""
    if not events:
        return
    who, instant = _acting.get(), db.now()
    rows = [
        (event.name, subject[:128], site, _encode(event).decode(), who.actor, who.cause, instant) for event, subject, site in events
    ]
    xid = "pg_current_xact_id()::text::bigint" if db.engine() is Engine.POSTGRES else "0"
    if len(rows) < db.COPIED_FROM:
        names = ", ".join(_RECORDED)
        await db.put(f"INSERT INTO event ({names}, transaction_id) VALUES (?, ?, ?, ?, ?, ?, ?, {xid})", rows)
    else:
        async with db.transaction():
            here = (await db.fetch(f"SELECT {xid} AS xid"))[0]["xid"]
            await db.insert_many("event", (*_RECORDED, "transaction_id"), [(*row, here) for row in rows])
    db.after_commit(_wake)


def _wake() -> None:
    for waiting in _waiting:
        waiting.set()


async def feed(after: int, limit: int = 500, sites: Collection[str] | None = None) -> list[Recorded]:
    """Events after a position, in a stable order; those of `sites`, None: all.

    On PostgreSQL only those below the oldest running transaction, ordered by (transaction, id): ids alone would skip rows that
    commit late (PostgreSQL manual, section 9.27.10, pg_snapshot_xmin).
    """
    here, ids = ("", []) if sites is None else (f"AND {db.among('site')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT * FROM event WHERE (transaction_id, id) > (?, ?) AND {_settled()} {here} "
        f"ORDER BY transaction_id, id LIMIT {limit:d}",
        *(after >> _SHIFT, after & ((1 << _SHIFT) - 1), *ids),
    )
    return [_recorded(row) for row in rows]


def _settled() -> str:
    if db.engine() is Engine.POSTGRES:
        return "transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    return "transaction_id = 0"


def _recorded(row: db.Row) -> Recorded:
    return Recorded(
        position=(row["transaction_id"] << _SHIFT) | row["id"],
        id=row["id"],
        name=row["name"],
        subject=row["subject"],
        site=row["site"],
        data=msgspec.json.decode(row["data"]),
        actor=row["actor"],
        cause=row["cause"],
        recorded_at=row["recorded_at"],
    )


async def history(subject: str, limit: int = 500) -> list[Recorded]:
    """What was recorded of one subject, the oldest first."""
    rows = await db.fetch("SELECT * FROM event WHERE subject = ? ORDER BY id LIMIT ?", subject, limit)
    return [_recorded(row) for row in rows]


async def happened_to(subject: str, limit: int, before: int | None = None) -> list[Recorded]:
    """What was recorded of one subject, the newest first; only what is older than the event with the id `before`."""
    edge = before or 1 << _SHIFT
    rows = await db.fetch("SELECT * FROM event WHERE subject = ? AND id < ? ORDER BY id DESC LIMIT ?", subject, edge, limit)
    return [_recorded(row) for row in rows]


async def cursor(consumer: str) -> int:
    """How far a consumer has come; 0 at its beginning."""
    rows = await db.fetch("SELECT position FROM event_cursor WHERE consumer = ?", consumer)
    return int(rows[0]["position"]) if rows else 0


async def move_cursor(consumer: str, position: int) -> None:
    """Say how far a consumer has come, in the transaction of what it did."""
    await db.execute(
        "INSERT INTO event_cursor (consumer, position) VALUES (?, ?) "
        "ON CONFLICT (consumer) DO UPDATE SET position = excluded.position",
        consumer,
        str(position),
    )


async def seen_by_all() -> tuple[int, int] | None:
    """(transaction, id) of the latest event that every consumer has seen; None: there is no consumer yet."""
    rows = await db.fetch("SELECT position FROM event_cursor")
    if not rows:
        return None
    position = min(int(row["position"]) for row in rows)
    return position >> _SHIFT, position & ((1 << _SHIFT) - 1)


async def settle_restored() -> bool:
    """After a dump was loaded into another PostgreSQL cluster, whose transactions count anew: true when that was so.

    Its events would look as if they were still to come.  They become settled, in the order of their ids, and each consumer goes
    back to the first that it had not seen: at least once, as always.  Call it at the start, before anything is recorded.
    """
    if db.engine() is Engine.SQLITE:
        return False
    async with db.transaction():
        found = await db.fetch(
            "SELECT 1 AS one FROM event WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint LIMIT 1"
        )
        if not found:
            return False
        for row in await db.fetch("SELECT consumer, position FROM event_cursor ORDER BY consumer"):
            position = int(row["position"])
            unseen = await db.fetch(
                "SELECT min(id) AS first FROM event WHERE (transaction_id, id) > (?, ?)",
                *(position >> _SHIFT, position & ((1 << _SHIFT) - 1)),
            )
            newest_id = (await db.fetch("SELECT max(id) AS last FROM event"))[0]["last"]
            await move_cursor(row["consumer"], (unseen[0]["first"] or newest_id + 1) - 1)
        await db.execute("UPDATE event SET transaction_id = 0")
    return True


async def lags() -> dict[str, float]:
    """Seconds since the oldest event that each consumer has still to see; 0 for one that saw all."""
    found: dict[str, float] = {}
    for row in await db.fetch("SELECT consumer, position FROM event_cursor ORDER BY consumer"):
        waiting = await feed(int(row["position"]), 1)
        found[row["consumer"]] = max((db.now() - waiting[0].recorded_at).total_seconds(), 0.0) if waiting else 0.0
    return found


async def latest(limit: int, sites: Collection[str] | None = None) -> list[Recorded]:
    """The newest events first, of `sites` (None: all), to show; what is to be missed by nobody reads the `feed`."""
    here, ids = ("", []) if sites is None else (f"WHERE {db.among('site')}", [db.listing(sorted(sites))])
    return [_recorded(row) for row in await db.fetch(f"SELECT * FROM event {here} ORDER BY id DESC LIMIT ?", *ids, limit)]


async def newest() -> int:
    """The position after which everything is still to come."""
    rows = await db.fetch(f"SELECT transaction_id, id FROM event WHERE {_settled()} ORDER BY transaction_id DESC, id DESC LIMIT 1")
    return (rows[0]["transaction_id"] << _SHIFT) | rows[0]["id"] if rows else 0


async def follow(after: int) -> AsyncGenerator[Recorded, None]:
    """Events after a position, for ever: at once when this process commits one, within a second when another does."""
    wake = asyncio.Event()
    _waiting.add(wake)
    try:
        while True:
            wake.clear()
            batch = await feed(after)
            for recorded in batch:
                after = recorded.position
                yield recorded
            if not batch:
                await _wait(wake)
    finally:
        _waiting.discard(wake)


async def _wait(wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await wake.wait()
    except TimeoutError:
        return
