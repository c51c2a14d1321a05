"""What a provider, or a person, is to do: written with the decision, its amount set apart; done once, whoever tells that it is."""

# ruff: noqa: S608 -- what is put into the texts is names of states of ours; values are parameters
from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller import events
from controller.db import Row, execute, fetch, now, transaction
from controller.errors import NotFound
from controller.payments import accounts
from controller.payments.events import PaymentCallFailed
from controller.payments.ledger import Movement, book, hold_capture, hold_refund, let_go, payment_row
from controller.payments.numbers import PAYMENTS, REFUNDS
from controller.payments.policies import EntryKind, Means
from controller.payments.states import CALL, OPEN, CallAction, CallState
from controller.payments.stored import balance_of
from controller.payments.waking import wake
from controller.states import advance
from controller.tasks.operations import close_tasks, open_task

MAX_ERROR = 400


class Action(StrEnum):
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"


KIND = {
    Action.AUTHORISE: EntryKind.AUTHORISED,
    Action.CAPTURE: EntryKind.CAPTURED,
    Action.REFUND: EntryKind.REFUNDED,
    Action.VOID: EntryKind.VOIDED,
}


def kind_of(call: Row, payment: Row) -> EntryKind:
    """What a call's success is: where means have no authorisation, what was asked to be authorised is captured."""
    action = Action(call["action"])
    return EntryKind.CAPTURED if action is Action.AUTHORISE and not payment["authorises_first"] else KIND[action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """That it was done: `event_id` is the provider's id of the movement, the same in its answer and in its callback."""

    amount_minor: int
    event_id: str | None = None
    occurred_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be asked of whom."""

    payment_id: int
    action: Action
    amount_minor: int
    reason: str = ""
    state: CallState = CallState.WAITING


async def ask(asked: Asked) -> int | None:
    """Write it down and set its amount apart, in the caller's transaction; its row's id.  None: what is there does not cover it."""
    is_covered = True
    if asked.action in (Action.CAPTURE, Action.VOID):
        is_covered = await hold_capture(asked.payment_id, asked.amount_minor)
    elif asked.action is Action.REFUND:
        is_covered = await hold_refund(asked.payment_id, asked.amount_minor)
    if not is_covered:
        return None
    rows = await fetch(
        "INSERT INTO payment_call (payment_id, action, amount_minor, key, state, tries, next_at, reason, asked_by, created_at) "
        "VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?) RETURNING id",
        *(asked.payment_id, asked.action.value, asked.amount_minor, f"sw-{secrets.token_hex(12)}", asked.state.value, now()),
        *(asked.reason[:200], events.actor().actor, now()),
    )
    wake()
    return int(rows[0]["id"])


async def call_row(call_id: int) -> Row:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM payment_call WHERE id = ?", call_id)
    if not rows:
        raise NotFound(REFUNDS.what, REFUNDS.number(call_id))
    return rows[0]


async def change(call: Row, action: CallAction) -> CallState | None:
    """Move a call from the state it was read in; None when somebody else moved it meanwhile.  Raises IllegalTransition."""
    new = advance(CALL, CallState(call["state"]), action)
    changed = await execute(
        "UPDATE payment_call SET state = ?, done_at = CASE WHEN ? IN ('done', 'failed', 'withdrawn') THEN ? ELSE done_at END "
        "WHERE id = ? AND state = ?",
        *(new.value, new.value, now(), call["id"], call["state"]),
    )
    return new if changed else None


async def succeed(call_id: int, answer: Answer) -> bool:
    """It was done: what was set apart is booked.  False when that was known.  Raises NotCovered."""
    async with transaction():
        rows = await fetch(
            f"UPDATE payment_call SET state = 'done', done_at = ?, error = NULL WHERE id = ? AND state IN ({_OPEN}) RETURNING *",
            *(now(), call_id),
        )
        if not rows:
            return False
        call = rows[0]
        kind = kind_of(call, await payment_row(call["payment_id"]))
        if kind is KIND[Action(call["action"])]:
            await let_go(call["payment_id"], kind, call["amount_minor"])
        await _on_account(call, kind)
        await book(
            Movement(
                payment_id=call["payment_id"],
                kind=kind,
                amount_minor=answer.amount_minor,
                occurred_at=answer.occurred_at,
                event_id=answer.event_id or call["key"],
                note=answer.note or call["reason"] or None,
            )
        )
        await close_tasks(task_key(call["id"]))
    return True


_OPEN = ", ".join(f"'{state.value}'" for state in sorted(OPEN))


async def _on_account(call: Row, kind: EntryKind) -> None:
    payment = await payment_row(call["payment_id"])
    if kind is EntryKind.REFUNDED and payment["means"] == Means.ACCOUNT.value:
        customer = (await balance_of(payment["order_id"])).customer_id
        if customer is not None:
            await accounts.credit(customer, payment["currency"], call["amount_minor"], document=REFUNDS.number(call["id"]))


async def refuse(call: Row, error: str) -> None:
    """The provider said no, for good: what was set apart is free, and a person is asked.  Records PaymentCallFailed."""
    async with transaction():
        if await change(call, CallAction.REFUSE) is None:
            return
        await execute("UPDATE payment_call SET error = ? WHERE id = ?", error[:MAX_ERROR], call["id"])
        kind = KIND[Action(call["action"])]
        await let_go(call["payment_id"], kind, call["amount_minor"])
        await book(
            Movement(payment_id=call["payment_id"], kind=EntryKind.FAILED, amount_minor=call["amount_minor"], note=error[:200])
        )
        await report(call, error)


async def report(call: Row, error: str) -> None:
    """A person is told that a call failed, or that nobody knows what became of it.  Records PaymentCallFailed."""
    balance = await balance_of((await payment_row(call["payment_id"]))["order_id"])
    number = PAYMENTS.number(call["payment_id"])
    event = PaymentCallFailed(payment=number, action=call["action"], amount_minor=call["amount_minor"], error=error[:200])
    await events.record(event, subject=balance.order_no, site=balance.site)
    words = {"order": balance.order_no, "payment": number, "action": call["action"], "error": error[:200]}
    await open_task("payment_failed", site=balance.site, key=task_key(call["id"]), subject=balance.order_no, arguments=words)


async def withdraw(call: Row) -> bool:
    """It is not to be done any more, and was not begun; False when it was meanwhile.  Raises IllegalTransition."""
    async with transaction():
        if await change(call, CallAction.WITHDRAW) is None:
            return False
        await let_go(call["payment_id"], KIND[Action(call["action"])], call["amount_minor"])
        await close_tasks(task_key(call["id"]))
    return True


def task_key(call_id: int) -> str:
    return f"payment:{REFUNDS.number(call_id)}"


async def open_calls(order_id: int, *actions: Action) -> list[Row]:
    """What may still happen to an order's money, the oldest first."""
    marks = ", ".join("?" * len(actions))
    return await fetch(
        f"SELECT c.* FROM payment_call c JOIN payment p ON p.id = c.payment_id WHERE p.order_id = ? AND c.state IN ({_OPEN}) "
        f"AND c.action IN ({marks}) ORDER BY c.id",
        *(order_id, *(action.value for action in actions)),
    )
