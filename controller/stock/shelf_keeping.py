"""Shelves that were not known when goods were taken are looked for again, now and then."""

from __future__ import annotations

import asyncio
import logging
from random import Random

from controller import db
from controller.stock.shelves import SETTLED_AT_ONCE, settle, unsettled

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


async def settle_all() -> int:
    """Every shelf that can be known by now; how many there were."""
    done = 0
    while True:
        known = await db.in_transaction(_some)
        done += known
        if known < SETTLED_AT_ONCE:
            return done


async def _some() -> int:
    return await settle(await unsettled())


async def run(random: Random) -> None:
    """For ever; what fails is tried again the next time."""
    while True:
        try:
            await settle_all()
        except Exception:
            log.exception("looking for shelves failed")
        await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)
