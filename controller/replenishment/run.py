"""A run: for some sites at once, a range of SKUs after the other.  One read, arithmetic in a thread, one write for each.

Memory holds one range of SKUs, however large the chain.  Each write is one transaction that also says how far the run is, and only
while the run is still this process's: one that was taken over writes nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from controller import db
from controller.replenishment.plan import YEARS_DAYS, Plan
from controller.replenishment.planning import plans_of
from controller.replenishment.policies import classes_by_value
from controller.replenishment.proposing import MICRO, Wanted, dismissed, explained, purchase, store, tenths
from controller.replenishment.site_run import SiteRun, check
from controller.replenishment.states import Kind
from controller.replenishment.supply import offers, rules
from controller.replenishment.transferring import Flow, Spare, Want, flows, surplus

SKUS_AT_ONCE = 5000
COVER_DAYS = 14.0
"""Days of demand beyond S that a site keeps before it gives."""
VALUED_DAYS = 90
"""Days of sales by which a SKU has its class."""
WORTH_DAYS = 2.0
"""A transfer brings at least the demand of so many days."""


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
    rows = await db.fetch(
        "SELECT d.sku_id, d.units * s.price_minor * CASE WHEN s.base_unit = 'piece' THEN 100 ELSE 1 END AS value "
        "FROM (SELECT sku_id, SUM(sold - returned) AS units FROM demand_day WHERE site_id = ? AND day >= ? GROUP BY sku_id) d "
        "JOIN sku s ON s.id = d.sku_id ORDER BY d.sku_id",
        *(run.site_id, run.day - VALUED_DAYS),
    )
    run.classed = np.array([row["sku_id"] for row in rows], dtype=np.int64)
    run.classes = classes_by_value(np.maximum(np.array([float(row["value"]) for row in rows]), 0.0))
    years = "SELECT 1 AS one FROM demand_day WHERE site_id = ? AND day <= ? LIMIT 1"  # answered by the index of the key alone
    if await db.fetch(years, run.site_id, run.day - 2 * 52 * 7):
        run.days = YEARS_DAYS
    await db.execute("UPDATE replenishment_run SET total = ?, told_at = ? WHERE id = ?", total, db.now(), run.id)


async def _chunk(runs: Sequence[SiteRun], first: int, last: int, skus: int) -> None:
    known = await offers(first, last)
    plans = await plans_of(runs, known, first, last)
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
    classes = run.classes_of(list(places))
    for sku, ways in moved.items():
        extra[places[sku]] += sum(flow.quantity for flow in ways)
    for sku, ways in kept.items():
        if sku in places:
            extra[places[sku]] += sum(flow.quantity for flow in ways if flow.target == run.site_id)
    wanted = []
    days = found.days_left()
    for sku, ways in sorted(moved.items()):
        place = places[sku]
        wanted += [
            Wanted(
                sku_id=sku,
                kind=Kind.TRANSFER,
                source=flow.source,
                quantity=flow.quantity,
                pack=1,
                value_minor=None,
                days_left_tenths=tenths(float(days[place])),
                explanation=explained(found, place, None, abc=classes[place], source=flow.source),
            )
            for flow in ways
        ]
    ordered = found.orders(extra)
    for place in np.flatnonzero(ordered.quantity > 0).tolist():
        wanted.append(purchase(found, place, ordered, int(extra[place]), float(days[place]), classes[place]))
    return wanted
