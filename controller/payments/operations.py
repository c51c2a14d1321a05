"""What an order is to be paid, and money that comes for it.  Each verb locks the order's money (`order_due`), then its payments.

What providers hold is in `capturing.py`, what goes back in `refunds.py`, what moves with a part of an order in `moving.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller import events
from controller.db import Row, execute, fetch, now, savepoint, transaction
from controller.errors import NotFound
from controller.payments import accounts
from controller.payments.cards import refuse_card_numbers
from controller.payments.errors import BadPayment, CreditExceeded, OrderEnded, OverTolerance
from controller.payments.events import PaymentDue
from controller.payments.ledger import Movement, book, keep_state, lock_due
from controller.payments.moving import move
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import MANUAL, EntryKind, Means, PayTerms, largest
from controller.payments.refunds import refund_ended, refund_rest
from controller.payments.stored import Balance, balance_of

__all__ = ["Expected", "Taking", "expect", "move", "refund_rest", "set_actual", "take"]

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


async def expect(wanted: Expected) -> None:
    """Say what an order is to be paid; saying it again changes it.  On account, it is charged at once as far as the limit allows.

    In the order's own transaction, with the order locked.  Records PaymentDue.  Raises BadPayment, OrderEnded.
    """
    check_amount(wanted.amount_minor, least=0)
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
    await keep_state(balance)
    event = PaymentDue(order_id=order_id, due_minor=balance.due_minor, currency=balance.currency, terms=balance.terms.value)
    await events.record(event, subject=balance.order_no, site=balance.site)


async def _charge_rest(order_id: int) -> None:
    """On account; an account that does not allow it leaves the order unpaid, which holds it up."""
    balance = await balance_of(order_id)
    if balance.rest_minor <= 0:
        return
    try:
        async with savepoint():
            await book_taking(balance, Taking(means=Means.ACCOUNT, amount_minor=balance.rest_minor))
    except (CreditExceeded, NotFound):
        return


async def set_actual(order_id: int, actual_minor: int) -> None:
    """Weighed goods came to `actual_minor`: that is due now.  Records PaymentDue.  Raises OverTolerance, NotFound, OrderEnded."""
    check_amount(actual_minor, least=0)
    async with transaction():
        due = await lock_due(order_id)
        require_open(due)
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
        number = await book_taking(await balance_of(order_id), taking)
        await refund_ended(order_id)
    return number


async def book_taking(balance: Balance, taking: Taking) -> str:
    """In the transaction that holds the lock of the order's money."""
    check_amount(taking.amount_minor)
    refuse_card_numbers({"reference": taking.reference, "note": taking.note})
    row = await new_payment(balance, taking.means, taking.provider, reference=taking.reference)
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


async def new_payment(
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


def require_open(due: Row) -> None:
    """Raises OrderEnded."""
    if due["ended_at"] is not None:
        raise OrderEnded(due["order_no"])


def check_amount(amount: int, *, least: int = 1) -> None:
    """Raises BadPayment."""
    if not least <= amount <= MOST:
        raise BadPayment(f"an amount of {amount} minor units: expected {least} to {MOST}")
