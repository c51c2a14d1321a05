"""The picture behind a proposal, and what would have happened: history, forecast and interval of one SKU at a site."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from functools import partial

from controller import db
from controller.catalog.queries import sku as sku_of
from controller.errors import Rejected
from controller.replenishment import demand
from controller.replenishment.backtest import Outcome, Rule, walk_forward
from controller.replenishment.forecast import Forecasts, Method, forecast, interval
from controller.replenishment.history import History, history
from controller.replenishment.plan import DAYS, terms_of
from controller.replenishment.series import Kind as Demand
from controller.replenishment.supply import offers, rule_for, rules, stocks, way_of
from controller.sites.queries import site as site_of

SHOWN_DAYS = 56
AHEAD_DAYS = 28
Z = 1.2816
"""Of the interval that is shown: eight of ten days are within."""
MOST_TESTED = 2000
"""SKUs of one back-test, those that sell most."""


class NothingToTest(Rejected):
    code = "nothing_to_test"


@dataclass(frozen=True, slots=True)
class Point:
    """A day: what was sold (None: it is to come), whether it was out, and the forecast with its interval (None: it is past)."""

    day: date
    sold: int | None = None
    was_short: bool = False
    expected: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    points: list[Point]
    kind: str
    method: str


async def picture(sku: str, site_id: str) -> Picture:
    """Raises NotFound."""
    place, found = await site_of(site_id), await sku_of(sku)
    today = demand.business_day(db.now(), place.time_zone, place.day_starts)
    rows = await stocks(site_id, found.id, found.id)
    past = await history(site_id, [found.id], [row.on_hand for row in rows] or [0], first=today - DAYS, days=DAYS)
    told = await asyncio.get_running_loop().run_in_executor(
        None, partial(forecast, past.demand, short=past.short, horizon=AHEAD_DAYS)
    )
    return drawn(past, told, today)


def drawn(past: History, told: Forecasts, today: int) -> Picture:
    """The first series of both."""
    sold, short = past.demand[0, -SHOWN_DAYS:].tolist(), past.short[0, -SHOWN_DAYS:].tolist()
    points = [
        Point(date.fromordinal(today - len(sold) + place), int(quantity), bool(short[place])) for place, quantity in enumerate(sold)
    ]
    low, high = interval(told.path[:1], told.sd[:1], Z)
    points += [
        Point(
            date.fromordinal(today + place),
            None,
            False,
            round(value, 2),
            round(float(low[0, place]), 2),
            round(float(high[0, place]), 2),
        )
        for place, value in enumerate(told.path[0].tolist())
    ]
    return Picture(points, Demand(int(told.kind[0])).name.lower(), Method(int(told.method[0])).name.lower())


@dataclass(frozen=True, slots=True)
class Tested:
    """By rule; over so many SKUs and days."""

    outcomes: dict[Rule, Outcome]
    skus: int
    days: int


async def what_if(site_id: str, *, days: int = SHOWN_DAYS, sku: str = "") -> Tested:
    """What would have happened at a site in the last `days`, by our rules and by naive ones.

    Of the SKUs that sold most.  Raises NotFound, NothingToTest (no history yet).
    """
    place = await site_of(site_id)
    today = demand.business_day(db.now(), place.time_zone, place.day_starts)
    chosen = [(await sku_of(sku)).id] if sku else await _sellers(site_id, today)
    if not chosen:
        raise NothingToTest(f"nothing was sold at {site_id} in the last {DAYS} days")
    known = {row.sku_id: row for row in await stocks(site_id, chosen[0], chosen[-1])}
    skus = [each for each in chosen if each in known]
    past = await history(site_id, skus, [known[each].on_hand for each in skus], first=today - DAYS, days=DAYS)
    set_rules, sellers = await rules(site_id), await offers(chosen[0], chosen[-1])
    ways = [way_of(sellers.get(each, ()), rule_for(set_rules, site_id, each), "B") for each in skus]
    terms = terms_of([known[each] for each in skus], ways)
    work = partial(walk_forward, past.demand, terms, days=days, short=past.short)
    return Tested(await asyncio.get_running_loop().run_in_executor(None, work), len(skus), days)


async def _sellers(site_id: str, today: int) -> list[int]:
    rows = await db.fetch(
        "SELECT sku_id FROM demand_day WHERE site_id = ? AND day >= ? GROUP BY sku_id HAVING SUM(sold) > 0 "
        "ORDER BY SUM(sold) DESC, sku_id LIMIT ?",
        *(site_id, today - DAYS, MOST_TESTED),
    )
    return sorted(int(row["sku_id"]) for row in rows)
