"""Transfers that are on their way for too long: somebody must look where the goods are."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from random import Random

from controller import db
from controller.tasks.operations import open_task
from controller.transfers.states import TransferState

OVERDUE = timedelta(days=7)
"""Since the last of a transfer left."""
_AT_ONCE = 500
LOOK_SECONDS = 600.0

log = logging.getLogger(__name__)


async def ask_for_overdue(after: timedelta = OVERDUE) -> int:
    """Open a task for each transfer that left more than `after` ago and has not arrived; how many there are.

    What is lost is booked by a person's decision only.
    """
    waiting = (TransferState.SHIPPING.value, TransferState.IN_TRANSIT.value)
    rows = await db.fetch(
        "SELECT t.number, t.from_site, t.to_site, MAX(b.occurred_at) AS left_at, SUM(b.quantity) AS units FROM transfer t "
        "JOIN transfer_booking b ON b.transfer_id = t.id AND b.kind = 'sent' AND NOT b.is_undone WHERE t.state IN (?, ?) "
        "GROUP BY t.id, t.number, t.from_site, t.to_site HAVING MAX(b.occurred_at) < ? ORDER BY t.id LIMIT ?",
        *waiting,
        db.now() - after,
        _AT_ONCE,
    )
    for row in rows:
        key = f"transfer_overdue:{row['number']}"
        if await db.fetch("SELECT 1 FROM task WHERE key = ? AND state IN ('open', 'claimed')", key):
            continue
        told = {"transfer": row["number"], "days": after.days}
        await open_task("transfer_overdue", site=row["to_site"] or row["from_site"], key=key, subject=row["number"], arguments=told)
    return len(rows)


async def run(random: Random) -> None:
    """Look every ten minutes, for ever; what fails is tried again the next time."""
    while True:
        try:
            await ask_for_overdue()
        except Exception:
            log.exception("looking for transfers that are overdue failed")
        await asyncio.sleep(random.uniform(0.5, 1.0) * LOOK_SECONDS)
