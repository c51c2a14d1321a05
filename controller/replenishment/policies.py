"""When to order and how much: reorder points, order-up-to levels and what bounds an order, over arrays of SKUs at sites.

Quantities in base units, times in days.  Sources: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains (4th
ed.), chapters 4 and 6; Chopra & Meindl, Supply Chain Management (6th ed.), chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from statistics import NormalDist

import numpy as np

from controller.replenishment.series import Floats, Ints

A_SHARE, B_SHARE = 0.80, 0.95
"""Shares of what is sold by value: class A is the first four fifths, C the last twentieth."""
SERVICE = {"A": 0.98, "B": 0.95, "C": 0.90}
"""Chance that a cycle goes without a stock-out, by class, unless people say otherwise."""
NO_BOUND = np.iinfo(np.int64).max // 4


def z_of(service: float) -> float:
    """The standard normal quantile of a service level between 0 and 1.  Raises ValueError."""
    if not 0.0 < service < 1.0:
        raise ValueError(f"service level {service}: expected more than 0 and less than 1")
    return NormalDist().inv_cdf(service)


def economic_quantity(yearly: Floats, order_cost: Floats, holding_cost: Floats) -> Floats:
    """Units to order at once: sqrt(2 * A * D / h), where one unit costs h a year to hold (Silver, Pyke & Thomas, 4.3)."""
    found: Floats = np.sqrt(2.0 * np.asarray(order_cost) * np.asarray(yearly) / np.asarray(holding_cost))
    return found


def risk(days: Floats, mean: Floats, sd: Floats, days_sd: Floats) -> Floats:
    """Standard deviation of what is asked for in an uncertain time: sqrt(L*sd^2 + d^2*sL^2) (Chopra & Meindl, 12.3)."""
    spread: Floats = np.hypot(np.sqrt(np.maximum(days, 0.0)) * sd, mean * days_sd)
    return spread


@dataclass(frozen=True, slots=True)
class Terms:
    """How each SKU comes to its site, and what bounds an order; arrays of one length.

    `lead`, `lead_sd`: days from order to shelf; `review`: days between orders; `z`: of the service level.  `pack`: base units per
    pack, `least`: least quantity of an order, `capacity`: what the shelf holds, `shelf_days`: days until it expires (both NO_BOUND:
    none); `floor`: never fewer than these on the shelf.
    """

    lead: Floats
    lead_sd: Floats
    review: Floats
    z: Floats
    pack: Ints
    least: Ints
    capacity: Ints
    shelf_days: Ints
    floor: Ints


@dataclass(frozen=True, slots=True)
class Levels:
    """`reorder`: at or below it is ordered; `upto`: the position that an order restores; `safety`: what of it is for chance."""

    reorder: Ints
    upto: Ints
    safety: Ints


def levels(mean_lead: Floats, mean_cycle: Floats, sd: Floats, terms: Terms) -> Levels:
    """Reorder point = d*L + z*sqrt(L*sd^2 + d^2*sL^2), up to S = d*(L+R) + z*sqrt((L+R)*sd^2 + d^2*sL^2); both rounded up.

    `mean_lead`: demand per day over the lead time, `mean_cycle`: over lead time and review period.
    """
    cycle = terms.lead + terms.review
    safety = terms.z * risk(terms.lead, mean_lead, sd, terms.lead_sd)
    wanted = mean_lead * terms.lead + safety
    upto = mean_cycle * cycle + terms.z * risk(cycle, mean_cycle, sd, terms.lead_sd)
    reorder = np.maximum(_up(wanted), terms.floor)
    return Levels(reorder, np.maximum(_up(upto), reorder), _up(np.maximum(safety, 0.0)))


def _up(values: Floats) -> Ints:
    """Rounded up; a billionth above a whole number is its rounding error."""
    bounded = np.minimum(np.maximum(values, 0.0), float(NO_BOUND))
    return np.ceil(bounded - 1e-9 * np.maximum(bounded, 1.0)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Orders:
    """`quantity`: to order, whole packs; `need`: up to S, before anything bounded it; flags of what did."""

    quantity: Ints
    need: Ints
    by_pack: Ints
    by_least: Ints
    by_capacity: Ints
    by_shelf: Ints


def orders(position: Ints, mean_cycle: Floats, level: Levels, terms: Terms) -> Orders:
    """What to order where the position (on hand + on the way - promised) is at or below the reorder point, and more is needed.

    Whole packs, rounded up, at least the least order; then never more than the shelf holds beside the position, or than is sold
    before it expires, rounded down to whole packs.  Where that is less than the least order, nothing can be ordered.
    """
    below = (position <= level.reorder) & (level.upto > position)
    need = np.where(below, level.upto - position, 0)
    packs = _whole_up(need, terms.pack)
    wanted = np.where(need > 0, np.maximum(packs, _whole_up(terms.least, terms.pack)), 0)
    stands = np.maximum(position, 0)
    held = np.minimum(wanted, _whole_down(terms.capacity - stands, terms.pack))
    lasting = np.minimum(mean_cycle * terms.shelf_days.astype(np.float64), float(NO_BOUND)).astype(np.int64)
    sold = np.where(terms.shelf_days >= NO_BOUND, NO_BOUND, _whole_down(lasting - stands, terms.pack))
    bounded = np.minimum(held, sold)
    quantity = np.where(bounded < terms.least, 0, bounded)
    return Orders(quantity, need, packs - need, wanted - packs, wanted - held, held - bounded)


def _whole_up(quantity: Ints, pack: Ints) -> Ints:
    found: Ints = -(-quantity // pack) * pack
    return found


def _whole_down(quantity: Ints, pack: Ints) -> Ints:
    found: Ints = np.maximum(quantity, 0) // pack * pack
    return found


def classes_by_value(value: Floats) -> tuple[str, ...]:
    """ABC class of each SKU of a site by what was sold of it, in money; what sold nothing is C.  Ties keep their order."""
    order = np.argsort(-value, kind="stable")
    total = value.sum()
    if total <= 0:
        return ("C",) * len(value)
    before = np.empty(len(value))
    before[order] = (np.cumsum(value[order]) - value[order]) / total
    letters = np.where(value <= 0, "C", np.where(before < A_SHARE, "A", np.where(before < B_SHARE, "B", "C")))
    return tuple(str(letter) for letter in letters)


def days_of_supply(available: Ints, mean: Floats) -> Floats:
    """Days until it is out at the mean demand; infinite without demand."""
    found: Floats = np.divide(np.maximum(available, 0), mean, out=np.full(len(mean), np.inf), where=mean > 0)
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order to a supplier, in its packs: how many, the most that there is room and time for, minor units each."""

    packs: int
    most: int
    price: int


def topped_up(lines: Mapping[int, Line], minimum: int) -> dict[int, int]:
    """Packs of each line of an order, raised to the supplier's least order value as far as their bounds go; minor units.

    Keeps proportions: every line in turn grows by the same share, the largest value first.  Nothing is raised from zero.
    """
    packs = {sku: line.packs for sku, line in lines.items() if line.packs > 0}
    value = sum(count * lines[sku].price for sku, count in packs.items())
    begun = value
    if not packs or value <= 0:
        return packs
    for sku in sorted(packs, key=lambda sku: (-packs[sku] * lines[sku].price, sku)):
        if value >= minimum:
            break
        line = lines[sku]
        wanted = min(-(-(line.packs * minimum) // begun), max(line.most, line.packs))
        value += (wanted - line.packs) * line.price
        packs[sku] = wanted
    return packs


def pack_of(numerator: int, denominator: int) -> tuple[int, int]:
    """The smallest whole number of base units that a supplier's packs come to, and how many packs that is."""
    shared = gcd(numerator, denominator)
    return numerator // shared, denominator // shared


def review_days(order_days: str) -> int:
    """The longest time between two days on which a supplier takes orders (ISO weekdays as digits; empty: any day)."""
    days = sorted({int(day) for day in order_days if day in "1234567"})
    if not days:
        return 1
    return max((following - day - 1) % 7 + 1 for day, following in pairwise([*days, days[0] + 7]))
