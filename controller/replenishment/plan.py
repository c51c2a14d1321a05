"""From demand, stock and ways to levels and orders: the arithmetic of one site's SKUs, between one read and one write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller.replenishment import forecast as forecasting
from controller.replenishment.forecast import SEASON_WEEKS, Forecasts, Method
from controller.replenishment.history import History
from controller.replenishment.policies import NO_BOUND, Levels, Orders, Terms, days_of_supply, levels, orders, z_of
from controller.replenishment.series import Floats, Ints, Kind
from controller.replenishment.supply import Stock, Way, whole_days

DAYS = 182
"""Days of history that a forecast by day reads: 26 weeks."""
YEARS_DAYS = 156 * 7
"""Days that a forecast by week reads, where there are as many: three years."""
LONGEST_HORIZON = 120
LONG_CYCLE = 14
"""Days of lead time and review from which on the season of the year says more than the day of the week."""
FEW_DAYS_OFFERED = 14
"""Days in stock below which that nothing was sold says nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One site's SKUs, in order of id: what is known, and what follows."""

    stocks: Sequence[Stock]
    ways: Sequence[Way]
    found: Forecasts
    terms: Terms
    level: Levels
    mean_cycle: Floats
    last_sold: Ints

    @property
    def position(self) -> Ints:
        return _ints([stock.position for stock in self.stocks])

    def orders(self, extra: Ints | int = 0) -> Orders:
        """What to order when `extra` comes by other ways."""
        return orders(self.position + extra, self.mean_cycle, self.level, self.terms)

    def days_left(self) -> Floats:
        """Days until what is free is out."""
        return days_of_supply(_ints([stock.free for stock in self.stocks]), self.mean_cycle)


def plan(stocks: Sequence[Stock], ways: Sequence[Way], past: History, elsewhere: dict[int, float]) -> Plan:
    """`elsewhere`: mean demand per day of SKUs at other sites.  Pure, and slow enough for a thread of its own."""
    terms = terms_of(stocks, ways)
    lead, cycle = _whole(terms.lead), _whole(terms.lead + terms.review)
    horizon = int(min(max(cycle.max(initial=1), 7), LONGEST_HORIZON))
    demand, short = past.demand[:, -DAYS:], past.short[:, -DAYS:]
    found = forecasting.forecast(demand, short=short, horizon=horizon)
    _by_year(found, past, cycle)
    forecasting.fill_unknown(found, _prior(stocks, found, past, elsewhere))
    mean_cycle = found.mean(cycle)
    level = levels(found.mean(lead), mean_cycle, found.sd, terms)
    return Plan(stocks, ways, found, terms, _switched(level, ways, found), mean_cycle, past.last_sold)


def _switched(level: Levels, ways: Sequence[Way], found: Forecasts) -> Levels:
    """What is not replenished, and what nobody asks for, has no levels but the least that people set."""
    off = np.array([bool(way.rule.off) for way in ways], dtype=bool)
    idle = (found.method == Method.NONE) & ~off
    floor = _ints([way.rule.least_shelf or 0 for way in ways])
    reorder = np.where(off, 0, np.where(idle, floor, level.reorder))
    return Levels(reorder, np.where(off, 0, np.where(idle, floor, level.upto)), np.where(off | idle, 0, level.safety))


def terms_of(stocks: Sequence[Stock], ways: Sequence[Way]) -> Terms:
    quantiles = {service: z_of(service) for service in {way.service for way in ways}}
    return Terms(
        lead=_floats([way.lead_days for way in ways]),
        lead_sd=_floats([way.lead_sd for way in ways]),
        review=_floats([way.review_days for way in ways]),
        z=_floats([quantiles[way.service] for way in ways]),
        pack=_ints([way.offer.pack if way.offer else 1 for way in ways]),
        least=_ints([way.offer.least if way.offer else 0 for way in ways]),
        capacity=_ints([_or(way.rule.most_shelf, NO_BOUND) for way in ways]),
        shelf_days=_ints([_or(stock.shelf_days, NO_BOUND) for stock in stocks]),
        floor=_ints([way.rule.least_shelf or 0 for way in ways]),
    )


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else max(value, 0)


def _by_year(found: Forecasts, past: History, cycle: Ints) -> None:
    """Where the history holds two years and the cycle is long: weeks with the season of the year, if they have one."""
    weeks = past.demand.shape[1] // 7
    if weeks < 2 * SEASON_WEEKS:
        return
    begun = past.demand[:, : (weeks - 2 * SEASON_WEEKS) * 7 + 7].any(axis=1)
    rows = np.flatnonzero(begun & (cycle >= LONG_CYCLE) & np.isin(found.kind, (Kind.SMOOTH, Kind.ERRATIC)))
    if not len(rows):
        return
    by_week = past.demand[rows, -weeks * 7 :].reshape(len(rows), weeks, 7)
    short = past.short[rows, -weeks * 7 :].reshape(len(rows), weeks, 7).any(axis=2)
    horizon = -(-found.path.shape[1] // 7)
    yearly = forecasting.forecast(by_week.sum(axis=2), short=short, season=SEASON_WEEKS, horizon=horizon)
    seasonal = np.flatnonzero(np.isin(yearly.method, (Method.SEASONAL_ADDITIVE, Method.SEASONAL_MULTIPLICATIVE)))
    at = rows[seasonal]
    found.path[at] = np.repeat(yearly.path[seasonal] / 7.0, 7, axis=1)[:, : found.path.shape[1]]
    found.sd[at] = yearly.sd[seasonal] / np.sqrt(7.0)
    found.method[at] = np.where(
        yearly.method[seasonal] == Method.SEASONAL_ADDITIVE, Method.YEARLY_ADDITIVE, Method.YEARLY_MULTIPLICATIVE
    )
    for name in ("alpha", "beta", "gamma"):
        getattr(found, name)[at] = getattr(yearly, name)[seasonal]


def unheard_of(past: History) -> Ints:
    """Places of what was never sold here, and hardly there to be sold: that it was not says nothing of it."""
    offered = (~past.short[:, -DAYS:]).sum(axis=1)
    found: Ints = np.flatnonzero(~past.demand[:, -DAYS:].any(axis=1) & (offered < FEW_DAYS_OFFERED))
    return found


def _prior(stocks: Sequence[Stock], found: Forecasts, past: History, elsewhere: dict[int, float]) -> Floats:
    """For what was never there to be sold: its mean at other sites, else that of its product's other SKUs here."""
    mean = found.path.mean(axis=1)
    by_product: dict[int, list[float]] = {}
    for stock, value in zip(stocks, mean.tolist(), strict=True):
        if value > 0:
            by_product.setdefault(stock.product_id, []).append(value)
    prior = np.full(len(stocks), np.nan)
    for place in unheard_of(past).tolist():
        stock = stocks[place]
        others = by_product.get(stock.product_id, [])
        known = elsewhere.get(stock.sku_id) or (sum(others) / len(others) if others else None)
        if known:
            prior[place] = known
    return prior


def _whole(days: Floats) -> Ints:
    return _ints([whole_days(value) for value in days.tolist()])


def _ints(values: Sequence[int]) -> Ints:
    return np.asarray(values, dtype=np.int64)


def _floats(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)
