"""Facts of orders that begin at a box, and the templates and presets of the office that make them quick.

The facts are listed in `edge_agent.wire.facts`.  Nothing in them says who the customer is.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

from edge_agent.wire.messages import Count, Gtin14, Positive, Symbol, Text
from edge_agent.wire.taxes import STANDARD

MOST_LINES: Final = 100
"""Lines of an order that is made at a counter."""
MOST_REFERENCE: Final = 64
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Reference = Annotated[str, Meta(min_length=1, max_length=MOST_REFERENCE)]


class PayBy(StrEnum):
    """What the customer said, or did: `CASH` and `CARD` are taken already, the others are owed."""

    CASH = "cash"
    CARD = "card_terminal"
    ON_DELIVERY = "on_delivery"
    ACCOUNT = "account"


class Goes(StrEnum):
    """How the goods get to the customer: gone already, fetched here another time, sent."""

    TAKEN = "taken"
    LATER = "later"
    SHIPPED = "shipped"


class CounterLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of a counter order, as they were read or came from a template.

    `quantity` counts the pack unit that the symbol names; `measure`: base units in all, where a scale, a barcode or a template told
    them.  `sku`: what the box took it for.  `price_minor` of one piece, 100 g or 100 ml, and the line's `amount_minor`, as the box
    showed them, in minor units, before any discount.  `lot`, `expiry` and `serial` when the symbol (GS1 AI 10, 17 or 15, 21) or the
    person told them; a serial number names one piece.
    """

    symbol: Symbol
    gtin: Gtin14 | None = None
    sku: Text | None = None
    quantity: Positive = 1
    measure: Positive | None = None
    price_minor: Count
    amount_minor: Count
    lot: Text | None = None
    expiry: date | None = None
    serial: Text | None = None


class CounterOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order was made at a counter.  `reference` is the box's own number of it, which the receipt bears.

    `total_minor` is what the customer was told, after `discount_minor`, which was given by hand with a reason, a code of the table
    in docs/operations.md; `approved_by`: the manager who allowed it.  `preset` and `templates`: the numbers of those used.
    `tax_minor` was put on prices without tax; `rounding_minor` more (or less) makes it payable in cash.
    """

    name: ClassVar[str] = "counter_order"
    version: ClassVar[int] = 1
    reference: Reference
    lines: Annotated[list[CounterLine], Meta(min_length=1, max_length=MOST_LINES)]
    currency: Currency
    total_minor: Count
    pays: PayBy = PayBy.CASH
    goes: Goes = Goes.TAKEN
    discount_minor: Count = 0
    discount_reason: Text | None = None
    tax_minor: Count = 0
    rounding_minor: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    approved_by: Text | None = None
    preset: Text | None = None
    templates: list[Text] = []


class GivenBack(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money of a counter order that was taken back was given back at the counter: from the drawer, or at the card terminal.

    `order`: the fact that made the order.  `amount_minor` minor units by `by`, the means it had come by.
    """

    name: ClassVar[str] = "given_back"
    version: ClassVar[int] = 1
    order: UUID
    amount_minor: Positive
    currency: Currency
    by: PayBy = PayBy.CASH


class TemplateLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`quantity` base units of a SKU; `price_minor` and `tax_class` as `ReplicaItem` has them."""

    sku: str
    name_en: str
    name_zh: str
    symbol: str
    unit: str
    price_minor: Count
    currency: str
    quantity: Positive
    gtin: str | None = None
    tax_class: str = STANDARD


class OrderTemplate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is scanned at a counter to be quick: goods that are often ordered together, or (a preset) how it is paid and gets away.

    `number` (`OT-…`, `OP-…`) is its barcode, `title` what people call it.  One table for both, as both are read the same way.
    """

    number: str
    title: str
    kind: Literal["template", "preset"] = "template"
    lines: list[TemplateLine] = []
    pays: PayBy = PayBy.CASH
    goes: Goes = Goes.TAKEN


class Shortcut(Struct, frozen=True, kw_only=True):
    """The head of an `OrderTemplate`."""

    number: str
    title: str
    kind: Literal["template", "preset"] = "template"
    pays: PayBy = PayBy.CASH
    goes: Goes = Goes.TAKEN


BUILT_IN: Final = (
    Shortcut(number="OP-CASH", title="", kind="preset"),
    Shortcut(number="OP-CARD", title="", kind="preset", pays=PayBy.CARD),
    Shortcut(number="OP-LATER", title="", kind="preset", goes=Goes.LATER),
    Shortcut(number="OP-SHIP", title="", kind="preset", pays=PayBy.ON_DELIVERY, goes=Goes.SHIPPED),
)
"""Presets that every box has, until the office has made some; they are called by what they say."""
