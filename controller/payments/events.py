"""What happens to money.  The subject is the order's number, of accounts `customer:<id>`; amounts in minor units of `currency`."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class PaymentDue(Event, frozen=True, kw_only=True):
    """What an order is to be paid was said, or changed."""

    name: ClassVar[str] = "payment_due"
    order_id: int
    due_minor: int
    currency: str
    terms: str


class PaymentChanged(Event, frozen=True, kw_only=True):
    """A movement of a payment; `state` is the order's payment state after it."""

    name: ClassVar[str] = "payment_changed"
    order_id: int
    payment: str
    means: str
    kind: str
    amount_minor: int
    currency: str
    state: str


class RefundAsked(Event, frozen=True, kw_only=True):
    """`state`: proposed (a second person is needed), waiting (for the provider) or by_hand."""

    name: ClassVar[str] = "refund_asked"
    refund: str
    payment: str
    amount_minor: int
    currency: str
    reason: str
    state: str


class RefundDecided(Event, frozen=True, kw_only=True):
    """A second person approved or declined it; `state` as it is then."""

    name: ClassVar[str] = "refund_decided"
    refund: str
    approved: bool
    state: str


class PaymentCallFailed(Event, frozen=True, kw_only=True):
    """A provider refused, or does not answer."""

    name: ClassVar[str] = "payment_call_failed"
    payment: str
    action: str
    amount_minor: int
    error: str


class AccountChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "account_changed"
    customer_id: int
    kind: str
    amount_minor: int
    owed_minor: int
    currency: str
