"""Pure decisions of purchasing: packs and prices, what an order's state follows from, what is wrong with what came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import gcd

from controller.purchasing.states import OrderAction, OrderState

OPEN = frozenset({OrderState.APPROVED, OrderState.SENT, OrderState.CONFIRMED, OrderState.PARTLY_RECEIVED, OrderState.RECEIVED})
"""States in which what has not come is incoming."""


class Channel(StrEnum):
    """How orders reach a supplier; by hand: somebody calls, or has printed it."""

    EMAIL = "email"
    HTTP = "http"
    FILE = "file"
    HAND = "hand"


class Spread(StrEnum):
    """By what freight, duty and other costs are spread over the lines of a receipt."""

    VALUE = "value"
    WEIGHT = "weight"
    QUANTITY = "quantity"


_COUNTED = frozenset({"units", "days"})


def is_worse(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether what was asked about goods has become another matter: more units, fewer days left, or other words."""

    def number(words: Mapping[str, object], name: str) -> int:
        told = words.get(name, 0)
        return told if isinstance(told, int) else 0

    if any(before.get(name) != now.get(name) for name in (before.keys() | now.keys()) - _COUNTED):
        return True
    return number(now, "units") > number(before, "units") or number(now, "days") < number(before, "days")


def units_of(packs: int, numerator: int, denominator: int) -> int | None:
    """Base units of so many packs; None if that is no whole number."""
    units, rest = divmod(packs * numerator, denominator)
    return None if rest else units


def unit_price(price_minor: int, pack: tuple[int, int], rate: tuple[int, int]) -> tuple[int, int]:
    """What goods cost at a price per pack, in the site's currency: so many minor units for so many base units, in lowest terms."""
    minor, units = price_minor * pack[1] * rate[0], pack[0] * rate[1]
    common = gcd(minor, units) or 1
    return minor // common, units // common


@dataclass(frozen=True, slots=True)
class LineState:
    """How far a line of an order is, in base units."""

    units: int
    received: int
    is_closed: bool

    def owed(self, state: OrderState) -> int:
        """What is still to come of it."""
        return 0 if self.is_closed or state not in OPEN else max(self.units - self.received, 0)

    @property
    def is_done(self) -> bool:
        return self.is_closed or self.received >= self.units


def following(state: OrderState, lines: Sequence[LineState], *, sent: bool, confirmed: bool) -> OrderAction | None:
    """What an order's lines make of its state; None: it stays.  People's decisions (cancelled, closed) stand against goods.

    One step is enough: what it leads to stays, with the same lines.
    """
    if state not in OPEN:
        return None
    if all(line.received >= line.units for line in lines):
        return None if state is OrderState.RECEIVED else OrderAction.COMPLETE
    if all(line.is_done for line in lines):
        return OrderAction.FALL_SHORT if state is OrderState.RECEIVED else OrderAction.CLOSE
    if any(line.received for line in lines):
        return None if state is OrderState.PARTLY_RECEIVED else OrderAction.RECEIVE
    if state not in (OrderState.PARTLY_RECEIVED, OrderState.RECEIVED):
        return None
    if confirmed:
        return OrderAction.BACK_TO_CONFIRMED
    return OrderAction.BACK_TO_SENT if sent else OrderAction.BACK_TO_APPROVED


def is_over(units: int, received: int, over_percent: int) -> bool:
    """More came than was ordered and tolerated."""
    return received * 100 > units * (100 + over_percent)


class Life(StrEnum):
    """What an expiry says of goods on the day they came."""

    FINE = "fine"
    SHORT = "short"
    EXPIRED = "expired"


def life_of(expiry: date | None, day: date, min_days: int) -> Life:
    """Goods are good until the end of their expiry; an unknown one is fine."""
    if expiry is None or (expiry - day).days >= max(min_days, 0):
        return Life.FINE
    return Life.EXPIRED if expiry < day else Life.SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedLine:
    """What a line says now; prices per pack, in minor units."""

    position: int
    packs: int
    price_minor: int | None
    expected_on: date | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a supplier answers differently: `field` is packs, price_minor or expected_on."""

    position: int
    field: str
    ordered: int | date | None
    answered: int | date | None


def differences(ordered: Iterable[OrderedLine], answered: Mapping[int, OrderedLine]) -> list[Difference]:
    """Where an answer is not the order, line by line; what it leaves out is as ordered."""
    found = []
    for line in ordered:
        other = answered.get(line.position)
        if other is None:
            continue
        pairs: list[tuple[str, int | date | None, int | date | None]] = [
            ("packs", line.packs, other.packs),
            ("price_minor", line.price_minor, other.price_minor),
            ("expected_on", line.expected_on, other.expected_on),
        ]
        found += [Difference(line.position, name, mine, theirs) for name, mine, theirs in pairs if mine != theirs]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BinState:
    """A bin as put-away sees it.  `holds`: base units of all goods in it, `same`: of this SKU, `same_lot`: of this lot."""

    id: int
    code: str
    zone: str
    capacity: int | None
    holds: int
    same: int
    same_lot: int

    def has_room(self, units: int) -> bool:
        return self.capacity is None or self.holds + units <= self.capacity


def put_away_order(bins: Iterable[BinState], units: int, zones: frozenset[str]) -> list[BinState]:
    """Where goods should go, the best first: the SKU's bin with room (its lot's before others), an empty bin of the SKU's zone, any
    other empty one, any with room.

    `zones`: where the SKU lies or lay.  A full bin is never suggested.
    """

    def rank(place: BinState) -> tuple[int, int, int, str]:
        is_empty, is_near = place.holds == 0, place.zone in zones
        if place.same:
            group = 0
        elif is_empty and is_near:
            group = 1
        else:
            group = 2 if is_empty else 3
        return group, -place.same_lot, -place.same, place.code

    return sorted((place for place in bins if place.has_room(units)), key=rank)
