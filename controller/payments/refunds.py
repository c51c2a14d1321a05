"""Money that goes back: asked for, above a limit approved by a second person, then done by the provider or by hand.

The amount is set apart by a conditional UPDATE when it is asked for, so that two refunds at once never exceed what was captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller import events
from controller.db import Row, execute, fetch, now, transaction
from controller.errors import Conflict
from controller.payments.calls import Action, Answer, Asked, ask, call_row, change, open_calls, succeed, task_key, withdraw
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import BadPayment, NotRefundable, SecondPersonNeeded
from controller.payments.events import RefundAsked, RefundDecided
from controller.payments.ledger import keep_state, lock_due, payment_row
from controller.payments.numbers import PAYMENTS, REFUNDS
from controller.payments.policies import MANUAL, REFUND_LIMIT, Means, needs_second, spread_refund
from controller.payments.states import CallAction, CallState
from controller.payments.stored import Balance, balance_of, balances
from controller.tasks.operations import open_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """`first`: numbers of payments that give back first, in this order; then the latest.  `is_given`: it was handed out already."""

    amount_minor: int
    reason: str
    first: Sequence[str] = ()
    is_given: bool = False


async def limit_of(currency: str) -> int:
    """Minor units above which a second person is needed."""
    rows = await fetch("SELECT minor FROM refund_limit WHERE currency = ?", currency)
    return int(rows[0]["minor"]) if rows else REFUND_LIMIT


async def set_refund_limit(currency: str, minor: int) -> None:
    """Raises BadPayment."""
    if minor < 0:
        raise BadPayment(f"a limit of {minor}: expected 0 or more")
    await execute(
        "INSERT INTO refund_limit (currency, minor) VALUES (?, ?) ON CONFLICT (currency) DO UPDATE SET minor = excluded.minor",
        *(currency, minor),
    )


async def refund(order_id: int, wanted: Refund) -> list[str]:
    """Ask for money to go back; the refunds' numbers, one per payment.  Records RefundAsked.

    What was refunded of the order without a second person counts towards the limit.
    Raises NotFound, NotRefundable, BadPayment, CardNumberRefused, SecondPersonNeeded (given out already, above the limit).
    """
    refuse_card_numbers({"reason": wanted.reason})
    if not wanted.reason.strip():
        raise BadPayment("a refund has a reason")
    async with transaction():
        await lock_due(order_id)
        balance = await balance_of(order_id)
        first = [PAYMENTS.row_id(number) for number in wanted.first]
        plan = spread_refund([payment.paid for payment in balance.payments], wanted.amount_minor, first)
        is_above = wanted.amount_minor + await _unapproved(order_id) > await limit_of(balance.currency)
        return [await _ask(balance, payment_id, part, wanted, is_above=is_above) for payment_id, part in plan]


async def _unapproved(order_id: int) -> int:
    rows = await fetch(
        "SELECT coalesce(sum(c.amount_minor), 0) AS minor FROM payment_call c JOIN payment p ON p.id = c.payment_id "
        "WHERE p.order_id = ? AND c.action = ? AND c.approved_by IS NULL AND c.state NOT IN (?, ?)",
        *(order_id, Action.REFUND.value, CallState.FAILED.value, CallState.WITHDRAWN.value),
    )
    return int(rows[0]["minor"])


async def _ask(balance: Balance, payment_id: int, amount: int, wanted: Refund, *, is_above: bool) -> str:
    payment = await payment_row(payment_id)
    state = CallState.PROPOSED if is_above else _begun(payment)
    call_id = await ask(
        Asked(payment_id=payment_id, action=Action.REFUND, amount_minor=amount, reason=wanted.reason.strip(), state=state)
    )
    if call_id is None:
        raise NotRefundable(wanted.amount_minor, wanted.amount_minor - amount)
    number = REFUNDS.number(call_id)
    event = RefundAsked(
        refund=number,
        payment=PAYMENTS.number(payment_id),
        amount_minor=amount,
        currency=balance.currency,
        reason=wanted.reason.strip(),
        state=state.value,
    )
    await events.record(event, subject=balance.order_no, site=balance.site)
    if wanted.is_given and is_above:
        raise SecondPersonNeeded(number)
    await _go_on(await call_row(call_id), balance, is_given=wanted.is_given)
    return number


def _begun(payment: Row) -> CallState:
    """People give back what people took; accounts and providers do it by themselves."""
    by_itself = payment["provider"] != MANUAL or payment["means"] == Means.ACCOUNT.value
    return CallState.WAITING if by_itself else CallState.BY_HAND


async def _go_on(call: Row, balance: Balance, *, is_given: bool = False) -> None:
    """What can be done at once is; a person is asked for the rest."""
    payment = await payment_row(call["payment_id"])
    state = CallState(call["state"])
    if (state is CallState.WAITING and payment["provider"] == MANUAL) or (state is CallState.BY_HAND and is_given):
        await succeed(call["id"], Answer(amount_minor=call["amount_minor"]))
    elif state in (CallState.BY_HAND, CallState.PROPOSED):
        kind = "refund_to_approve" if state is CallState.PROPOSED else "refund_by_hand"
        words = {
            "order": balance.order_no,
            "refund": REFUNDS.number(call["id"]),
            "means": payment["means"],
            "amount_minor": call["amount_minor"],
            "currency": balance.currency,
        }
        await open_task(kind, site=balance.site, key=task_key(call["id"]), subject=balance.order_no, arguments=words)


async def approve(refund_no: str) -> None:
    """A second person agrees.  Records RefundDecided.  Raises NotFound, SecondPersonNeeded, IllegalTransition, Conflict."""
    await _decide(refund_no, approved=True)


async def decline(refund_no: str) -> None:
    """Nothing goes back: somebody does not agree, or who asked takes it back.  Records RefundDecided.  Raises as `approve`."""
    await _decide(refund_no, approved=False)


async def _decide(refund_no: str, *, approved: bool) -> None:
    who = events.actor().actor
    async with transaction():
        call, payment = await _refund_row(refund_no)
        if approved and not needs_second(call["asked_by"], who):
            raise SecondPersonNeeded(refund_no)
        if approved:
            by_itself = _begun(payment) is CallState.WAITING
            state = await change(call, CallAction.APPROVE if by_itself else CallAction.HAND_OVER)
            await execute("UPDATE payment_call SET approved_by = ? WHERE id = ?", who, call["id"])
        else:
            state = CallState.WITHDRAWN if await withdraw(call) else None
        if state is None:
            raise Conflict(f"{refund_no} was decided by somebody else just now")
        balance = await balance_of(payment["order_id"])
        event = RefundDecided(refund=refund_no, approved=approved, state=state.value)
        await events.record(event, subject=balance.order_no, site=balance.site)
        if approved:
            await _go_on(await call_row(call["id"]), balance)


async def confirm_by_hand(refund_no: str, note: str | None = None) -> None:
    """Somebody gave the money back: cash, a transfer.  Raises NotFound, Conflict, CardNumberRefused."""
    refuse_card_numbers({"note": note})
    async with transaction():
        call, _ = await _refund_row(refund_no)
        if call["state"] == CallState.DONE.value:
            return
        if call["state"] != CallState.BY_HAND.value:
            raise Conflict(f"{refund_no} is {call['state']}: only what is to be given back by hand is confirmed by hand")
        await succeed(call["id"], Answer(amount_minor=call["amount_minor"], note=note))


async def _refund_row(refund_no: str) -> tuple[Row, Row]:
    """The refund and its payment, with the order's money locked."""
    call = await call_row(REFUNDS.row_id(refund_no))
    payment = await payment_row(call["payment_id"])
    await lock_due(payment["order_id"])
    return await call_row(call["id"]), payment


async def refund_rest(order_id: int, *, reason: str, first: Sequence[str] = ()) -> list[str]:
    """The order ends: nothing is due any more, what was not begun is withdrawn, authorisations are given up, the rest goes back.

    It is the remaining balance that goes back, never a sum worked out anew.  Twice is once; what is captured later goes back too.
    An order of which nobody said what it is to be paid is passed by.  In the caller's transaction, with the order locked.
    """
    async with transaction():
        if order_id not in await balances([order_id]):
            return []
        await lock_due(order_id)
        await execute("UPDATE order_due SET due_minor = 0, ended_at = ? WHERE order_id = ? AND ended_at IS NULL", now(), order_id)
        for call in await open_calls(order_id, Action.AUTHORISE, Action.CAPTURE):
            if call["state"] == CallState.WAITING.value:
                await withdraw(call)
        balance = await balance_of(order_id)
        await keep_state(balance)
        for payment in balance.payments:
            row = await payment_row(payment.id)
            left = row["authorised_minor"] - row["voided_minor"] - row["captured_minor"] - row["capturing_minor"]
            if payment.authorises_first and left > 0:
                call_id = await ask(Asked(payment_id=payment.id, action=Action.VOID, amount_minor=left, reason=reason))
                if call_id is not None and payment.provider == MANUAL:
                    await succeed(call_id, Answer(amount_minor=left))
        rest = sum(payment.sums.refundable for payment in balance.payments)
        return await refund(order_id, Refund(amount_minor=rest, reason=reason, first=first)) if rest else []


async def refund_ended(order_id: int) -> None:
    """What was authorised or captured for an order after it ended goes back, too.  In the caller's transaction."""
    found = (await balances([order_id])).get(order_id)
    if found is not None and found.is_ended:
        await refund_rest(order_id, reason="the order was cancelled before")
