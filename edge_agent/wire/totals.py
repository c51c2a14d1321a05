"""What an order comes to: discounts given by hand, then tax, rounded where the terms say: one rule for box and controller.

Pure; integers and rationals only.

Discounts come off what a line costs, before tax: those of lines first, then those over the order, each of what is left by then.
Tax is worked out exactly and rounded once per line, per rate or per order; what was rounded is spread back, so that all sums agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from edge_agent.wire.rounding import Mode, apportion, rounded, spread

WHOLE = 10_000
"""Basis points of the whole."""


class DoesNotAddUp(ValueError):
    """Lines or discounts that cannot be added up."""


class LineKind(StrEnum):
    """What a line charges for.  A discount over the order is spread over goods alone."""

    GOODS = "goods"
    SHIPPING = "shipping"
    FEE = "fee"


class Level(StrEnum):
    """What is rounded once: each line's tax, each rate's tax over the order, or the tax of the order."""

    LINE = "line"
    RATE = "rate"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A tax: `value` 13/100 is 13 %.  A compound one is also on the taxes before it on its line (tax on tax)."""

    code: str
    name: str = ""
    value: Fraction
    is_compound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A line as it is priced: `amount_minor` for all of it, with tax or without as the terms say; `rates` in their order."""

    position: int
    amount_minor: int
    rates: tuple[Rate, ...] = ()
    kind: LineKind = LineKind.GOODS


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Given by hand: `minor` units, or `basis_points` (10,000 is all of it); on the line `position`, or over the order."""

    minor: int = 0
    basis_points: int = 0
    position: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an order is taxed and rounded; stored with it.  `step`: the smallest payable amount, in minor units (5 for CHF in cash).

    Whoever `is_exempt` pays no tax, and of inclusive prices what is left without it.
    """

    is_inclusive: bool = True
    level: Level = Level.LINE
    mode: Mode = Mode.HALF_UP
    is_exempt: bool = False
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotal:
    """One rate, on a line or over the order: its tax, and the net amount that it is on."""

    rate: Rate
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotal:
    """`amount` as priced - `discount` = `net` + tax in the price (inclusive), or = `net` (exclusive); net + tax = gross."""

    position: int
    kind: LineKind
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    exempted_minor: int
    rates: tuple[RateTotal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the lines; `payable_minor` = gross + `rounding_minor`, which may be negative.

    `exempted_minor`: the tax that an exempt customer is not asked for.
    """

    lines: tuple[LineTotal, ...]
    rates: tuple[RateTotal, ...]
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    exempted_minor: int
    rounding_minor: int

    @property
    def payable_minor(self) -> int:
        return self.gross_minor + self.rounding_minor


def total(charges: Sequence[Charge], terms: Terms, discounts: Iterable[Discount] = ()) -> Totals:
    """Add an order up.  Raises DoesNotAddUp: a negative amount, a position twice, a discount of nothing or on no line."""
    _check(charges, terms)
    left = discounted(charges, discounts, terms.mode)
    taxes = _taxes(charges, left, terms)
    lines = tuple(_line(charge, rest, tax, terms) for charge, rest, tax in zip(charges, left, taxes, strict=True))
    gross = sum(line.gross_minor for line in lines)
    return Totals(
        lines=lines,
        rates=_by_rate(lines),
        discount_minor=sum(line.discount_minor for line in lines),
        net_minor=sum(line.net_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        gross_minor=gross,
        exempted_minor=sum(line.exempted_minor for line in lines),
        rounding_minor=rounded(Fraction(gross, terms.step), terms.mode) * terms.step - gross,
    )


def _check(charges: Sequence[Charge], terms: Terms) -> None:
    if len({charge.position for charge in charges}) != len(charges):
        raise DoesNotAddUp("two lines have one position: expected each once")
    for charge in charges:
        if charge.amount_minor < 0:
            raise DoesNotAddUp(f"line {charge.position} costs {charge.amount_minor}: expected 0 or more, a discount is told as one")
        if any(rate.value < 0 for rate in charge.rates):
            raise DoesNotAddUp(f"line {charge.position} has a negative rate of tax")
        if len({rate.code for rate in charge.rates}) != len(charge.rates):
            raise DoesNotAddUp(f"line {charge.position} has a rate twice")
    if terms.step < 1:
        raise DoesNotAddUp(f"a step of {terms.step}: expected 1 minor unit or more")


# --- discounts ------------------------------------------------------------------------------------------------------------------


def discounted(charges: Sequence[Charge], discounts: Iterable[Discount], mode: Mode) -> list[int]:
    """What the discounts leave of each line, never below 0: a larger amount takes all that is left.  Raises DoesNotAddUp."""
    left = [charge.amount_minor for charge in charges]
    places = {charge.position: index for index, charge in enumerate(charges)}
    goods = [index for index, charge in enumerate(charges) if charge.kind is LineKind.GOODS]
    told = list(discounts)
    for discount in told:
        _check_discount(discount, places)
    for discount in sorted(told, key=lambda each: each.position is None):
        among = goods if discount.position is None else [places[discount.position]]
        weights = [left[index] for index in among]
        taken = min(discount.minor or rounded(Fraction(sum(weights) * discount.basis_points, WHOLE), mode), sum(weights))
        for index, part in zip(among, spread(taken, weights), strict=True):
            left[index] -= part
    return left


def _check_discount(discount: Discount, places: dict[int, int]) -> None:
    if (discount.minor > 0) == (discount.basis_points > 0) or discount.minor < 0 or not 0 <= discount.basis_points <= WHOLE:
        raise DoesNotAddUp(
            f"a discount of {discount.minor} and {discount.basis_points} basis points: expected an amount above 0, or 1 to {WHOLE}"
        )
    if discount.position is not None and discount.position not in places:
        raise DoesNotAddUp(f"a discount on line {discount.position}, which the order does not have")


# --- tax ------------------------------------------------------------------------------------------------------------------------


def _taxes(charges: Sequence[Charge], left: Sequence[int], terms: Terms) -> list[list[int]]:
    """The tax of each line by each of its rates, in whole minor units."""
    exact = [_exact(charge.rates, rest, is_inclusive=terms.is_inclusive) for charge, rest in zip(charges, left, strict=True)]
    if terms.level is Level.LINE:
        return [apportion(rounded(sum(shares, Fraction(0)), terms.mode), shares) for shares in exact]
    sums: dict[Rate, Fraction] = {}
    cells: dict[Rate, list[tuple[int, int]]] = {}
    for row, charge in enumerate(charges):
        for column, rate in enumerate(charge.rates):
            sums[rate] = sums.get(rate, Fraction(0)) + exact[row][column]
            cells.setdefault(rate, []).append((row, column))
    if terms.level is Level.RATE:
        wholes = [rounded(share, terms.mode) for share in sums.values()]
    else:
        wholes = apportion(rounded(sum(sums.values(), Fraction(0)), terms.mode), list(sums.values()))
    return _spread_back(dict(zip(sums, wholes, strict=True)), cells, exact, left if terms.is_inclusive else None)


def _spread_back(
    wholes: dict[Rate, int], cells: dict[Rate, list[tuple[int, int]]], exact: list[list[Fraction]], left: Sequence[int] | None
) -> list[list[int]]:
    """Each rate's tax over its lines; a line whose price includes it never has more tax than it costs."""
    taxes = [[0] * len(shares) for shares in exact]
    for rate, places in cells.items():
        shares = [exact[row][column] for row, column in places]
        caps = None if left is None else [left[row] - sum(taxes[row]) for row, _ in places]
        whole = wholes[rate] if caps is None else min(wholes[rate], sum(caps))
        for (row, column), part in zip(places, apportion(whole, shares, caps), strict=True):
            taxes[row][column] = part
    return taxes


def _exact(rates: Sequence[Rate], amount: int, *, is_inclusive: bool) -> list[Fraction]:
    """The exact tax of each rate on an amount that has them in it, or not."""
    factors: list[Fraction] = []
    for rate in rates:
        factors.append(rate.value * (1 + sum(factors) if rate.is_compound else 1))
    net = amount / (1 + sum(factors, Fraction(0))) if is_inclusive else Fraction(amount)
    return [net * factor for factor in factors]


def _line(charge: Charge, left: int, taxes: Sequence[int], terms: Terms) -> LineTotal:
    tax = sum(taxes)
    net = left - tax if terms.is_inclusive else left
    due = 0 if terms.is_exempt else tax
    rates = tuple(
        RateTotal(rate=rate, base_minor=net, tax_minor=0 if terms.is_exempt else part)
        for rate, part in zip(charge.rates, taxes, strict=True)
    )
    return LineTotal(
        position=charge.position,
        kind=charge.kind,
        amount_minor=charge.amount_minor,
        discount_minor=charge.amount_minor - left,
        net_minor=net,
        tax_minor=due,
        gross_minor=net + due,
        exempted_minor=tax - due,
        rates=rates,
    )


def _by_rate(lines: Iterable[LineTotal]) -> tuple[RateTotal, ...]:
    """Over the order, in the order in which the rates were first met."""
    found: dict[Rate, RateTotal] = {}
    for line in lines:
        for one in line.rates:
            before = found.get(one.rate, RateTotal(rate=one.rate, base_minor=0, tax_minor=0))
            found[one.rate] = RateTotal(
                rate=before.rate, base_minor=before.base_minor + one.base_minor, tax_minor=before.tax_minor + one.tax_minor
            )
    return tuple(found.values())
