"""The reconciler: goes through all numbers in small steps, for ever, and reports; it never corrects.

Each step is one short read (`controller.proofs.proving`).  A difference is kept in `reconciliation_difference`, one open for each
number, and is a task for the office; when a later run does not see it any more, it is gone and its task closed.  What a manager
may do about one is in `controller.proofs.settling`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from controller import db, events
from controller.db import Engine
from controller.proofs import seals
from controller.proofs.events import DifferenceFound
from controller.proofs.proving import LAST, PROOFS, Difference, Proof, wrong
from controller.tasks.operations import close_tasks, open_task

log = logging.getLogger(__name__)

SKUS_AT_ONCE = 100
"""At first; then as many as a step of `STEP_SECONDS` takes."""
FEWEST_SKUS, MOST_SKUS = 20, 1000
STEP_SECONDS = {Engine.SQLITE: 0.015, Engine.POSTGRES: 0.1}
"""On SQLite, a step is how long a writer may have to wait; on PostgreSQL nobody waits."""
BLOCKS_AT_ONCE = 2
PAUSE_SECONDS = 0.002
"""Between steps: whoever waited for the database or for the loop has its turn."""
EVERY_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """`numbers`: SKUs and seals that were looked at; `finished_at` None: it goes on, or was ended before it came through."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    numbers: int
    differences: int


@dataclass(slots=True)
class Reconciler:
    """`proofs`: the ledger's own, and those of features whose documents still owe goods."""

    proofs: Sequence[Proof] = PROOFS
    pause: float = PAUSE_SECONDS

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.full_pass()
            except Exception:  # the worker's outermost loop: a full disk, say, ends nothing else
                log.exception("the reconciler did not come through; it begins again")
            await asyncio.sleep(EVERY_SECONDS)

    async def full_pass(self) -> Run:
        """All numbers once.  Records DifferenceFound for each that is new."""
        rows = await db.fetch(
            "INSERT INTO reconciliation (started_at, numbers, differences) VALUES (?, 0, 0) RETURNING id", db.now()
        )
        run = int(rows[0]["id"])
        numbers, found = await self._numbers(run)
        blocks, broken = await self._seals(run)
        await _forget_gone(run)
        await db.execute(
            "UPDATE reconciliation SET finished_at = ?, numbers = ?, differences = ? WHERE id = ?",
            *(db.now(), numbers + blocks, found + broken, run),
        )
        return (await runs(limit=1))[0]

    async def _numbers(self, run: int) -> tuple[int, int]:
        """How many SKUs there were, and how many differences."""
        after = skus = found = 0
        size = SKUS_AT_ONCE
        while True:
            rows = await db.fetch("SELECT id FROM sku WHERE id > ? ORDER BY id LIMIT ?", after, size)
            upto = rows[-1]["id"] if len(rows) == size else LAST
            slowest = 0.0
            for proof in self.proofs:
                began = perf_counter()
                differences = await wrong(proof, after, upto)
                slowest = max(slowest, perf_counter() - began)
                await report(run, differences)
                found += len(differences)
                await asyncio.sleep(self.pause)
            skus += len(rows)
            if upto == LAST:
                return skus, found
            after, size = upto, next_size(size, slowest)

    async def _seals(self, run: int) -> tuple[int, int]:
        after = blocks = found = 0
        while True:
            seen, broken = await seals.verify(after=after, limit=BLOCKS_AT_ONCE)
            if not seen:
                return blocks, found
            await report(
                run,
                [
                    Difference(kind="seal", label=f"{each.block}/{each.what}", stored=each.entry or 0, expected=each.block)
                    for each in broken
                ],
            )
            blocks, found, after = blocks + len(seen), found + len(broken), seen[-1].number
            await asyncio.sleep(self.pause)


def next_size(size: int, seconds: float) -> int:
    """How many SKUs the next step has, when one of `size` took so long; it grows slowly and shrinks at once."""
    return min(max(FEWEST_SKUS, int(size * min(STEP_SECONDS[db.engine()] / max(seconds, 1e-6), 1.5))), MOST_SKUS)


async def report(run: int, differences: Sequence[Difference]) -> None:
    """Keep what was found; a number that is wrong already stays one difference.  What somebody noted as known is not told again."""
    for each in differences:
        async with db.transaction():
            noted = await db.fetch(
                "SELECT 1 AS one FROM reconciliation_difference "
                "WHERE key = ? AND how = 'noted' AND stored = ? AND expected = ? LIMIT 1",
                *(each.key[:160], each.stored, each.expected),
            )
            if not noted:
                await _report(run, each)


async def _report(run: int, found: Difference) -> None:
    instant = db.now()
    rows = await db.fetch(
        "INSERT INTO reconciliation_difference "
        "(run_id, kind, key, sku_id, site, location_id, lot_id, stored, expected, state, found_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (key) WHERE state = 'open' "
        "DO UPDATE SET run_id = excluded.run_id, stored = excluded.stored, expected = excluded.expected RETURNING id, found_at",
        *(run, found.kind, found.key[:160], found.sku_id, found.site, found.location_id, found.lot_id),
        *(found.stored, found.expected, instant),
    )
    if rows[0]["found_at"] != instant:
        return
    number = int(rows[0]["id"])
    named = await db.fetch("SELECT code FROM sku WHERE id = ?", found.sku_id)
    sku = named[0]["code"] if named else ""
    arguments = {"difference": number, "what": found.kind, "sku": sku, "stored": found.stored, "expected": found.expected}
    key = f"difference:{found.key[:160]}"
    await open_task("stock_difference", site=found.site, key=key, subject=sku or found.label, arguments=arguments)
    told = DifferenceFound(kind=found.kind, sku_id=found.sku_id, stored=found.stored, expected=found.expected)
    await events.record(told, subject=f"difference:{number}", site=found.site)


async def _forget_gone(run: int) -> None:
    """What this run did not see any more is gone."""
    rows = await db.fetch("SELECT id, key FROM reconciliation_difference WHERE state = 'open' AND run_id < ?", run)
    for row in rows:
        async with db.transaction():
            await close(row["id"], row["key"], state="gone", by=None, how=None)


async def close(difference: int, key: str, *, state: str, by: str | None, how: str | None) -> bool:
    """Whether it was open until now.  Its task is done."""
    closed = await db.execute(
        "UPDATE reconciliation_difference SET state = ?, settled_at = ?, settled_by = ?, how = ? WHERE id = ? AND state = 'open'",
        *(state, db.now(), by, how, difference),
    )
    if closed:
        await close_tasks(f"difference:{key}")
    return bool(closed)


async def runs(*, limit: int = 50, before: int = LAST) -> list[Run]:
    """The newest first."""
    rows = await db.fetch(
        "SELECT id, started_at, finished_at, numbers, differences FROM reconciliation WHERE id < ? ORDER BY id DESC LIMIT ?",
        *(before, limit),
    )
    return [Run(**row) for row in rows]
