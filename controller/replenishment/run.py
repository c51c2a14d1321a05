"""A run: for some sites at once, a range of SKUs after the other.  One read, arithmetic in a thread, one write for each.

Memory holds one range of SKUs, however large the chain.  Each write is one transaction that also says how far the run is, and only
while the run is still this process's: one that was taken over writes nothing more.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from controller import db
from controller.replenishment.history import history
from controller.replenishment.plan import DAYS, YEARS_DAYS, Plan, plan
from controller.replenishment.policies import classes_by_value
from controller.replenishment.proposing import MICRO, Wanted, dismissed, explained, purchase, store, tenths
from controller.replenishment.series import Ints
from controller.replenishment.states import Kind
from controller.replenishment.supply import Offer, Rules, offers, rule_for, rules, stocks, way_of
from controller.replenishment.transferring import Flow, Spare, Want, flows, surplus

SKUS_AT_ONCE = 5000
COVER_DAYS = 14.0
"""Days of demand beyond S that a site keeps before it gives."""
VALUED_DAYS = 90
"""Days of sales by which a SKU has its class."""
WORTH_DAYS = 2.0
"""A transfer brings at least the demand of so many days."""


class TakenOver(Exception):
    """Another process has this run now."""


@dataclass(slots=True)
class SiteRun:
    """A run of one site.  `day`: its business day; `claim`: by which this process has it."""

    id: int
    site_id: str
    day: int
    claim: str
    rules: Rules = field(default_factory=dict)
    classed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    classes: tuple[str, ...] = ()
    days: int = DAYS
    done: int = 0
    proposals: int = 0

    def class_of(self, sku: int) -> str:
        place = int(np.searchsorted(self.classed, sku))
        return self.classes[place] if place < len(self.classed) and self.classed[place] == sku else "C"


async def run_sites(runs: Sequence[SiteRun]) -> None:
    """Do all of it.  Raises TakenOver; what is written until then stands, and whoever took over begins anew."""
    total = await _total()
    for each in runs:
        await _prepare(each, total)
    after = 0
    while skus := await _range(after):
        await _chunk(runs, *skus)
        after = skus[1]


async def _total() -> int:
    return int((await db.fetch("SELECT COUNT(*) AS skus FROM sku"))[0]["skus"])


async def _range(after: int) -> tuple[int, int, int] | None:
    """The next SKUs by id: the first, the last, and how many they are."""
    (row,) = await db.fetch(
        "SELECT MIN(id) AS first, MAX(id) AS last, COUNT(*) AS skus FROM (SELECT id FROM sku WHERE id > ? ORDER BY id LIMIT ?) s",
        *(after, SKUS_AT_ONCE),
    )
    return (int(row["first"]), int(row["last"]), int(row["skus"])) if row["skus"] else None


async def _prepare(run: SiteRun, total: int) -> None:
    run.rules = await rules(run.site_id)
    found = await db.fetch(  # one way through the days of the site, whatever is asked of them
        "SELECT d.sku_id, d.oldest, d.latest, "
        "d.units * s.price_minor * CASE WHEN s.base_unit = 'piece' THEN 100 ELSE 1 END AS value "
        "FROM (SELECT sku_id, MIN(day) AS oldest, MAX(day) AS latest, "
        "SUM(CASE WHEN day >= ? THEN sold - returned ELSE 0 END) AS units "
        "FROM demand_day WHERE site_id = ? GROUP BY sku_id) d JOIN sku s ON s.id = d.sku_id ORDER BY d.sku_id",
        *(run.day - VALUED_DAYS, run.site_id),
    )
    rows = [row for row in found if row["latest"] >= run.day - VALUED_DAYS]
    run.classed = np.array([row["sku_id"] for row in rows], dtype=np.int64)
    run.classes = classes_by_value(np.maximum(np.array([float(row["value"]) for row in rows]), 0.0))
    if found and min(row["oldest"] for row in found) <= run.day - 2 * 52 * 7:
        run.days = YEARS_DAYS
    await db.execute("UPDATE replenishment_run SET total = ?, told_at = ? WHERE id = ?", total, db.now(), run.id)


async def _chunk(runs: Sequence[SiteRun], first: int, last: int, skus: int) -> None:
    known = await offers(first, last)
    plans = {run.site_id: await _planned(run, known, first, last) for run in runs}
    barred = await dismissed(first, last)
    kept = await _kept(first, last)
    moved = await _transfers(
        plans, {(key[0], key[2], site) for site, key in barred if key[1] == Kind.TRANSFER}, kept, (first, last)
    )
    for run in runs:
        wanted = _wanted(run, plans[run.site_id], moved.get(run.site_id, {}), kept)
        allowed = [each for each in wanted if (run.site_id, each.key) not in barred]
        async with db.transaction():
            await check(run)
            run.done += skus
            await db.execute("UPDATE replenishment_run SET done = ? WHERE id = ?", run.done, run.id)
            run.proposals += await store(run.site_id, run.id, (first, last), allowed)


async def _planned(run: SiteRun, known: Mapping[int, Sequence[Offer]], first: int, last: int) -> Plan:
    rows = await stocks(run.site_id, first, last)
    skus = [row.sku_id for row in rows]
    past = await history(run.site_id, skus, [row.on_hand for row in rows], first=run.day - run.days, days=run.days)
    ways = [way_of(known.get(sku, ()), rule_for(run.rules, run.site_id, sku), run.class_of(sku)) for sku in skus]
    elsewhere = await _elsewhere(run.site_id, first, last)
    found = await asyncio.get_running_loop().run_in_executor(None, partial(plan, rows, ways, past, elsewhere))
    async with db.transaction():
        await check(run)
        await _store_levels(run, found, first, last)
    return found


async def _elsewhere(site_id: str, first: int, last: int) -> dict[int, float]:
    """Mean demand per day of SKUs at other sites, as their last runs found it."""
    rows = await db.fetch(
        "SELECT sku_id, SUM(mean_micro) AS mean, COUNT(*) AS sites FROM replenishment_level "
        "WHERE sku_id >= ? AND sku_id <= ? AND site_id <> ? AND mean_micro > 0 GROUP BY sku_id",
        *(first, last, site_id),
    )
    return {row["sku_id"]: int(row["mean"]) / row["sites"] / MICRO for row in rows}


_LEVEL = (
    "site_id",
    "sku_id",
    "abc",
    "kind",
    "method",
    "mean_micro",
    "sd_micro",
    "reorder",
    "upto",
    "safety",
    "lead_days",
    "review_days",
    "supplier_id",
    "last_sold",
    "made_at",
)


async def _store_levels(run: SiteRun, found: Plan, first: int, last: int) -> None:
    await db.execute("DELETE FROM replenishment_level WHERE site_id = ? AND sku_id >= ? AND sku_id <= ?", run.site_id, first, last)
    whole = [found.found.kind, found.found.method, _micro(found.mean_cycle), _micro(found.found.sd)]
    columns = [part.tolist() for part in (*whole, found.level.reorder, found.level.upto, found.level.safety, found.last_sold)]
    instant = db.now()
    rows = [
        (
            *(run.site_id, stock.sku_id, run.class_of(stock.sku_id), kind, method, mean, sd, reorder, upto, safety),
            *(way.lead_days, way.review_days, way.offer.supplier_id if way.offer else None, sold or None, instant),
        )
        for stock, way, kind, method, mean, sd, reorder, upto, safety, sold in zip(found.stocks, found.ways, *columns, strict=True)
    ]
    await db.insert_many("replenishment_level", _LEVEL, rows)


def _micro(values: np.ndarray) -> Ints:
    found: Ints = np.minimum(np.rint(values * MICRO), 2.0**62).astype(np.int64)
    return found


Ways = dict[int, list[Flow]]
"""Transfers to a site, by SKU."""
Kept = dict[int, list[Flow]]
"""Open transfers that people changed, by SKU."""


async def _kept(first: int, last: int) -> Kept:
    rows = await db.fetch(
        "SELECT sku_id, source, site_id, quantity FROM replenishment_proposal "
        "WHERE kind = 'transfer' AND state = 'changed' AND sku_id >= ? AND sku_id <= ?",
        *(first, last),
    )
    found: Kept = defaultdict(list)
    for row in rows:
        found[row["sku_id"]].append(Flow(row["source"], row["site_id"], row["quantity"]))
    return found


async def _transfers(
    plans: Mapping[str, Plan], barred: set[tuple[int, str, str]], kept: Kept, skus: tuple[int, int]
) -> dict[str, Ways]:
    """Who gives what to the sites of this run: surplus first, the rest is bought."""
    wants: dict[int, list[Want]] = defaultdict(list)
    for site, found in plans.items():
        ordered = found.orders()
        days, mean = found.days_left(), found.mean_cycle
        for place in np.flatnonzero(ordered.need > 0).tolist():
            stock = found.stocks[place]
            quantity = int(ordered.need[place]) - sum(flow.quantity for flow in kept.get(stock.sku_id, ()) if flow.target == site)
            least = int(np.ceil(min(WORTH_DAYS * float(mean[place]), quantity)))
            wants[stock.sku_id].append(Want(site, quantity, float(days[place]), max(least, 1)))
    moved: dict[str, Ways] = defaultdict(dict)
    spares = await _spares(*skus, given=kept, targets=set(plans)) if wants else {}
    for sku, short in sorted(wants.items()):
        ways = {(source, target) for barred_sku, source, target in barred if barred_sku == sku} if barred else set()
        for flow in flows(spares.get(sku, []), short, barred=ways):
            moved[flow.target].setdefault(sku, []).append(flow)
    return moved


async def _spares(first: int, last: int, *, given: Kept, targets: set[str]) -> dict[int, list[Spare]]:
    """What every site could give, less what it was asked for already."""
    rows = await db.fetch(
        "SELECT l.site_id, l.sku_id, l.upto, l.mean_micro, a.on_hand - a.reserved - a.allocated - a.quarantined - COALESCE(("
        "SELECT SUM(x.quantity - x.sent) FROM transfer_line x JOIN transfer t ON t.id = x.transfer_id WHERE x.sku_id = l.sku_id "
        "AND t.from_site = l.site_id AND t.state = 'draft' AND x.quantity > x.sent), 0) AS free "
        "FROM replenishment_level l JOIN availability a ON a.sku_id = l.sku_id AND a.site_id = l.site_id "
        "WHERE l.sku_id >= ? AND l.sku_id <= ? AND a.on_hand - a.reserved - a.allocated - a.quarantined > l.upto",
        *(first, last),
    )
    asked: dict[tuple[int, str], int] = defaultdict(int)
    for sku, ways in given.items():
        for flow in ways:
            asked[sku, flow.source] += flow.quantity
    for row in await db.fetch(
        "SELECT sku_id, source, site_id, quantity FROM replenishment_proposal "
        "WHERE kind = 'transfer' AND state = 'proposed' AND sku_id >= ? AND sku_id <= ?",
        *(first, last),
    ):
        if row["site_id"] not in targets:
            asked[row["sku_id"], row["source"]] += row["quantity"]
    found: dict[int, list[Spare]] = defaultdict(list)
    for row in rows:
        free = int(row["free"]) - asked[row["sku_id"], row["site_id"]]
        quantity = surplus(free, row["upto"], row["mean_micro"] / MICRO, COVER_DAYS)
        if quantity:
            found[row["sku_id"]].append(Spare(row["site_id"], quantity))
    return found


def _wanted(run: SiteRun, found: Plan, moved: Ways, kept: Kept) -> list[Wanted]:
    """Transfers to this site, and what is still to be bought then."""
    extra = np.zeros(len(found.stocks), dtype=np.int64)
    places = {stock.sku_id: place for place, stock in enumerate(found.stocks)}
    for sku, ways in moved.items():
        extra[places[sku]] += sum(flow.quantity for flow in ways)
    for sku, ways in kept.items():
        if sku in places:
            extra[places[sku]] += sum(flow.quantity for flow in ways if flow.target == run.site_id)
    wanted = []
    days = found.days_left()
    for sku, ways in sorted(moved.items()):
        place = places[sku]
        abc = run.class_of(sku)
        wanted += [
            Wanted(
                sku_id=sku,
                kind=Kind.TRANSFER,
                source=flow.source,
                quantity=flow.quantity,
                pack=1,
                value_minor=None,
                days_left_tenths=tenths(float(days[place])),
                explanation=explained(found, place, None, abc=abc, source=flow.source),
            )
            for flow in ways
        ]
    ordered = found.orders(extra)
    for place in np.flatnonzero(ordered.quantity > 0).tolist():
        abc = run.class_of(found.stocks[place].sku_id)
        wanted.append(purchase(found, place, ordered, int(extra[place]), float(days[place]), abc))
    return wanted


async def check(run: SiteRun) -> None:
    """Still ours, for the rest of this transaction.  Raises TakenOver."""
    if not await db.execute(
        "UPDATE replenishment_run SET told_at = ? WHERE id = ? AND claim = ? AND state = 'running'", db.now(), run.id, run.claim
    ):
        raise TakenOver(run.site_id)
