"""Money that a provider asks for and holds: begun, captured, given up; captured as far as it is due when the goods are there."""

from __future__ import annotations

from dataclasses import dataclass

from controller.db import Row, execute, now, transaction
from controller.payments.calls import Action, Answer, Asked, ask, call_row, open_calls, succeed, withdraw
from controller.payments.errors import BadPayment, NotCovered
from controller.payments.ledger import Movement, book, lock_due, payment_row
from controller.payments.numbers import PAYMENTS
from controller.payments.operations import Taking, book_taking, check_amount, new_payment, require_open
from controller.payments.policies import AT_ONCE, MANUAL, EntryKind, Means, PayTerms, fill, largest
from controller.payments.states import CallState
from controller.payments.stored import balance_of, balances


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """Money that a provider is to ask for; `amount_minor` None: what is left to pay, with the tolerance of weighed goods."""

    means: Means
    provider: str
    amount_minor: int | None = None


async def start(order_id: int, starting: Starting) -> str:
    """Let a provider ask for money; the payment's number.  It is authorised when the provider says so.

    Raises NotFound, BadPayment (nothing is left to pay, or the provider is a person), OrderEnded.
    """
    if starting.provider == MANUAL:
        raise BadPayment("what people take by hand is booked when it is there: no provider can be asked for it")
    async with transaction():
        due = await lock_due(order_id)
        require_open(due)
        balance = await balance_of(order_id)
        rest = balance.rest_minor - balance.sums.open_authorised
        amount = largest(rest, due["tolerance_bp"]) if starting.amount_minor is None else starting.amount_minor
        check_amount(amount)
        row = await new_payment(balance, starting.means, starting.provider, authorises_first=starting.means not in AT_ONCE)
        if row is None:
            raise BadPayment("the payment could not be begun")
        await book(Movement(payment_id=row["id"], kind=EntryKind.EXPECTED, amount_minor=amount))
        await ask(Asked(payment_id=row["id"], action=Action.AUTHORISE, amount_minor=amount))
    return PAYMENTS.number(row["id"])


async def capture(payment_no: str, amount_minor: int | None = None) -> None:
    """Take what was authorised, or a part of it.  Raises NotFound, NotCovered, BadPayment, OrderEnded."""
    async with transaction():
        row = await payment_row(PAYMENTS.row_id(payment_no))
        require_open(await lock_due(row["order_id"]))
        row = await payment_row(row["id"])
        amount = _uncaptured(row) if amount_minor is None else amount_minor
        check_amount(amount)
        await _from_authorisation(row, Action.CAPTURE, amount)


async def void(payment_no: str) -> None:
    """Give up what is authorised and not captured.  Nothing left to give up is done already.  Raises NotFound."""
    async with transaction():
        row = await payment_row(PAYMENTS.row_id(payment_no))
        await lock_due(row["order_id"])
        row = await payment_row(row["id"])
        for call in await open_calls(row["order_id"], Action.AUTHORISE):
            if call["payment_id"] == row["id"] and call["state"] == CallState.WAITING.value:
                await withdraw(call)
        if _uncaptured(row) > 0:
            await _from_authorisation(row, Action.VOID, _uncaptured(row))


async def _from_authorisation(row: Row, action: Action, amount: int) -> None:
    call_id = await ask(Asked(payment_id=row["id"], action=action, amount_minor=amount))
    if call_id is None or not row["authorises_first"]:
        raise NotCovered(PAYMENTS.number(row["id"]), action.value, amount)
    if row["provider"] == MANUAL:
        await succeed(call_id, Answer(amount_minor=(await call_row(call_id))["amount_minor"]))


def _uncaptured(row: Row) -> int:
    return int(row["authorised_minor"] - row["voided_minor"] - row["captured_minor"] - row["capturing_minor"])


async def leave(order_id: int) -> None:
    """The goods are on their way: what is authorised is captured as far as it is due, and the rest of it given up.

    An authorisation does not hold for as long as a carrier may take.  Left twice is once; an order of which nobody said what it is
    to be paid is passed by.  In the caller's transaction.
    """
    async with transaction():
        if order_id in await balances([order_id]) and (await lock_due(order_id))["ended_at"] is None:
            await _capture_due(order_id)


async def deliver(order_id: int) -> None:
    """The goods are with the customer: as when they leave, and what is left to pay on delivery was paid to whoever brought them.

    Delivered twice is once; an order of which nobody said what it is to be paid is passed by.  In the caller's transaction.
    """
    async with transaction():
        if order_id not in await balances([order_id]):
            return
        changed = await execute(
            "UPDATE order_due SET delivered_at = ? WHERE order_id = ? AND delivered_at IS NULL AND ended_at IS NULL",
            now(),
            order_id,
        )
        if not changed:
            return
        rest = await _capture_due(order_id)
        balance = await balance_of(order_id)
        if rest and balance.terms is PayTerms.ON_DELIVERY:
            await book_taking(balance, Taking(means=Means.CASH_ON_DELIVERY, amount_minor=rest))


async def _capture_due(order_id: int) -> int:
    """What is left to pay then.  With the order's money locked."""
    balance = await balance_of(order_id)
    rest = max(balance.rest_minor - balance.sums.capturing, 0)
    rooms = [(payment.id, _uncaptured(await payment_row(payment.id))) for payment in balance.payments if payment.authorises_first]
    for payment_id, part in fill(rooms, rest):
        await _from_authorisation(await payment_row(payment_id), Action.CAPTURE, part)
        rest -= part
    for payment_id, _ in rooms:
        if _uncaptured(row := await payment_row(payment_id)) > 0:
            await _from_authorisation(row, Action.VOID, _uncaptured(row))
    return rest
