"""What a counter remembers of an order: its lines, what is taken off, how it is paid and gets away; and what the order comes to."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edge_agent.stations.goods import Asked, Goods
from edge_agent.stations.item_words import price
from edge_agent.stations.model import Pressed, Scanned, Weighed
from edge_agent.stations.station import Activity
from edge_agent.wire import totals
from edge_agent.wire.order_facts import CounterLine, Goes, PayBy
from edge_agent.wire.prices import line_amount, price_per
from edge_agent.wire.taxes import SiteTaxes, holding

MOST_PARKED: Final = 9
"""Orders that are put aside at one counter."""


class BasketLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of an order.  `key`: the reading that began the line, and which of its lines it is; `template`: where it came from.

    `quantity` packs, or `measure` base units where they were weighed or told.
    """

    key: str
    goods: Goods
    price_minor: int
    quantity: int = 1
    measure: int | None = None
    template: str | None = None

    @property
    def units(self) -> int:
        """Base units."""
        return self.goods.units(self.quantity) if self.measure is None else self.measure

    @property
    def amount_minor(self) -> int:
        return line_amount(self.units, self.price_minor, price_per(self.goods.unit))

    @property
    def is_counted(self) -> bool:
        """By packs, so that another one can be added to it."""
        return self.measure is None

    def told(self) -> CounterLine:
        """As the fact says it."""
        return CounterLine(
            symbol=self.goods.symbol,
            gtin=self.goods.gtin,
            sku=self.goods.sku or None,
            quantity=self.quantity,
            measure=self.measure,
            price_minor=self.price_minor,
            amount_minor=self.amount_minor,
            lot=self.goods.lot,
            expiry=self.goods.expiry,
            serial=self.goods.serial,
        )


class Discount(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Given by hand: `minor` units off, or `percent` of what the goods come to.  `approved_by`: the manager who allowed it."""

    minor: int = 0
    percent: int = 0
    reason: str | None = None
    approved_by: str | None = None

    def of(self, goods_minor: int) -> int:
        """Minor units; never more than there is to pay.  A percentage is rounded half up."""
        return min(goods_minor, (2 * goods_minor * self.percent + 100) // 200 if self.percent else self.minor)


class Basket(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order that is being made.  `selected`: the line that CORRECT and NOTHING are about; `preset`: the number of its preset.

    `taxes`: how the site taxed when its latest reading was made; None: it sells without tax, as far as the box knows.
    """

    lines: tuple[BasketLine, ...] = ()
    currency: str = ""
    selected: str | None = None
    discount: Discount | None = None
    pays: PayBy = PayBy.CASH
    goes: Goes = Goes.TAKEN
    preset: str | None = None
    templates: tuple[str, ...] = ()
    taxes: SiteTaxes | None = None

    @property
    def goods_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        return self.discount.of(self.goods_minor) if self.discount is not None else 0

    @property
    def totals(self) -> totals.Totals:
        """With the tax; counted as the controller counts it."""
        charges = [
            totals.Charge(
                position=position,
                amount_minor=line.amount_minor,
                rates=self.taxes.rates_of(line.goods.tax_class) if self.taxes is not None else (),
            )
            for position, line in enumerate(self.lines, 1)
        ]
        given = [totals.Discount(minor=self.discount_minor)] if self.discount_minor else []
        return totals.total(charges, self.taxes.terms if self.taxes is not None else totals.Terms(), given)

    @property
    def due_minor(self) -> int:
        return self.totals.payable_minor

    def line(self, key: str | None) -> BasketLine | None:
        return next((line for line in self.lines if line.key == key), None)

    def with_line(self, changed: BasketLine) -> Basket:
        """The line of its key is so now; it is the selected one."""
        lines = tuple(changed if line.key == changed.key else line for line in self.lines)
        if self.line(changed.key) is None:
            lines = (*lines, changed)
        return replace(self, lines=lines, selected=changed.key)

    def without(self, key: str) -> Basket:
        lines = tuple(line for line in self.lines if line.key != key)
        return replace(self, lines=lines, selected=lines[-1].key if lines else None)


EMPTY: Final = Basket()


class Weighing(Struct, frozen=True, kw_only=True):
    """Goods that wait for the scale."""

    goods: Goods
    price_minor: int
    currency: str


class Read(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods as they were read, before they are a line: `number` was typed before them (0: nothing), they carry `measure` grams.

    `key` as of a `BasketLine`.
    """

    goods: Goods
    price_minor: int
    currency: str
    key: str
    number: int = 0
    measure: int | None = None


class Asking(Struct, frozen=True, kw_only=True):
    """Goods that wait for their lot or serial number."""

    read: Read
    asked: Asked


class Refund(Struct, frozen=True, kw_only=True):
    """Money of an order that was taken back, until somebody says that it was given back.  `order`: the reading that booked it."""

    order: str
    reference: str
    amount_minor: int
    currency: str
    by: PayBy


class Counter(Activity, Struct, frozen=True, kw_only=True, omit_defaults=True, tag="counter"):
    """An order is taken at the counter.  `number`: typed for what comes next; `offer`: a discount that waits for its reason, or for
    a manager; `is_correcting`: the next item that is scanned is the one to correct; `parked`: orders that were put aside; `asking`:
    goods that wait for an answer; `refunds`: money to give back, the latest first.
    """

    basket: Basket = EMPTY
    number: int = 0
    weighing: Weighing | None = None
    offer: Discount | None = None
    is_correcting: bool = False
    parked: tuple[Basket, ...] = ()
    asking: Asking | None = None
    refunds: tuple[Refund, ...] = ()

    @property
    def items(self) -> int:
        """Lines, as pages show it."""
        return len(self.basket.lines)

    @property
    def due(self) -> str:
        """What is to be paid, as pages show it."""
        return price(self.basket.due_minor, self.basket.currency) if self.basket.lines else ""

    @property
    def waiting(self) -> int:
        """Orders that were put aside, as pages show it."""
        return len(self.parked)


def taxed(now: Counter, given: Scanned | Pressed | Weighed) -> Counter:
    """The order at hand is taxed as the site taxes at the reading; as before where the box was too slow to say."""
    found = holding(given.known.taxes, given.at)
    if found is None or found == now.basket.taxes:
        return now
    return replace(now, basket=replace(now.basket, taxes=found))


def kept(now: Counter) -> Counter | None:
    """What stays at the counter when it is left: orders that were put aside, money that is to be given back."""
    return Counter(parked=now.parked, refunds=now.refunds) if now.parked or now.refunds else None
