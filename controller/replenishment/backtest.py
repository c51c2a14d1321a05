"""What would have happened: the rules walk through the last weeks with no more than they would have known, beside naive ones.

Judged by what counts in a shop (DOMAIN 6): the share of demand that was there to be sold, series-days sold out, the stock that it
took, and the pinball loss of the order-up-to level as a forecast of a quantile.  Deterministic: lead times are their means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from controller.replenishment.forecast import SEASON_DAYS, forecast
from controller.replenishment.policies import Levels, Terms, levels, orders
from controller.replenishment.series import BadSeries, Floats, Ints, Series, series_of

REFIT_DAYS = 7
"""Constants are fitted anew once a week in the simulation, in life each night; levels are each day's own in both."""
NAIVE_DAYS = 28


class Rule(StrEnum):
    OURS = "ours"
    LAST_CYCLE = "last_cycle"
    """Up to what was sold in the last lead time and review period."""
    MEAN = "mean"
    """Up to the mean of four weeks over lead time and review period, and half of it again for chance."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one rule, over all series.  `fill`: share of demand served (1 without demand); `stockout_days`: series-days that ended
    with nothing; `stock`: mean base units on the shelf at night; `pinball`: mean loss of S as the quantile of a cycle's demand.
    """

    fill: float
    stockout_days: int
    stock: float
    pinball: float
    ordered: int


Today = tuple[Levels, Floats]
"""Levels, and the mean demand per day over a cycle."""
Refit = Callable[[Series, Terms], Callable[[int], Today]]
"""From what is known: what holds so many days later."""


def walk_forward(demand: object, terms: Terms, *, days: int = 56, short: object | None = None) -> dict[Rule, Outcome]:
    """Simulate the last `days` by each rule.  Raises BadSeries, also when the history before them is shorter than a week."""
    series = series_of(demand, short)
    if series.demand.shape[1] < days + SEASON_DAYS:
        raise BadSeries(f"{series.demand.shape[1]} days of history, expected at least {days + SEASON_DAYS} to look back {days}")
    rules: dict[Rule, Refit] = {Rule.OURS: _ours, Rule.LAST_CYCLE: _last_cycle, Rule.MEAN: _mean}
    return {rule: _simulate(series, terms, days, refit) for rule, refit in rules.items()}


def _ours(known: Series, terms: Terms) -> Callable[[int], Today]:
    lead, cycle = _days(terms.lead), _days(terms.lead + terms.review)
    found = forecast(known.demand, horizon=int(cycle.max(initial=1)) + REFIT_DAYS, short=known.short)

    def today(later: int) -> Today:
        mean = found.mean(cycle, after=later)
        return levels(found.mean(lead, after=later), mean, found.sd, terms), mean

    return today


def _last_cycle(known: Series, terms: Terms) -> Callable[[int], Today]:
    cycle = _days(terms.lead + terms.review)
    summed = np.cumsum(known.demand[:, ::-1], axis=1)
    upto = summed[np.arange(len(cycle)), np.minimum(cycle, known.demand.shape[1]) - 1]
    return lambda _: (_plain(upto, terms), upto / cycle)


def _mean(known: Series, terms: Terms) -> Callable[[int], Today]:
    mean = known.demand[:, -NAIVE_DAYS:].mean(axis=1)
    return lambda _: (_plain(1.5 * mean * (terms.lead + terms.review), terms), mean)


def _days(days: Floats) -> Ints:
    whole: Ints = np.maximum(np.ceil(days), 1).astype(np.int64)
    return whole


def _plain(upto: Floats, terms: Terms) -> Levels:
    """Order when what is left covers the lead time alone."""
    whole = np.ceil(upto).astype(np.int64)
    share = np.divide(terms.lead, terms.lead + terms.review, out=np.ones_like(terms.lead), where=terms.lead + terms.review > 0)
    return Levels(np.ceil(upto * share).astype(np.int64), whole, np.zeros_like(whole))


@dataclass(slots=True)
class _Tally:
    served: float = 0.0
    wanted: float = 0.0
    out: int = 0
    stock: float = 0.0
    loss: float = 0.0
    judged: int = 0
    ordered: int = 0


def _simulate(series: Series, terms: Terms, days: int, refit: Refit) -> Outcome:
    count, periods = series.demand.shape
    first = periods - days
    lead = _days(terms.lead)
    arriving = np.zeros((count, days + int(lead.max(initial=1)) + 1), dtype=np.int64)
    tally = _Tally()
    known = refit(_until(series, first), terms)
    shelf = known(0)[0].upto.copy()
    for day in range(days):
        if day and day % REFIT_DAYS == 0:
            known = refit(_until(series, first + day), terms)
        level, mean = known(day % REFIT_DAYS)
        if day % REFIT_DAYS == 0:
            _judge(tally, series, level, terms, first + day)
        shelf = shelf + arriving[:, day]
        wanted = np.floor(series.demand[:, first + day]).astype(np.int64)
        served = np.minimum(wanted, shelf)
        shelf = shelf - served
        _count(tally, wanted, served, shelf)
        position = shelf + arriving[:, day + 1 :].sum(axis=1)
        quantity = orders(position, mean, level, terms).quantity
        arriving[np.arange(count), day + lead] += quantity
        tally.ordered += int(quantity.sum())
    fill = tally.served / tally.wanted if tally.wanted else 1.0
    return Outcome(fill, tally.out, tally.stock / max(days, 1), tally.loss / max(tally.judged, 1), tally.ordered)


def _until(series: Series, period: int) -> Series:
    return Series(series.demand[:, :period], series.short[:, :period], series.live[:, :period])


def _count(tally: _Tally, wanted: Ints, served: Ints, shelf: Ints) -> None:
    tally.served += float(served.sum())
    tally.wanted += float(wanted.sum())
    tally.out += int((shelf == 0).sum())
    tally.stock += float(shelf.sum())


def _judge(tally: _Tally, series: Series, level: Levels, terms: Terms, today: int) -> None:
    """Pinball loss at the service level of S against the demand of the cycle that follows; cycles not over yet are left out.

    Source: Koenker & Bassett 1978, Econometrica 46, p. 33.
    """
    cycle = _days(terms.lead + terms.review)
    over = np.flatnonzero(today + cycle <= series.demand.shape[1])
    if not len(over):
        return
    summed = np.concatenate([np.zeros((len(over), 1)), np.cumsum(series.demand[over, today:], axis=1)], axis=1)
    actual = summed[np.arange(len(over)), cycle[over]]
    share = np.array([NormalDist().cdf(z) for z in terms.z[over]])
    miss = actual - level.upto[over]
    tally.loss += float(np.maximum(share * miss, (share - 1.0) * miss).sum())
    tally.judged += len(over)
