"""Pure arithmetic of cost: integers and exact pairs, rounded half to even at one place; what is rounded never gets lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


def half_even(numerator: int, denominator: int) -> int:
    """The nearest whole number of numerator / denominator (denominator > 0); half to even."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        return whole + 1
    return whole


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` spread by weights, by largest remainder (the first of equals): the parts sum to it exactly.

    Weights that are all nought count as equal.  Nothing is spread over nobody.
    """
    if not weights:
        return []
    sum_of = sum(weights)
    if sum_of == 0:
        return shares(total, [1] * len(weights))
    parts = [divmod(total * weight, sum_of) for weight in weights]
    left = total - sum(part for part, _ in parts)
    order = sorted(range(len(weights)), key=lambda index: (-parts[index][1], index))
    more = set(order[:left])
    return [part + (index in more) for index, (part, _) in enumerate(parts)]


@dataclass(frozen=True, slots=True)
class Change:
    """What a movement or a correction does to a pool."""

    quantity: int = 0
    value: int = 0
    unknown: int = 0
    difference: int = 0

    def reversed(self) -> Change:
        """The same, out of one pool and into another."""
        return Change(-self.quantity, -self.value, -self.unknown)


@dataclass(frozen=True, slots=True)
class Pool:
    """`quantity` base units cost `value` minor units in all; `unknown` more are there at a cost that nobody knows."""

    quantity: int = 0
    value: int = 0
    unknown: int = 0

    def after(self, change: Change) -> Pool:
        return replace(
            self,
            quantity=self.quantity + change.quantity,
            value=self.value + change.value,
            unknown=self.unknown + change.unknown,
        )

    def cost_of(self, units: int) -> int | None:
        """What so many would cost now, at the average; None: nobody knows (nothing of known cost is there)."""
        return half_even(units * self.value, self.quantity) if self.quantity else None

    def leaving(self, units: int) -> Change:
        """Goods go at the average, those of known cost first; the last of them take the rest of the value with them.

        What goes beyond what is there leaves `unknown` below zero until the next entry, the ledger's loan (`discrepancy`).
        """
        known = min(units, self.quantity)
        value = self.value if known == self.quantity else half_even(known * self.value, self.quantity)
        return Change(-known, -value, known - units)

    def coming(self, units: int, minor: int | None) -> Change:
        """Goods come, at `minor` for all of them; None: at a cost that nobody knows."""
        return Change(unknown=units) if minor is None else Change(units, minor)

    def found(self, units: int) -> Change:
        """Goods come that nobody paid for (found in a count, lent, returned): at the average, so that it stays as it is."""
        return self.coming(units, self.cost_of(units))

    def corrected(self, units: int, minor: int) -> Change:
        """`units` that came before cost `minor` more (or less, below zero) than was booked.

        The part of it whose goods may still be here changes the pool, down to nought; the rest is price difference.
        """
        here = half_even(minor * min(units, self.quantity), units) if units else 0
        here = max(here, -self.value) if self.quantity else 0
        return Change(value=here, difference=minor - here)

    def priced(self, units: int, minor: int) -> Change:
        """The cost of `units` is known at last: what is still here of them joins the average, the rest is price difference."""
        known = min(units, max(self.unknown, 0))
        value = half_even(minor * known, units) if units else 0
        return Change(known, value, -known, difference=minor - value)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the goods of a receipt cost (`minor` for `units`, None: unknown), and how much of it is in the books."""

    minor: int | None
    units: int
    booked_units: int = 0
    booked_minor: int = 0
    booked_unknown: int = 0

    def value_of(self, units: int) -> int | None:
        return None if self.minor is None else half_even(units * self.minor, self.units)

    def booking(self, units: int) -> tuple[Basis, int | None]:
        """So many more of it come in (fewer below zero: they were taken back), and what these cost.

        Cost is the difference of two totals, so that many small arrivals sum to what one large one costs.
        """
        if self.minor is None:
            return replace(self, booked_unknown=self.booked_unknown + units), None
        known = self.booked_units + units
        total = half_even(known * self.minor, self.units)
        return replace(self, booked_units=known, booked_minor=total), total - self.booked_minor
