"""Clocks of orders: begun and ended with what they measure, and told by a sweep when they are near their end or over it."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from random import Random

from controller import events
from controller.db import Row, among, execute, fetch, listing, now, put, transaction
from controller.orders.numbers import ORDERS
from controller.review.clocks import ClockKind, Term, due, near
from controller.review.events import ClockNear, ClockOver
from controller.review.opening import hours_of, terms_of
from controller.tasks.operations import close_tasks, open_task
from controller.tasks.states import TaskState

AT_ONCE = 200
"""Deadlines that are told in one transaction."""
LOOK_SECONDS = 15.0
NEAR, OVER = 1, 2

log = logging.getLogger(__name__)


async def begin(
    order_id: int,
    kinds: Collection[ClockKind],
    *,
    site: str | None,
    at: datetime,
    terms: Mapping[ClockKind, Term] | None = None,
    over: Collection[ClockKind] = (),
) -> None:
    """Let these clocks of an order run from an instant on; one that runs already goes on.  In the caller's transaction.

    `terms`: those of the site, where they are known.  `over`: what these measure has happened at that very instant.
    """
    terms = await terms_of(site) if terms is None else terms
    hours = await hours_of(site, [terms[kind].counts for kind in kinds])
    rows = []
    for kind in sorted(kinds):
        term = terms[kind]
        until = due(at, term.length, hours, term.counts)
        ended = (at, 0) if kind in over else (None, None)
        rows.append((order_id, site, kind.value, at, near(at, term, hours), until, 0, False, *ended))
    await put(
        "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void, ended_at, took) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (order_id, kind) WHERE ended_at IS NULL DO NOTHING",
        rows,
    )


async def end(order_id: int, kinds: Collection[ClockKind], *, at: datetime, void: bool = False) -> int:
    """What these clocks of an order measure has happened, or (`void`) is not wanted any more; how many ran.

    In the caller's transaction.  Their tasks are closed.
    """
    rows = await fetch(
        f"SELECT id, kind, began_at, told FROM order_clock WHERE order_id = ? AND ended_at IS NULL AND {among('kind')}",
        *(order_id, listing(sorted(kind.value for kind in kinds))),
    )
    for row in rows:
        took = max(int((at - row["began_at"]).total_seconds()), 0)
        await execute(
            "UPDATE order_clock SET ended_at = ?, took = ?, is_void = ? WHERE id = ? AND ended_at IS NULL",
            *(at, took, void, row["id"]),
        )
        if row["told"]:
            state = TaskState.DROPPED if void else TaskState.DONE
            for word in ("near", "over"):
                await close_tasks(_key(word, order_id, row["kind"]), state=state)
    return len(rows)


async def sweep(at: datetime) -> int:
    """Tell of deadlines that are near or over at an instant; how many were told.  What is over is told before what is near.

    Records ClockOver, ClockNear, and opens a task of each; each is told once, whoever sweeps.
    """
    over = "SELECT id FROM order_clock WHERE ended_at IS NULL AND told < 2 AND due_at <= ? ORDER BY due_at LIMIT ?"
    close = (
        "SELECT id FROM order_clock WHERE ended_at IS NULL AND told = 0 AND near_at <= ? AND due_at > ? ORDER BY near_at LIMIT ?"
    )
    told = 0
    while rows := await fetch(over, at, AT_ONCE):
        told += await _tell([row["id"] for row in rows], OVER)
    while rows := await fetch(close, at, at, AT_ONCE):
        told += await _tell([row["id"] for row in rows], NEAR)
    return told


async def _tell(ids: Sequence[int], level: int) -> int:
    async with transaction():
        rows = await fetch(
            f"UPDATE order_clock SET told = ? WHERE {among('id')} AND told < ? AND ended_at IS NULL "
            "RETURNING id, order_id, site, kind, due_at",
            *(level, listing(ids), level),
        )
        for row in sorted(rows, key=lambda row: row["due_at"]):
            await _tell_one(row, level)
    return len(rows)


async def _tell_one(row: Row, level: int) -> None:
    number, kind, until = ORDERS.number(row["order_id"]), row["kind"], row["due_at"].isoformat()
    word = "over" if level == OVER else "near"
    event = ClockOver(kind=kind, due=until) if level == OVER else ClockNear(kind=kind, due=until)
    await events.record(event, subject=number, site=row["site"])
    if level == OVER:
        await close_tasks(_key("near", row["order_id"], kind))
    await open_task(
        f"clock_{kind}_{word}",
        site=row["site"],
        key=_key(word, row["order_id"], kind),
        subject=number,
        arguments={"order": number, "due": until},
        due=row["due_at"],
    )


def _key(word: str, order_id: int, kind: str) -> str:
    return f"clock_{word}:{ORDERS.number(order_id)}/{kind}"


async def run(random: Random) -> None:
    """Tell what is near or over, for ever; what fails is tried again."""
    while True:
        try:
            await sweep(now())
        except Exception:
            log.exception("telling of deadlines failed; the next sweep tries again")
        await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)
