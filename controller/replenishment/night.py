"""The loop that follows demand, begins each night's runs, does those that wait, and keeps the quick alerts fresh."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from random import Random

from controller import db
from controller.replenishment import alerts, demand
from controller.replenishment.finishing import finish
from controller.replenishment.following import FOLLOWER
from controller.replenishment.run import run_sites
from controller.replenishment.runs import MAX_SITES, begin_nights, claim, woken
from controller.replenishment.site_run import SiteRun, TakenOver
from controller.sites.queries import sites

POLL_SECONDS = 2.0
QUICK_SECONDS = 300.0
"""Between two looks at what is low or out."""
_LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)


async def work_off() -> int:
    """Do what waits; how many runs were done."""
    runs = [SiteRun(found.id, found.site_id, found.day, found.claim) for found in await claim()]
    if not runs:
        return 0
    await demand.catch_up()
    try:
        await run_sites(runs)
        for run in runs:
            await finish(run)
    except TakenOver as lost:
        log.warning("a replenishment run was taken over", extra={"site": str(lost)})
    except Exception as error:
        await _fail(runs, error)
        raise
    return len(runs)


async def _fail(runs: Sequence[SiteRun], error: Exception) -> None:
    await db.execute(
        "UPDATE replenishment_run SET state = 'failed', ended_at = ?, error = ? "
        f"WHERE state = 'running' AND claim = ? AND {db.among('id')}",
        *(db.now(), f"{type(error).__name__}: {error}"[:400], runs[0].claim, db.listing(run.id for run in runs)),
    )


async def run(random: Random) -> None:
    """For ever; what fails is tried again after a pause that grows."""
    failures, next_look = 0, 0.0
    pruned: date | None = None
    with woken() as waker:
        while True:
            waker.clear()
            try:
                await FOLLOWER.catch_up()
                while await demand.advance():
                    pass
                await begin_nights()
                await work_off()
                pruned = await prune_daily(pruned)
                if (now := asyncio.get_running_loop().time()) >= next_look:
                    next_look = now + QUICK_SECONDS
                    await refresh_quick()
                failures = 0
            except Exception:
                failures += 1
                log.exception("replenishment failed; it goes on after a pause")
            await _pause(waker, POLL_SECONDS if not failures else random.uniform(0, min(_LONGEST_PAUSE, 2.0**failures)))


async def prune_daily(last: date | None) -> date:
    """Forget old days once a day; the day of the latest time."""
    today = db.now().date()
    if last != today:
        await demand.prune()
    return today


async def refresh_quick() -> None:
    """What is low or out changes with every sale; only sites that have levels have such alerts."""
    for place in await sites(limit=MAX_SITES):
        await alerts.refresh(place.id, demand.business_day(db.now(), place.time_zone, place.day_starts), alerts.QUICK)


async def _pause(waker: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waker.wait()
    except TimeoutError:
        return
