"""What an order is to be paid, and money that comes for it.  Each verb locks the order's money (`order_due`), then its payments.

What goes back is in `refunds.py`, what moves with a part of an order in `moving.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.db import Row, execute, fetch, now, savepoint, transaction
from controller.errors import NotFound
from controller.payments import accounts
from controller.payments.calls import Action, Answer, Asked, ask, call_row, open_calls, succeed, withdraw
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import BadPayment, CreditExceeded, NotCovered, OrderEnded, OverTolerance
from controller.payments.events import PaymentDue
from controller.payments.ledger import Movement, book, lock_due, payment_row
from controller.payments.moving import move
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import MANUAL, EntryKind, Means, PayTerms, fill, largest
from controller.payments.refunds import refund_ended, refund_rest
from controller.payments.states import CallState
from controller.payments.stored import Balance, balance_of, balances

__all__ = [
    "Expected",
    "Starting",
    "Taking",
    "capture",
    "deliver",
    "expect",
    "move",
    "refund_rest",
    "set_actual",
    "start",
    "take",
    "void",
]

MOST = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an order is to be paid: minor units of `currency`.  `tolerance_bp`: weighed goods may come to so much more.

    `customer_id`: whose account it is on, when the terms are `account`.
    """

    order_id: int
    order_no: str
    amount_minor: int
    currency: str
    terms: PayTerms = PayTerms.ON_DELIVERY
    site: str | None = None
    customer_id: int | None = None
    tolerance_bp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Money that is here.  `reference`: the terminal's slip, the bank's line, the marketplace's number; once per provider."""

    means: Means
    amount_minor: int
    provider: str = MANUAL
    reference: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """Money that a provider is to ask for; `amount_minor` None: what is left to pay, with the tolerance of weighed goods."""

    means: Means
    provider: str
    amount_minor: int | None = None


async def expect(wanted: Expected) -> None:
    """Say what an order is to be paid; saying it again changes it.  On account, it is charged at once as far as the limit allows.

    In the order's own transaction, with the order locked.  Records PaymentDue.  Raises BadPayment, OrderEnded.
    """
    _check_amount(wanted.amount_minor, least=0)
    if wanted.terms is PayTerms.ACCOUNT and wanted.customer_id is None:
        raise BadPayment(f"{wanted.order_no} is to be paid on account, and has no customer")
    async with transaction():
        rows = await fetch(
            "INSERT INTO order_due (order_id, order_no, site_id, customer_id, currency, due_minor, estimate_minor, tolerance_bp, "
            "terms, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET "
            "site_id = excluded.site_id, customer_id = excluded.customer_id, due_minor = excluded.due_minor, "
            "estimate_minor = excluded.estimate_minor, tolerance_bp = excluded.tolerance_bp, terms = excluded.terms "
            "WHERE order_due.ended_at IS NULL AND order_due.currency = excluded.currency RETURNING order_id",
            *(wanted.order_id, wanted.order_no, wanted.site, wanted.customer_id, wanted.currency, wanted.amount_minor),
            *(wanted.amount_minor, wanted.tolerance_bp, wanted.terms.value, now()),
        )
        if not rows:
            raise OrderEnded(wanted.order_no)
        await _tell_due(wanted.order_id)
        if wanted.terms is PayTerms.ACCOUNT:
            await _charge_rest(wanted.order_id)


async def _tell_due(order_id: int) -> None:
    balance = await balance_of(order_id)
    event = PaymentDue(order_id=order_id, due_minor=balance.due_minor, currency=balance.currency, terms=balance.terms.value)
    await events.record(event, subject=balance.order_no, site=balance.site)


async def _charge_rest(order_id: int) -> None:
    """On account; an account that does not allow it leaves the order unpaid, which holds it up."""
    balance = await balance_of(order_id)
    if balance.rest_minor <= 0:
        return
    try:
        async with savepoint():
            await _take(balance, Taking(means=Means.ACCOUNT, amount_minor=balance.rest_minor))
    except (CreditExceeded, NotFound):
        return


async def set_actual(order_id: int, actual_minor: int) -> None:
    """Weighed goods came to `actual_minor`: that is due now.  Records PaymentDue.  Raises OverTolerance, NotFound, OrderEnded."""
    _check_amount(actual_minor, least=0)
    async with transaction():
        due = await lock_due(order_id)
        _require_open(due)
        most = largest(due["estimate_minor"], due["tolerance_bp"])
        if actual_minor > most:
            raise OverTolerance(due["order_no"], actual_minor, most)
        await execute("UPDATE order_due SET due_minor = ? WHERE order_id = ?", actual_minor, order_id)
        await _tell_due(order_id)
        if due["terms"] == PayTerms.ACCOUNT.value:
            await _charge_rest(order_id)


async def take(order_id: int, taking: Taking) -> str:
    """Book money that is here; the payment's number.  The same reference of a provider again is the same payment.

    More than is due is taken too, and shown; for a cancelled order it goes back.  Records PaymentChanged.
    Raises NotFound, BadPayment, CardNumberRefused, CreditExceeded.
    """
    async with transaction():
        await lock_due(order_id)
        number = await _take(await balance_of(order_id), taking)
        await refund_ended(order_id)
    return number


async def _take(balance: Balance, taking: Taking) -> str:
    _check_amount(taking.amount_minor)
    refuse_card_numbers({"reference": taking.reference, "note": taking.note})
    row = await _new_payment(balance, taking.means, taking.provider, reference=taking.reference)
    if row is None:
        return await _taken_already(balance, taking)
    number = PAYMENTS.number(row["id"])
    if taking.means is Means.ACCOUNT:
        if balance.customer_id is None:
            raise BadPayment(f"{balance.order_no} has no customer, and so no account to charge")
        await accounts.charge(balance.customer_id, balance.currency, taking.amount_minor, document=number)
    await book(
        Movement(
            payment_id=row["id"],
            kind=EntryKind.CAPTURED,
            amount_minor=taking.amount_minor,
            occurred_at=taking.occurred_at,
            note=taking.note,
        )
    )
    return number


async def _new_payment(
    balance: Balance, means: Means, provider: str, *, reference: str | None = None, authorises_first: bool = False
) -> Row | None:
    """None: the provider's reference is taken.  The unique key decides."""
    rows = await fetch(
        "INSERT INTO payment (order_id, means, provider, reference, currency, authorises_first, expected_minor, authorised_minor, "
        "voided_minor, capturing_minor, captured_minor, refunding_minor, refunded_minor, charged_back_minor, settled_minor, "
        "created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING RETURNING *",
        *(balance.order_id, means.value, provider, reference, balance.currency, authorises_first, now(), events.actor().actor),
    )
    return rows[0] if rows else None


async def _taken_already(balance: Balance, taking: Taking) -> str:
    rows = await fetch(
        "SELECT id, order_id, captured_minor FROM payment WHERE provider = ? AND reference = ? AND parent_id IS NULL",
        *(taking.provider, taking.reference),
    )
    row = rows[0]
    if (row["order_id"], row["captured_minor"]) != (balance.order_id, taking.amount_minor):
        raise BadPayment(
            f"reference {taking.reference} of {taking.provider} is {PAYMENTS.number(row['id'])} already, "
            "for another order or with another amount"
        )
    return PAYMENTS.number(row["id"])


async def start(order_id: int, starting: Starting) -> str:
    """Let a provider ask for money; the payment's number.  It is authorised when the provider says so.

    Raises NotFound, BadPayment (nothing is left to pay, or the provider is a person), OrderEnded.
    """
    if starting.provider == MANUAL:
        raise BadPayment("what people take by hand is booked when it is there: no provider can be asked for it")
    async with transaction():
        due = await lock_due(order_id)
        _require_open(due)
        balance = await balance_of(order_id)
        rest = balance.rest_minor - balance.sums.open_authorised
        amount = largest(rest, due["tolerance_bp"]) if starting.amount_minor is None else starting.amount_minor
        _check_amount(amount)
        row = await _new_payment(balance, starting.means, starting.provider, authorises_first=True)
        if row is None:
            raise BadPayment("the payment could not be begun")
        await book(Movement(payment_id=row["id"], kind=EntryKind.EXPECTED, amount_minor=amount))
        await ask(Asked(payment_id=row["id"], action=Action.AUTHORISE, amount_minor=amount))
    return PAYMENTS.number(row["id"])


async def capture(payment_no: str, amount_minor: int | None = None) -> None:
    """Take what was authorised, or a part of it.  Raises NotFound, NotCovered, BadPayment, OrderEnded."""
    async with transaction():
        row = await payment_row(PAYMENTS.row_id(payment_no))
        _require_open(await lock_due(row["order_id"]))
        row = await payment_row(row["id"])
        amount = _uncaptured(row) if amount_minor is None else amount_minor
        _check_amount(amount)
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


async def deliver(order_id: int) -> None:
    """The goods are with the customer: what is authorised is captured as far as it is due, and the rest of it given up.

    What is then left to pay on delivery was paid to whoever handed them over.  Delivered twice is once; an order of which nobody
    said what it is to be paid is passed by.  In the caller's transaction.
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
        balance = await balance_of(order_id)
        rest = max(balance.rest_minor - balance.sums.capturing, 0)
        rooms = [
            (payment.id, _uncaptured(await payment_row(payment.id))) for payment in balance.payments if payment.authorises_first
        ]
        for payment_id, part in fill(rooms, rest):
            await _from_authorisation(await payment_row(payment_id), Action.CAPTURE, part)
            rest -= part
        for payment_id, _ in rooms:
            if _uncaptured(row := await payment_row(payment_id)) > 0:
                await _from_authorisation(row, Action.VOID, _uncaptured(row))
        if rest and balance.terms is PayTerms.ON_DELIVERY:
            await _take(balance, Taking(means=Means.CASH_ON_DELIVERY, amount_minor=rest))


def _require_open(due: Row) -> None:
    """Raises OrderEnded."""
    if due["ended_at"] is not None:
        raise OrderEnded(due["order_no"])


def _check_amount(amount: int, *, least: int = 1) -> None:
    """Raises BadPayment."""
    if not least <= amount <= MOST:
        raise BadPayment(f"an amount of {amount} minor units: expected {least} to {MOST}")
