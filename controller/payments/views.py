"""What the API says and takes of money.  Amounts are minor units of their currency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN
from controller.payments.policies import EntryKind, Means, PaymentState, PayTerms
from controller.payments.queries import StoredEntry, StoredRefund
from controller.payments.states import CallState
from controller.payments.stored import Balance, StoredPayment

Minor = Annotated[int, Meta(ge=1, le=10**12)]
Words = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Reference = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]
Provider = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]


class TakePayment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that is here.  `reference`: the slip of the terminal, the bank's line; with a `provider`, it is taken once."""

    means: Means
    amount_minor: Minor
    provider: Provider = "manual"
    reference: Reference | None = None
    note: Words | None = None


class StartPayment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider is to ask for money.  Without `amount_minor`, for what is left to pay."""

    means: Means
    provider: Provider
    amount_minor: Minor | None = None


class CapturePayment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `amount_minor`, all that is authorised and not captured."""

    amount_minor: Minor | None = None


class AskRefund(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`first`: numbers of payments that give back first; then the latest.  `is_given`: it was handed out at the counter already."""

    amount_minor: Minor
    reason: Words
    first: Annotated[list[Annotated[str, Meta(max_length=20, pattern=PLAIN)]], Meta(max_length=50)] = []
    is_given: bool = False


class ConfirmRefund(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Words | None = None


class SetRefundLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refunds above so much need a second person."""

    minor: Annotated[int, Meta(ge=0, le=10**12)]


class SetCredit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit_minor: Annotated[int, Meta(ge=0, le=10**12)]


class Repay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reference`: the bank's or the till's; the same again is the same repayment."""

    amount_minor: Minor
    reference: Reference
    note: Words | None = None


class PaymentView(Struct, frozen=True, kw_only=True):
    no: str
    means: Means
    provider: str
    reference: str | None
    pay_url: str | None
    state: PaymentState
    expected_minor: int
    authorised_minor: int
    captured_minor: int
    refunding_minor: int
    refunded_minor: int
    charged_back_minor: int
    settled_minor: int
    created_at: datetime


class EntryView(Struct, frozen=True, kw_only=True):
    """One movement of the ledger."""

    id: int
    payment: str
    kind: EntryKind
    amount_minor: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    note: str | None


class RefundView(Struct, frozen=True, kw_only=True):
    """Something that a provider or a person is to do, or did: a refund, or another `action`."""

    no: str
    order: str
    payment: str
    means: Means
    action: str
    amount_minor: int
    currency: str
    state: CallState
    reason: str
    asked_by: str
    approved_by: str | None
    created_at: datetime
    done_at: datetime | None
    error: str | None


class BalanceView(Struct, frozen=True, kw_only=True):
    """`rest_minor` is left to pay; below 0, more was paid than is due.  `may_leave`: its money does not keep it here."""

    order: str
    site: str | None
    currency: str
    terms: PayTerms
    state: PaymentState
    due_minor: int
    captured_minor: int
    refunded_minor: int
    rest_minor: int
    may_leave: bool


class OrderMoney(Struct, frozen=True, kw_only=True):
    balance: BalanceView
    payments: list[PaymentView]
    entries: list[EntryView]
    refunds: list[RefundView]


class AccountView(Struct, frozen=True, kw_only=True):
    customer_id: int
    currency: str
    limit_minor: int
    owed_minor: int
    left_minor: int


def balance_view(balance: Balance) -> BalanceView:
    return BalanceView(
        order=balance.order_no,
        site=balance.site,
        currency=balance.currency,
        terms=balance.terms,
        state=balance.state,
        due_minor=balance.due_minor,
        captured_minor=balance.sums.captured,
        refunded_minor=balance.sums.refunded,
        rest_minor=balance.rest_minor,
        may_leave=balance.may_leave,
    )


def payment_view(payment: StoredPayment) -> PaymentView:
    return PaymentView(
        no=payment.no,
        means=payment.means,
        provider=payment.provider,
        reference=payment.reference,
        pay_url=payment.pay_url,
        state=payment.state,
        expected_minor=payment.sums.expected,
        authorised_minor=payment.sums.authorised,
        captured_minor=payment.sums.captured,
        refunding_minor=payment.sums.refunding,
        refunded_minor=payment.sums.refunded,
        charged_back_minor=payment.sums.charged_back,
        settled_minor=payment.sums.settled,
        created_at=payment.created_at,
    )


def entry_view(entry: StoredEntry) -> EntryView:
    return EntryView(
        id=entry.id,
        payment=entry.payment,
        kind=entry.kind,
        amount_minor=entry.amount_minor,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        actor=entry.actor,
        note=entry.note,
    )


def refund_view(refund: StoredRefund) -> RefundView:
    return RefundView(
        no=refund.no,
        order=refund.order_no,
        payment=refund.payment,
        means=refund.means,
        action=refund.action,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        state=refund.state,
        reason=refund.reason,
        asked_by=refund.asked_by,
        approved_by=refund.approved_by,
        created_at=refund.created_at,
        done_at=refund.done_at,
        error=refund.error,
    )
