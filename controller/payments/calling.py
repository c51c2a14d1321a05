"""The worker that calls providers: what waits is called once, under its key; whose answer was lost is asked for, again and again.

A call is CALLING in the database before it is made.  A process that dies then leaves it so: after its lease it is asked for.
"""

# ruff: noqa: S608 -- what is put into the texts is a clause of ours; values are parameters
from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from random import Random

from controller import db, events
from controller.payments import calls, providers
from controller.payments.callbacks import retry_waiting
from controller.payments.calls import Answer
from controller.payments.ledger import payment_row
from controller.payments.policies import MANUAL
from controller.payments.providers import NeverHappened, Refused, Told, Unanswered, Unconfigured, Wanted
from controller.payments.refunds import refund_ended
from controller.payments.states import CallAction, CallState
from controller.payments.stored import balance_of
from controller.payments.waking import woken
from edge_agent.seams import failpoint

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than any one call takes."""
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 600.0
TELL_AFTER = 8
"""Tries after which a person is told that nobody knows."""
LOOK_SECONDS = 1.0
LANES = 4
"""Calls that a process makes at once."""


async def run(random: Random) -> None:
    """Call what is due, for ever: several at once, as a provider that does not answer must not hold up the money of others."""
    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(_lane(random))


async def _lane(random: Random) -> None:
    with woken() as wake:
        while True:
            wake.clear()
            try:
                while await call_next(random):
                    pass
            except Exception:  # the worker's outermost loop: the database may be away
                log.exception("calls to payment providers could not be looked up; it is tried again")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await wake.wait()
            except TimeoutError:
                continue


async def call_next(random: Random) -> bool:
    """Make the first call that is due, or ask what became of it; whether there was one."""
    row = await db.in_transaction(_claim)
    if row is None:
        return False
    payment = await payment_row(row["payment_id"])
    with events.acting("system", row["key"]):
        try:
            told = await _exchange(row, payment)
            failpoint("ctl.payment_called_before_commit")
            await db.in_transaction(lambda: _settle(row, payment, told))
        except Refused as error:
            await calls.refuse(row, str(error))
        except Unconfigured as error:
            await (calls.refuse(row, str(error)) if _is_new(row) else _later(row, CallAction.LOSE, str(error), random))
        except NeverHappened as error:
            await _later(row, CallAction.MISS, str(error), random)
        except Unanswered as error:
            await _later(row, CallAction.LOSE, str(error), random)
        except Exception as error:  # one call that breaks our code must not block those behind it
            if db.is_of_the_database(error):
                raise
            log.exception("an answer of a payment provider could not be taken in", extra={"call": row["key"]})
            await _later(row, CallAction.LOSE, f"{type(error).__name__}: {error}", random)
    return True


async def _claim() -> db.Row | None:
    """Ours until the lease ends.  What waits is to be called; what was being called, by whoever, is to be asked for."""
    skip = " FOR UPDATE OF c SKIP LOCKED" if db.engine() is db.Engine.POSTGRES else ""
    due = (CallState.WAITING.value, CallState.CALLING.value, CallState.ASKING.value)
    rows = await db.fetch(
        "UPDATE payment_call SET state = CASE WHEN state = 'waiting' THEN 'calling' ELSE 'asking' END, tries = tries + 1, "
        "next_at = ? WHERE id = (SELECT c.id FROM payment_call c JOIN payment p ON p.id = c.payment_id WHERE c.state IN (?, ?, ?) "
        f"AND c.next_at <= ? AND p.provider <> ? ORDER BY c.next_at, c.id LIMIT 1{skip}) AND next_at <= ? RETURNING *",
        *(db.now() + LEASE, *due, db.now(), MANUAL, db.now()),
    )
    return rows[0] if rows else None


async def _exchange(row: db.Row, payment: db.Row) -> Told:
    if row["state"] == CallState.ASKING.value:
        return await providers.ask_for(payment["provider"], row["key"])
    wanted = Wanted(
        key=row["key"],
        action=row["action"],
        order=(await balance_of(payment["order_id"])).order_no,
        payment=payment["reference"],
        amount_minor=row["amount_minor"],
        currency=payment["currency"],
    )
    return await providers.do(payment["provider"], wanted)


def _is_new(row: db.Row) -> bool:
    """Nothing was sent before."""
    return bool(row["state"] == CallState.CALLING.value)


async def _settle(row: db.Row, payment: db.Row, told: Told) -> None:
    if told.payment is not None:
        await db.execute(
            "UPDATE payment SET reference = ?, pay_url = coalesce(?, pay_url) WHERE id = ? AND reference IS NULL",
            *(told.payment, told.pay_url, payment["id"]),
        )
    if told.status == "pending":
        await _pending(row)
    else:
        amount = row["amount_minor"] if told.amount_minor is None else told.amount_minor
        await calls.succeed(row["id"], Answer(amount_minor=amount, event_id=told.id))
    if told.payment is not None:
        await retry_waiting(payment["provider"], told.payment)
    await refund_ended((await payment_row(payment["id"]))["order_id"])


async def _pending(row: db.Row) -> None:
    """The provider has it, and tells by a callback what becomes of it: it is asked for now and then in case that never comes."""
    await db.execute(
        "UPDATE payment_call SET state = ?, error = NULL, next_at = ? WHERE id = ? AND state IN (?, ?)",
        *(CallState.ASKING.value, db.now() + timedelta(minutes=5), row["id"]),
        *(CallState.CALLING.value, CallState.ASKING.value),
    )


async def _later(row: db.Row, action: CallAction, what: str, random: Random) -> None:
    pause = min(FIRST_PAUSE * 2.0 ** (row["tries"] - 1), LONGEST_PAUSE)

    async def write() -> None:
        if await calls.change(row, action) is None:
            return  # a callback was quicker
        await db.execute(
            "UPDATE payment_call SET next_at = ?, error = ? WHERE id = ?",
            *(db.now() + timedelta(seconds=random.uniform(pause / 2, pause)), what[: calls.MAX_ERROR], row["id"]),
        )
        if row["tries"] == TELL_AFTER:
            await calls.report(row, what)

    log.info("a payment provider did not do what was asked: %s", what, extra={"call": row["key"]})
    await db.in_transaction(write)
