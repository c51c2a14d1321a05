"""The outbox's worker: what waits is tried, again and again with pauses that grow; what cannot be sent is somebody's task.

At least once, with the same message id: a kill between the supplier's yes and our commit sends it once more.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from random import Random

from controller import db, events
from controller.errors import DomainError
from controller.purchasing import answers
from controller.purchasing.config import Purchasing
from controller.purchasing.delivering import NotDelivered, Parcel, deliver
from controller.purchasing.events import SendingFailed
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.operations import mark_sent
from controller.purchasing.outbox import claim_due, queue_cancel, woken
from controller.purchasing.papers import Paper
from controller.purchasing.policies import Channel
from controller.purchasing.queries import paper_of
from controller.purchasing.settling import lock_orders
from controller.purchasing.states import SENDING, OrderState, SendingAction, SendingState
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task
from edge_agent.seams import failpoint

log = logging.getLogger(__name__)

MAX_TRIES = 12
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 6 * 3600.0
LEASE = timedelta(minutes=5)
"""Longer than any one try takes; then another process may try."""
LOOK_SECONDS = 1.0


async def run(config: Purchasing, random: Random) -> None:
    """Send what is due, for ever."""
    with woken() as wake:
        while True:
            wake.clear()
            try:
                while await send_next(config, random):
                    pass
            except Exception:  # the worker's outermost loop: the database may be away
                log.exception("orders to suppliers could not be looked up; it is tried again")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await wake.wait()
            except TimeoutError:
                continue


async def send_next(config: Purchasing, random: Random) -> bool:
    """Try the first sending that is due; whether there was one."""
    row = await db.in_transaction(lambda: claim_due(db.now() + LEASE))
    if row is None:
        return False
    no = PURCHASE_ORDERS.number(row["order_id"])
    try:
        paper = await paper_of(no, config.company, is_cancel=bool(row["is_cancel"]))
        answer = await deliver(_parcel(row, paper), config)
    except NotDelivered as error:
        await _failed(row, no, str(error), is_final=error.is_final, random=random)
    except Exception as error:  # one order that breaks our code must not block those behind it
        if db.is_of_the_database(error):
            raise
        log.exception("an order could not be sent", extra={"order": no})
        await _failed(row, no, f"{type(error).__name__}: {error}", is_final=False, random=random)
    else:
        failpoint("ctl.order_sent_before_commit")
        await sent(row, no, answer)
    return True


def _parcel(row: db.Row, paper: Paper) -> Parcel:
    return Parcel(paper, Channel(row["channel"]), row["address"], row["message_id"])


async def sent(row: db.Row, no: str, answer: bytes) -> None:
    """It is with its supplier, with what that answered at once."""

    async def write() -> None:
        new = advance(SENDING, SendingState.WAITING, SendingAction.SEND)
        changed = await db.execute(
            "UPDATE purchase_sending SET state = ?, sent_at = ?, error = NULL WHERE id = ? AND state = ?",
            *(new.value, db.now(), row["id"], row["state"]),
        )
        if changed:
            await close_tasks(_key(no))
            if not row["is_cancel"]:
                await mark_sent(row["order_id"])
        elif not row["is_cancel"]:
            await _went_out_all_the_same(row)

    with events.acting("system", row["message_id"]):
        await db.in_transaction(write)
        if answer.strip() and not row["is_cancel"]:
            await _take_answer(no, answer)


async def _went_out_all_the_same(row: db.Row) -> None:
    """It was withdrawn while it was on its way: a supplier that has an order which was cancelled must hear of that."""
    orders = await lock_orders([row["order_id"]])
    if orders[row["order_id"]]["state"] == OrderState.CANCELLED.value:
        new = advance(SENDING, SendingState.WITHDRAWN, SendingAction.SEND)
        await db.execute("UPDATE purchase_sending SET state = ?, sent_at = ? WHERE id = ?", new.value, db.now(), row["id"])
        await queue_cancel(orders[row["order_id"]])


async def _take_answer(no: str, answer: bytes) -> None:
    """What they said at once is their confirmation, if it can be read as one."""
    try:
        told = answers.read_answer(answer)
        if told is not None:
            await db.in_transaction(lambda: answers.take(no, told, source="http"))
    except DomainError as error:
        log.warning("a supplier's answer could not be taken in: %s", error, extra={"order": no})


async def _failed(row: db.Row, no: str, what: str, *, is_final: bool, random: Random) -> None:
    """Try again later, unless it is for good: then a person is asked."""
    is_over = is_final or row["tries"] >= MAX_TRIES
    state = advance(SENDING, SendingState.WAITING, SendingAction.FAIL) if is_over else SendingState.WAITING
    pause = min(FIRST_PAUSE * 2.0 ** (row["tries"] - 1), LONGEST_PAUSE)
    next_at = db.now() + timedelta(seconds=random.uniform(pause / 2, pause))

    async def write() -> None:
        changed = await db.execute(
            "UPDATE purchase_sending SET state = ?, error = ?, next_at = ? WHERE id = ? AND state = ?",
            *(state.value, what[:400].replace("\0", "\ufffd"), next_at, row["id"], row["state"]),
        )
        if not changed or not is_over:
            return
        site = await db.fetch("SELECT site_id FROM purchase_order WHERE id = ?", row["order_id"])
        told = SendingFailed(channel=row["channel"], tries=row["tries"], error=what[:200])
        await events.record(told, subject=no, site=site[0]["site_id"])
        words = {"order": no, "error": what[:200]}
        await open_task("purchase_not_sent", site=site[0]["site_id"], key=_key(no), subject=no, arguments=words)

    log.log(logging.WARNING if is_over else logging.INFO, "an order was not delivered: %s", what, extra={"order": no})
    await db.in_transaction(write)


def _key(no: str) -> str:
    return f"purchase_not_sent:{no}"
