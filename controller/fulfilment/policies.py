"""Decisions of picking and packing.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from controller.stock.pickable import Pickable
from edge_agent.wire.prices import WEIGHED, is_near, most_of


@dataclass(slots=True, kw_only=True)
class PickLine:
    """Fetch `quantity` base units of a SKU from one bin.

    `lot_id`: of this lot (0: of none that is known); `is_other_lot`: something of another one was picked.
    `picked` lies in packing, or is out already: `out` of it.  `is_short`: a picker declared that the bin held no more.
    A pick made before that declaration may arrive after it and still counts, so `short` is derived.
    `estimate`: what was wanted of goods by weight, once some of them were weighed (0: none was); `quantity` is then what they came
    to, when that is near enough.
    """

    id: int
    order_line_id: int
    line_key: str
    sku_id: int
    location_id: int
    quantity: int
    picked: int = 0
    out: int = 0
    is_short: bool = False
    lot_id: int = 0
    is_other_lot: bool = False
    base_unit: str = "piece"
    estimate: int = 0

    @property
    def room(self) -> int:
        """Base units that a weighed pick may still add."""
        return most_of(self.estimate or self.quantity) - self.picked if self.base_unit in WEIGHED else self.open

    def take(self, quantity: int, *, is_measured: bool = False) -> None:
        """So many more base units were picked of it; below zero: put back."""
        if is_measured and self.base_unit in WEIGHED:
            self.estimate = self.estimate or self.quantity
        self.picked += quantity
        self.settle()

    def settle(self) -> None:
        """What weighed goods came to is what is wanted of them, when it is near enough: the same in whatever order they came."""
        if self.estimate:
            self.quantity = self.picked if is_near(self.picked, self.estimate) else self.estimate

    @property
    def open(self) -> int:
        """Base units that a pick may still add."""
        return self.quantity - self.picked

    @property
    def short(self) -> int:
        """Base units that were declared missing."""
        return self.open if self.is_short else 0

    @property
    def is_done(self) -> bool:
        return self.is_short or self.open == 0


def spread(quantity: int, lines: Sequence[PickLine], *, is_measured: bool = False) -> list[tuple[PickLine, int]] | None:
    """Lay picked base units on the lines of their SKU, in walking order; None when they want less (an over-pick).

    What was weighed may be a little more: that goes to the first line with room for it.
    """
    taken: list[tuple[PickLine, int]] = []
    for line in lines:
        part = min(quantity, line.open)
        if part:
            taken.append((line, part))
            quantity -= part
    if quantity and is_measured:
        roomy = next((line for line in lines if line.room - sum(part for other, part in taken if other is line) >= quantity), None)
        if roomy is not None:
            return [*taken, (roomy, quantity)]
    return None if quantity else taken


@dataclass(frozen=True, slots=True)
class BinStock:
    """What lies in a bin, in base units."""

    location_id: int
    on_hand: int


def choose_bins(wanted: int, bins: Sequence[BinStock], fallback: int) -> list[tuple[int, int]]:
    """Which bins to fetch `wanted` base units from, as (location, base units): the fewest bins; the same answer each time.

    The tightest bin that holds all, else the fullest ones first.  What the books have in no bin is sought in the last bin chosen
    (`fallback` when there is none): the picker finds it, or declares it short.
    """
    enough = [stock for stock in bins if stock.on_hand >= wanted]
    if enough:
        tightest = min(enough, key=lambda stock: (stock.on_hand, stock.location_id))
        return [(tightest.location_id, wanted)]
    chosen: list[tuple[int, int]] = []
    for stock in sorted(bins, key=lambda stock: (-stock.on_hand, stock.location_id)):
        if wanted and stock.on_hand > 0:
            chosen.append((stock.location_id, min(wanted, stock.on_hand)))
            wanted -= chosen[-1][1]
    if not wanted:
        return chosen
    if not chosen:
        return [(fallback, wanted)]
    location, quantity = chosen[-1]
    return [*chosen[:-1], (location, quantity + wanted)]


@dataclass(frozen=True, slots=True)
class Choice:
    """Fetch so many base units of a lot from a bin."""

    location_id: int
    lot_id: int
    quantity: int


def choose_lots(wanted: int, stocks: Sequence[Pickable], fallback: int) -> list[Choice]:
    """What expires first goes first, what has no expiry last; of what expires on one day, the fewest bins.

    What the books have nowhere is sought where the last of it is (`fallback` when there is none), as in `choose_bins`.
    """
    chosen: list[Choice] = []
    for expiry in sorted({stock.expiry for stock in stocks}, key=lambda day: (day is None, day or date.max)):
        still = wanted - sum(choice.quantity for choice in chosen)
        if still > 0:
            chosen += _from_bins(still, [stock for stock in stocks if stock.expiry == expiry])
    still = wanted - sum(choice.quantity for choice in chosen)
    if still > 0 and chosen:
        chosen[-1] = replace(chosen[-1], quantity=chosen[-1].quantity + still)
    return chosen or [Choice(fallback, 0, wanted)]


def _from_bins(wanted: int, stocks: Sequence[Pickable]) -> list[Choice]:
    """As much as there is, from the fewest bins; in a bin the lot of which there is more first."""
    held: dict[int, int] = {}
    for stock in stocks:
        held[stock.location_id] = held.get(stock.location_id, 0) + stock.on_hand
    there = min(wanted, sum(held.values()))
    chosen: list[Choice] = []
    for location, quantity in choose_bins(there, [BinStock(*pair) for pair in held.items()], 0) if there else ():
        still = quantity
        for lot in sorted((one for one in stocks if one.location_id == location), key=lambda one: (-one.on_hand, one.lot_id)):
            part = min(still, lot.on_hand)
            if part > 0:
                chosen.append(Choice(location, lot.lot_id, part))
                still -= part
    return chosen


def fresh_enough(stocks: Iterable[Pickable], until: date) -> list[Pickable]:
    """What does not expire before a day."""
    return [stock for stock in stocks if stock.expiry is None or stock.expiry >= until]


TARE_GRAMS = 400
"""The heaviest empty carton with its filling."""

TOLERANCE_PERCENT = 3
TOLERANCE_GRAMS = 10
"""Variation of goods and scale: whichever of the two is more."""


def goods_weight(lines: Iterable[PickLine], grams: Mapping[int, int | None]) -> int | None:
    """Grams of what was picked, by the weight of one base unit of each SKU; None when one of them is not known."""
    weights = [(line.picked, grams.get(line.sku_id)) for line in lines if line.picked]
    known = [picked * each for picked, each in weights if each is not None]
    return sum(known) if len(known) == len(weights) else None


def weight_matches(measured: Decimal, expected: int) -> bool:
    """Whether a parcel may hold goods of `expected` grams: not lighter than they are, not heavier than they and a carton."""
    tolerance = _tolerance(expected)
    return expected - tolerance <= measured <= expected + TARE_GRAMS + tolerance


def _tolerance(expected: int) -> Decimal:
    return max(Decimal(expected) * TOLERANCE_PERCENT / 100, Decimal(TOLERANCE_GRAMS))


def bounds(goods: Iterable[tuple[int, int | None]]) -> tuple[int | None, int | None]:
    """Whole grams between which every matching parcel of these goods lies (base units, grams of one); None: one is not known."""
    known = [None if grams is None else units * grams for units, grams in goods]
    if not known or None in known:
        return None, None
    expected = sum(each for each in known if each is not None)
    tolerance = _tolerance(expected)
    least = (expected - tolerance).to_integral_value(ROUND_CEILING)
    return max(0, int(least)), int((expected + TARE_GRAMS + tolerance).to_integral_value(ROUND_FLOOR))
