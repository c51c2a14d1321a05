"""Levels of a range of SKUs at the sites of a run: each site is read, planned in a thread, and written.  Plans stay in memory."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest

import numpy as np

from controller import db
from controller.replenishment.history import History, history
from controller.replenishment.plan import Plan, plan, unheard_of
from controller.replenishment.proposing import MICRO
from controller.replenishment.series import Ints
from controller.replenishment.site_run import SiteRun, check
from controller.replenishment.supply import Offer, Stock, rule_for, stocks, way_of


async def plans_of(runs: Sequence[SiteRun], known: Mapping[int, Sequence[Offer]], first: int, last: int) -> dict[str, Plan]:
    """One site after the other; while the arithmetic of one goes on in its thread, the next one is read."""
    plans = {}
    ahead = asyncio.create_task(_read(runs[0], first, last))
    try:
        for run, following in zip_longest(runs, runs[1:]):
            rows, past = await ahead
            if following is not None:
                ahead = asyncio.create_task(_read(following, first, last))
            plans[run.site_id] = await _planned(run, known, rows, past)
            async with db.transaction():
                await check(run)
                await _store_levels(run, plans[run.site_id], first, last)
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)
    return plans


async def _read(run: SiteRun, first: int, last: int) -> tuple[list[Stock], History]:
    rows = await stocks(run.site_id, first, last)
    skus, on_hand = [row.sku_id for row in rows], [row.on_hand for row in rows]
    return rows, await history(run.site_id, skus, on_hand, first=run.day - run.days, days=run.days)


async def _planned(run: SiteRun, known: Mapping[int, Sequence[Offer]], rows: Sequence[Stock], past: History) -> Plan:
    classes = run.classes_of([row.sku_id for row in rows])
    ways = [
        way_of(known.get(row.sku_id, ()), rule_for(run.rules, run.site_id, row.sku_id), abc)
        for row, abc in zip(rows, classes, strict=True)
    ]
    elsewhere = await _elsewhere(run.site_id, [rows[place].sku_id for place in unheard_of(past).tolist()])
    return await asyncio.get_running_loop().run_in_executor(None, partial(plan, rows, ways, past, elsewhere))


async def _elsewhere(site_id: str, skus: Sequence[int]) -> dict[int, float]:
    """Mean demand per day of SKUs at other sites, as their last runs found it."""
    rows = await db.fetch(
        "SELECT sku_id, SUM(mean_micro) AS mean, COUNT(*) AS sites FROM replenishment_level "
        f"WHERE {db.among('sku_id')} AND site_id <> ? AND mean_micro > 0 GROUP BY sku_id",
        *(db.listing(skus), site_id),
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
    skus = [stock.sku_id for stock in found.stocks]
    rows = [
        (
            *(run.site_id, sku, abc, kind, method, mean, sd, reorder, upto, safety),
            *(way.lead_days, way.review_days, way.offer.supplier_id if way.offer else None, sold or None, instant),
        )
        for sku, abc, way, kind, method, mean, sd, reorder, upto, safety, sold in zip(
            skus, run.classes_of(skus), found.ways, *columns, strict=True
        )
    ]
    await db.insert_many("replenishment_level", _LEVEL, rows)


def _micro(values: np.ndarray) -> Ints:
    found: Ints = np.minimum(np.rint(values * MICRO), 2.0**62).astype(np.int64)
    return found
