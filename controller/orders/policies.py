"""Decisions about an order's content.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.customers.addresses import Address
from controller.orders.errors import BadOrder
from controller.orders.states import Delivery, WhenShort
from controller.payments.policies import PayTerms

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """`quantity` in base units; `unit_price_minor` as the catalogue has prices: for one piece, 100 g or 100 ml.

    `presale`: it may be promised before it arrives, as far as its presale allows.
    """

    sku: str
    quantity: int
    unit_price_minor: int
    presale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order as its channel sent it, in our SKUs.  Two lines may name the same SKU.

    `site`: where it is fetched or bought; None: it is sourced, for `region`.  `cart` (of that site): what it held is given back,
    and held for this order, in one go.  `min_remaining_days` of whatever expires, when it is picked; None: as each SKU says.
    `when_short` None: as its channel says.  `pay_terms` None: another till takes the money.
    `is_draft`: it holds nothing until it is submitted.  `placed_at`: when it was made, if that is heard of later; taxed as of then.
    """

    channel: str
    reference: str
    currency: str
    lines: Sequence[NewLine]
    site: str | None = None
    region: str | None = None
    delivery: Delivery | None = None
    customer_id: int | None = None
    address: Address | None = None
    due_at: datetime | None = None
    cart: str | None = None
    min_remaining_days: int | None = None
    when_short: WhenShort | None = None
    pay_terms: PayTerms | None = None
    is_draft: bool = False
    placed_at: datetime | None = None


def check_order(order: NewOrder) -> None:
    """Raises BadOrder."""
    if not order.lines:
        raise BadOrder("an order has at least one line")
    if not _CURRENCY.fullmatch(order.currency):
        raise BadOrder(f"currency {order.currency!r}, expected three letters of ISO 4217")
    if order.site is None and order.delivery not in (None, Delivery.SHIPPING):
        raise BadOrder(f"an order for {order.delivery} names its site")
    if order.cart is not None and (order.site is None or order.is_draft):
        raise BadOrder("a cart is taken over by an order that names the cart's site and is no draft")
    for position, line in enumerate(order.lines, 1):
        check_line(line, position)


def check_line(line: NewLine, position: int) -> None:
    """Raises BadOrder."""
    if line.quantity <= 0 or line.unit_price_minor < 0:
        raise BadOrder(
            f"line {position}: quantity {line.quantity}, price {line.unit_price_minor}; "
            "expected a quantity above 0 and a price of 0 or more"
        )


def delivery_of(order: NewOrder) -> Delivery:
    """As it says; else whoever named a site fetches it there."""
    return order.delivery or (Delivery.SHIPPING if order.site is None else Delivery.COLLECTION)


def check_currency(currency: str, site: str, site_currency: str) -> None:
    """A site's books are in one currency.  Raises BadOrder."""
    if currency != site_currency:
        raise BadOrder(f"currency {currency}, but site {site} sells in {site_currency}")


WHOLE_BP = 10_000


def above(more_minor: int, payable_minor: int, amount_minor: int) -> int:
    """Basis points of what is payable that `more_minor` on the lines (`amount_minor` together) may add to it, with its tax."""
    if payable_minor <= 0 or amount_minor <= 0:
        return 0
    with_tax = -(-more_minor * max(payable_minor, amount_minor) // amount_minor)
    return -(-with_tax * WHOLE_BP // payable_minor)
