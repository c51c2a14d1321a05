"""Pure decisions about money: what state sums are in, what may be refunded by which means, what a card's number looks like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.payments.errors import BadPayment, NotRefundable

WHOLE = 10_000
"""Basis points of the whole."""
MANUAL = "manual"
"""The provider of what people do by hand."""
REFUND_LIMIT = 50_000
"""Minor units above which a refund needs a second person, unless finance says otherwise for a currency."""


class Means(StrEnum):
    """How money comes.  `CHANNEL`: the marketplace took it; `GIFT_CARD`: a voucher of ours."""

    CASH = "cash"
    CARD_TERMINAL = "card_terminal"
    WECHAT = "wechat"
    ALIPAY = "alipay"
    ONLINE = "online"
    BANK_TRANSFER = "bank_transfer"
    CASH_ON_DELIVERY = "cash_on_delivery"
    ACCOUNT = "account"
    GIFT_CARD = "gift_card"
    CHANNEL = "channel"


AT_ONCE = frozenset({Means.WECHAT, Means.ALIPAY, Means.GIFT_CARD})
"""Means that have no authorisation: what the customer pays is captured."""


class PayTerms(StrEnum):
    """When an order is paid: before it leaves, when it is handed over or delivered, or later, on the customer's account."""

    PREPAID = "prepaid"
    ON_DELIVERY = "on_delivery"
    ACCOUNT = "account"


class EntryKind(StrEnum):
    """A movement of a payment.  `MOVED_*`: a part went to, or came from, a payment of another order (below 0: it went)."""

    EXPECTED = "expected"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    FAILED = "failed"
    CHARGEBACK = "chargeback"
    SETTLED = "settled"
    MOVED_AUTHORISED = "moved_auth"
    MOVED_CAPTURED = "moved_capt"


class PaymentState(StrEnum):
    """Of an order, or of one payment; derived.  What is kept of it (`order_due.paid`) is to find orders by, not to decide."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    PARTIAL = "partial"
    CAPTURED = "captured"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What has become of money, in minor units.  `capturing`, `refunding`: asked for, not answered."""

    expected: int = 0
    authorised: int = 0
    voided: int = 0
    capturing: int = 0
    captured: int = 0
    refunding: int = 0
    refunded: int = 0
    charged_back: int = 0
    settled: int = 0

    @property
    def open_authorised(self) -> int:
        """Granted, and neither taken nor given back."""
        return max(self.authorised - self.voided - self.captured, 0)

    @property
    def refundable(self) -> int:
        """What can still go back: never more than was captured, less what went or is going."""
        return max(self.captured - self.refunded - self.refunding - self.charged_back, 0)

    @property
    def kept(self) -> int:
        """What we have, in the end."""
        return self.captured - self.refunded - self.charged_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment, as far as decisions need it."""

    id: int
    means: Means
    sums: Sums
    authorises_first: bool


def summed(payments: Iterable[Paid]) -> Sums:
    """Over the payments of an order.  An authorisation counts for those that have one, else `authorised` is what was captured."""
    found = list(payments)

    def over(name: str) -> int:
        return sum(int(getattr(paid.sums, name)) for paid in found)

    return Sums(
        expected=over("expected"),
        authorised=sum(paid.sums.authorised if paid.authorises_first else paid.sums.captured for paid in found),
        voided=over("voided"),
        capturing=over("capturing"),
        captured=over("captured"),
        refunding=over("refunding"),
        refunded=over("refunded"),
        charged_back=over("charged_back"),
        settled=over("settled"),
    )


def state_of(due: int, sums: Sums) -> PaymentState:
    """What `due` and the movements come to."""
    if sums.captured and sums.kept <= 0:
        return PaymentState.REFUNDED
    if sums.kept >= due and (sums.captured or not due):
        return PaymentState.CAPTURED
    if sums.captured:
        return PaymentState.PARTIAL
    if sums.open_authorised >= due:
        return PaymentState.AUTHORISED
    return PaymentState.PARTIAL if sums.open_authorised else PaymentState.PENDING


def may_leave(due: int, terms: PayTerms, sums: Sums) -> bool:
    """Whether an order may be handed over as far as its money goes: paid or authorised in full, or to be paid on delivery."""
    return terms is PayTerms.ON_DELIVERY or sums.kept + sums.open_authorised >= due


def largest(estimate: int, tolerance_bp: int) -> int:
    """What weighed goods may come to at most: the estimate and its tolerance, rounded down."""
    return estimate * (WHOLE + tolerance_bp) // WHOLE


def spread_refund(payments: Sequence[Paid], amount: int, first: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Which payments give back how much: those named `first` in that order, then the latest.  Raises NotRefundable, BadPayment."""
    known = {paid.id: paid for paid in payments}
    if set(first) - known.keys():
        raise BadPayment("a refund is from payments of the order itself: another one is named")
    latest = sorted((paid.id for paid in payments if paid.id not in first), reverse=True)
    plan: list[tuple[int, int]] = []
    rest = amount
    for payment_id in dict.fromkeys([*first, *latest]):
        part = min(rest, known[payment_id].sums.refundable)
        if part > 0:
            plan.append((payment_id, part))
            rest -= part
    if amount <= 0:
        raise BadPayment(f"a refund of {amount}: expected an amount above 0")
    if rest:
        raise NotRefundable(amount, amount - rest)
    return plan


def fill(rooms: Sequence[tuple[int, int]], amount: int) -> list[tuple[int, int]]:
    """`amount` into what has room for it, one after the other; what finds no room is in none."""
    filled: list[tuple[int, int]] = []
    for key, room in rooms:
        part = min(room, amount)
        if part > 0:
            filled.append((key, part))
            amount -= part
    return filled


def needs_second(asked_by: str, approving: str) -> bool:
    """Four eyes: whether the one who approves is another person than the one who asked."""
    return asked_by != approving
