"""Gives back what nobody confirmed in time, and lets go of carts that ended long ago."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from controller import db
from controller.stock.carts import forget_carts
from controller.stock.holds import EXPIRED_AT_ONCE, expire_due

log = logging.getLogger(__name__)

PERIOD_SECONDS = 2.0
KEPT = timedelta(days=7)


async def run() -> None:
    """For ever.  A grant that would fail does not wait for it (`promises`)."""
    while True:
        try:
            await sweep()
        except Exception:  # the worker's outermost loop: the next round tries again
            log.exception("what expired could not be given back; the next round tries again")
        await asyncio.sleep(PERIOD_SECONDS)


async def sweep() -> int:
    """Everything that is over now, a batch a transaction; how many holds."""
    given_back = 0
    while batch := await db.in_transaction(expire_due):
        given_back += batch
        if batch < EXPIRED_AT_ONCE:
            break
    await forget_carts(db.now() - KEPT)
    return given_back
