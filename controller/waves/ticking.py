"""Waves by themselves: composed when their time has come, made into pick lists once released, done with their last list."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from random import Random

from controller import db
from controller.waves.composing import compose_due
from controller.waves.operations import finish, work_once

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
COMPOSED_EVERY = timedelta(seconds=30)
"""Counting what waits reads all of it: not each second."""
_LONGEST_PAUSE = 30.0


async def run(random: Random) -> None:
    """For ever; what fails is tried again after a pause that grows."""
    failures, looked = 0, None
    while True:
        try:
            looked = await look(looked)
            failures = 0
        except Exception:  # the worker's outermost loop: the database may be away
            failures += 1
            log.exception("waves could not be looked after; it is tried again")
        await asyncio.sleep(LOOK_SECONDS if not failures else random.uniform(LOOK_SECONDS, min(_LONGEST_PAUSE, 2.0**failures)))


async def look(looked: datetime | None) -> datetime:
    """Do what is due by now; when rules were looked at last, given when that was (None: never)."""
    instant = db.now()
    if looked is None or instant - looked >= COMPOSED_EVERY or instant < looked:
        looked = instant
        if composed := await compose_due():
            log.info("waves were composed by their rules", extra={"waves": composed})
    while await work_once():
        pass
    if done := await finish():
        log.info("waves are done", extra={"waves": done})
    return looked
