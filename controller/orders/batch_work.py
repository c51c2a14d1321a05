"""What was asked for many orders is done in the background, each in a transaction of its own.

An order is done in the transaction that says so, so that whoever goes on after a crash does none twice; one that is refused keeps
its reason and holds up nobody.
"""

from __future__ import annotations

import asyncio
import logging

from controller import db, events
from controller.errors import DomainError
from controller.orders import batches, tags
from controller.orders.batches import NotUndone
from controller.orders.events import OrderApproved, OrderHeld, OrderTagged, OrderUntagged
from controller.orders.numbers import BATCHES, ORDERS
from controller.orders.seams import seams
from controller.orders.states import Batch, BatchAction, Bulk
from controller.orders.transitions import lock

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
_STEP = 100
_LOOKED_BACK = 100
"""Events of an order, to find who did it last."""
_DID = {
    Bulk.RESUME: OrderHeld.name,
    Bulk.REVIEW: OrderApproved.name,
    Bulk.WITHDRAW: "pick_list_released",
    Bulk.UNTAG: OrderTagged.name,
    Bulk.TAG: OrderUntagged.name,
}
"""What each verb takes back."""


async def run() -> None:
    """For ever."""
    while True:
        try:
            await work()
        except Exception:  # the worker's outermost loop: the next round goes on where this one was
            log.exception("batches of orders stopped; the next round goes on")
        await asyncio.sleep(POLL_SECONDS)


async def work() -> int:
    """Do all that is asked for now, batches in turn; how many orders were looked at."""
    looked = 0
    while rows := await db.fetch("SELECT * FROM order_batch WHERE state = ? ORDER BY id", Batch.RUNNING.value):
        for row in rows:
            looked += await _some(row)
    return looked


async def _some(row: db.Row) -> int:
    items = await db.fetch(
        "SELECT id, order_id FROM order_batch_item WHERE batch_id = ? AND outcome IS NULL ORDER BY id LIMIT ?", row["id"], _STEP
    )
    if not items:
        await batches.end(row["id"], BatchAction.FINISH)
    with events.acting(row["actor"], f"batch:{BATCHES.number(row['id'])}"):
        for item in items:
            await _one(row, item)
    return len(items)


async def _one(batch: db.Row, item: db.Row) -> None:
    async def do() -> None:
        if await _mark(item, "done"):
            if batch["undoes"] is not None:
                await _require_ours(item["order_id"], batch)
            await _act(batch, ORDERS.number(item["order_id"]))

    try:
        await db.in_transaction(do)
    except DomainError as refused:
        await _mark(item, "failed", refused.code, str(refused)[:400])


async def _act(batch: db.Row, order_no: str) -> None:
    action, reason = Bulk(batch["action"]), batch["reason"]
    if action is Bulk.TAG:
        await tags.add(order_no, batch["tag"], reason=reason)
    elif action is Bulk.UNTAG:
        await tags.remove(order_no, batch["tag"], reason=reason)
    else:
        await seams().bulk[action](order_no, reason)


async def _require_ours(order_id: int, batch: db.Row) -> None:
    """Only what the batch that this one takes back itself did.  With the order locked.  Raises NotUndone."""
    await lock([order_id])
    name, number = _DID[Bulk(batch["action"])], ORDERS.number(order_id)
    did = next(
        (
            each
            for each in await events.happened_to(number, _LOOKED_BACK)
            if each.name == name and each.data.get("tag") == batch["tag"]
        ),
        None,
    )
    if did is None or did.cause != f"batch:{BATCHES.number(batch['undoes'])}":
        raise NotUndone(f"{number}: it was not this batch that did it last, or somebody dealt with it since")


async def _mark(item: db.Row, outcome: str, code: str | None = None, message: str | None = None) -> bool:
    """False: somebody else did it."""
    return bool(
        await db.execute(
            "UPDATE order_batch_item SET outcome = ?, code = ?, message = ? WHERE id = ? AND outcome IS NULL",
            *(outcome, code, message, item["id"]),
        )
    )
