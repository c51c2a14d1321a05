"""Runs as rows: each site's at the start of its business day, and those that people ask for.  Once each, whatever is restarted.

A run is a row before anybody works on it, and is claimed by a conditional UPDATE.  Who stops telling how far it is has lost it.
"""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from controller import db, events
from controller.errors import Conflict
from controller.replenishment import demand
from controller.replenishment.states import Cause
from controller.sites.queries import SiteRow, site, sites

STALE = timedelta(minutes=3)
SITES_AT_ONCE = 25
RETRY = timedelta(minutes=15)
MAX_SITES = 10_000
_wakers: set[asyncio.Event] = set()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that is this process's now.  `day`: the site's business day; `claim`: by which it is ours."""

    id: int
    site_id: str
    day: int
    claim: str


class AlreadyRunning(Conflict):
    code = "replenishment_running"

    def __init__(self, site_id: str) -> None:
        super().__init__(f"a replenishment run of {site_id} is under way: wait for its end")
        self.site = site_id


async def ask(site_id: str) -> int:
    """A person wants a run now; its id.  Raises NotFound, AlreadyRunning."""
    place = await site(site_id)
    run_id = await _insert(place, Cause.PERSON, events.actor().actor)
    if run_id is None:
        raise AlreadyRunning(site_id)
    db.after_commit(_wake)
    return run_id


@contextmanager
def woken() -> Iterator[asyncio.Event]:
    """An event that is set when somebody in this process asks for a run."""
    waker = asyncio.Event()
    _wakers.add(waker)
    try:
        yield waker
    finally:
        _wakers.discard(waker)


def _wake() -> None:
    for waker in _wakers:
        waker.set()


async def _insert(place: SiteRow, cause: Cause, by: str) -> int | None:
    instant = db.now()
    rows = await db.fetch(
        "INSERT INTO replenishment_run (site_id, day, cause, state, claim, done, total, proposals, alerts, started_at, told_at, "
        "started_by) VALUES (?, ?, ?, 'waiting', '', 0, 0, 0, 0, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        *(place.id, demand.business_day(instant, place.time_zone, place.day_starts), cause.value, instant, instant, by),
    )
    return int(rows[0]["id"]) if rows else None


async def begin_nights() -> int:
    """Write down the runs of business days that have begun; how many.  A failed one is tried again after a while."""
    begun = 0
    for place in await sites(limit=MAX_SITES):
        async with db.transaction():
            begun += await _insert(place, Cause.NIGHT, "system") is not None
    await db.execute(
        "UPDATE replenishment_run SET state = 'waiting', done = 0 WHERE state = 'failed' AND cause = 'night' AND ended_at < ? "
        "AND NOT EXISTS (SELECT 1 FROM replenishment_run o "
        "WHERE o.site_id = replenishment_run.site_id AND o.id > replenishment_run.id)",
        db.now() - RETRY,
    )
    return begun


async def claim() -> list[Claimed]:
    """Make what waits, or whose process is gone, this process's; of some sites at once."""
    token = secrets.token_hex(16)
    instant = db.now()
    is_free = "(state = 'waiting' OR (state = 'running' AND told_at < ?))"
    rows = await db.fetch(
        f"UPDATE replenishment_run SET state = 'running', claim = ?, told_at = ?, done = 0 WHERE {is_free} "
        f"AND id IN (SELECT id FROM replenishment_run WHERE {is_free} ORDER BY id LIMIT {SITES_AT_ONCE:d}) "
        "RETURNING id, site_id, day",
        *(token, instant, instant - STALE, instant - STALE),
    )
    return [Claimed(row["id"], row["site_id"], row["day"], token) for row in sorted(rows, key=lambda row: str(row["site_id"]))]
