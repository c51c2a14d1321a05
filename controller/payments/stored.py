"""Payments and what orders are owed, as they are stored."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.payments.numbers import PAYMENTS
from controller.payments.policies import Means, Paid, PaymentState, PayTerms, Sums, may_leave, state_of, summed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPayment:
    """`state` of the payment by itself, against what was expected of it."""

    no: str
    order_id: int
    means: Means
    provider: str
    reference: str | None
    pay_url: str | None
    currency: str
    authorises_first: bool
    sums: Sums
    is_failed: bool
    created_at: datetime
    created_by: str

    @property
    def id(self) -> int:
        return PAYMENTS.row_id(self.no)

    @property
    def state(self) -> PaymentState:
        return state_of(max(self.sums.expected, 1), summed([self.paid]))

    @property
    def paid(self) -> Paid:
        return Paid(id=self.id, means=self.means, sums=self.sums, authorises_first=self.authorises_first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an order is to be paid, and what was; minor units of `currency`.  `rest_minor` below 0: more was paid than is due."""

    order_id: int
    order_no: str
    site: str | None
    customer_id: int | None
    currency: str
    terms: PayTerms
    due_minor: int
    sums: Sums
    is_ended: bool
    is_delivered: bool
    payments: Sequence[StoredPayment]

    @property
    def state(self) -> PaymentState:
        if self.is_ended and not self.sums.captured:
            return PaymentState.PENDING
        return state_of(self.due_minor, self.sums)

    @property
    def rest_minor(self) -> int:
        return self.due_minor - self.sums.kept

    @property
    def may_leave(self) -> bool:
        """Its money does not keep it here."""
        return may_leave(self.due_minor, self.terms, self.sums)


async def balance_of(order_id: int) -> Balance:
    """Raises NotFound: nobody said what it is to be paid."""
    found = await balances([order_id])
    if order_id not in found:
        raise NotFound("money expected for order", order_id)
    return found[order_id]


async def balances(order_ids: Collection[int]) -> dict[int, Balance]:
    """By order; those of which nobody said what they are to be paid are left out."""
    rows = await fetch(f"SELECT * FROM order_due WHERE {among('order_id')} ORDER BY order_id", listing(set(order_ids)))
    payments: dict[int, list[StoredPayment]] = {row["order_id"]: [] for row in rows}
    for row in await fetch(f"SELECT * FROM payment WHERE {among('order_id')} ORDER BY order_id, id", listing(payments)):
        payments[row["order_id"]].append(payment_of(row))
    return {row["order_id"]: balance_from(row, payments[row["order_id"]]) for row in rows}


def balance_from(row: Row, payments: Sequence[StoredPayment]) -> Balance:
    return Balance(
        order_id=row["order_id"],
        order_no=row["order_no"],
        site=row["site_id"],
        customer_id=row["customer_id"],
        currency=row["currency"],
        terms=PayTerms(row["terms"]),
        due_minor=row["due_minor"],
        sums=summed(payment.paid for payment in payments),
        is_ended=row["ended_at"] is not None,
        is_delivered=row["delivered_at"] is not None,
        payments=tuple(payments),
    )


def payment_of(row: Row) -> StoredPayment:
    return StoredPayment(
        no=PAYMENTS.number(row["id"]),
        order_id=row["order_id"],
        means=Means(row["means"]),
        provider=row["provider"],
        reference=row["reference"],
        pay_url=row["pay_url"],
        currency=row["currency"],
        authorises_first=bool(row["authorises_first"]),
        sums=Sums(
            expected=row["expected_minor"],
            authorised=row["authorised_minor"],
            voided=row["voided_minor"],
            capturing=row["capturing_minor"],
            captured=row["captured_minor"],
            refunding=row["refunding_minor"],
            refunded=row["refunded_minor"],
            charged_back=row["charged_back_minor"],
            settled=row["settled_minor"],
        ),
        is_failed=row["failed_at"] is not None,
        created_at=row["created_at"],
        created_by=row["created_by"],
    )
