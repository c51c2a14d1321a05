"""Sealing the ledger: blocks of entries into a chain of hashes, in the background and never in a writer's transaction.

Only what is settled is sealed: no running transaction can still bring an entry with a smaller id.  On PostgreSQL an id is given
before its transaction commits, so the newest id is noted together with the first transaction that had not begun then; once all
before that have ended, everything up to the note is there or never will be (PostgreSQL manual, section 9.28.7,
pg_current_snapshot).  The sealer may die anywhere: a block is one INSERT, and the next sealer goes on after the last one.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller import db
from controller.db import Engine
from controller.proofs.seal_policies import COLUMNS, GENESIS, Broken, differing, seal

log = logging.getLogger(__name__)

BLOCK = 500
"""Entries of a full block: hashing it takes the loop less than 10 ms."""
SEALED_AFTER = timedelta(seconds=60)
"""A block that is not full is sealed when its oldest entry is as old as this."""
PAUSE_SECONDS = 0.1
"""Between full blocks: a backlog of entries takes its turn behind those who write them."""
POLL_SECONDS = 5.0

_ENTRIES = (
    f"SELECT {', '.join('CAST(fact_id AS VARCHAR(36)) AS fact_id' if name == 'fact_id' else name for name in COLUMNS)} "
    "FROM stock_movement WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal; before the first one number 0 and `GENESIS`."""

    number: int = 0
    last_id: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Block:
    """A seal as stored."""

    number: int
    first_id: int
    last_id: int
    entries: int
    previous: str
    hash: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Unsealed:
    """How many entries wait (at most 100,000 are counted), and since when the oldest does, in seconds."""

    entries: int
    age: float


async def head() -> Head:
    rows = await db.fetch("SELECT number, last_id, hash FROM ledger_seal ORDER BY number DESC LIMIT 1")
    return Head(rows[0]["number"], rows[0]["last_id"], rows[0]["hash"]) if rows else Head()


async def unsealed() -> Unsealed:
    last = (await head()).last_id
    rows = await db.fetch("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM stock_movement WHERE id > ? LIMIT 100000) waiting", last)
    oldest = await db.fetch("SELECT recorded_at FROM stock_movement WHERE id > ? ORDER BY id LIMIT 1", last)
    age = max((db.now() - oldest[0]["recorded_at"]).total_seconds(), 0.0) if oldest else 0.0
    return Unsealed(int(rows[0]["n"]), age)


async def blocks(*, after: int = 0, limit: int = 50) -> list[Block]:
    """Seals in order of their numbers."""
    rows = await db.fetch(
        "SELECT number, first_id, last_id, entries, previous, hash, sealed_at FROM ledger_seal "
        "WHERE number > ? ORDER BY number LIMIT ?",
        *(after, limit),
    )
    return [Block(**row) for row in rows]


@dataclass(slots=True)
class Sealer:
    """One per process that has the jobs; several take turns, as a block's number is there once."""

    patience: timedelta = SEALED_AFTER
    _noted: tuple[int, int] | None = None
    _settled: int = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                more = await self.step()
            except Exception:  # the worker's outermost loop: a full disk, say, ends nothing else
                log.exception("entries of the ledger could not be sealed; the next round tries again")
                more = False
            await asyncio.sleep(PAUSE_SECONDS if more else POLL_SECONDS)

    async def step(self) -> bool:
        """Seal the next block, if there is one; whether there may be more."""
        await self._settle()
        last = await head()
        entries = await db.fetch(_ENTRIES, last.last_id, self._settled, BLOCK)
        if not entries or (len(entries) < BLOCK and db.now() - entries[0]["recorded_at"] < self.patience):
            return False
        block = seal(last.hash, entries)
        try:
            await db.execute(
                "INSERT INTO ledger_seal (number, first_id, last_id, entries, previous, hash, digests, sealed_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(last.number + 1, block.first_id, block.last_id, block.entries, block.previous, block.hash, block.digests),
                db.now(),
            )
        except db.ConstraintViolated:
            log.debug("another process sealed block %d", last.number + 1)
        return len(entries) == BLOCK

    async def _settle(self) -> None:
        """Everything up to `_settled` is there, or never will be."""
        if db.engine() is Engine.SQLITE:
            rows = await db.fetch("SELECT COALESCE(MAX(id), 0) AS newest FROM stock_movement")
            self._settled = rows[0]["newest"]
            return
        rows = await db.fetch(
            "SELECT COALESCE(MAX(id), 0) AS newest, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, "
            "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next FROM stock_movement"
        )
        if self._noted is not None and rows[0]["oldest"] >= self._noted[1]:
            self._settled, self._noted = self._noted[0], None
        if self._noted is None:
            self._noted = (rows[0]["newest"], rows[0]["next"])


async def verify(*, after: int = 0, limit: int = 50) -> tuple[list[Block], list[Broken]]:
    """Look at the next seals: whether each follows from the one before and its entries are those that were sealed."""
    found = await blocks(after=after, limit=limit)
    before = await _seal_before(after)
    broken: list[Broken] = []
    for block in found:
        broken += await _verify_block(block, before)
        before = Head(block.number, block.last_id, block.hash)
    return found, broken


async def _seal_before(number: int) -> Head:
    rows = await db.fetch("SELECT number, last_id, hash FROM ledger_seal WHERE number = ?", number)
    return Head(rows[0]["number"], rows[0]["last_id"], rows[0]["hash"]) if rows else Head()


async def _verify_block(block: Block, before: Head) -> list[Broken]:
    if block.number != before.number + 1:
        return [Broken(block.number, None, "block before it is missing")]
    if block.previous != before.hash or block.first_id <= before.last_id:
        return [Broken(block.number, None, "does not follow from the block before it")]
    try:
        entries = await db.fetch(_ENTRIES, before.last_id, block.last_id, 2 * BLOCK + block.entries)
    except ValueError:  # what a column holds is no instant any more
        return [Broken(block.number, None, "an entry cannot be read")]
    if entries and seal(before.hash, entries).hash == block.hash:
        return []
    rows = await db.fetch("SELECT digests FROM ledger_seal WHERE number = ?", block.number)
    found = differing(block.number, block.first_id, bytes(rows[0]["digests"]), entries)
    return found or [Broken(block.number, None, "its hash was changed")]
