"""Replenishment of 20,000 SKUs at 20 sites, on each engine: from 26 weeks of demand by day to levels, proposals and alerts.

Three kinds of goods: a tenth sells most days with a weekly season, a fifth now and then, the rest rarely.  The run is what
the nightly loop does, from its claim to its end; the arithmetic alone is measured beside it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import numpy as np

from controller import db
from controller.replenishment import night, runs
from controller.replenishment.forecast import forecast
from tests.bench import chain
from tests.bench.report import Row, row
from tests.servers import running_postgres

SKUS, SITES, DAYS = 20_000, 20, 182
SECONDS, MIB = 60.0, 1024.0


def measure() -> Iterator[Row]:
    with ExitStack() as stack:
        folder = stack.enter_context(chain.work_folder())
        cluster = stack.enter_context(running_postgres())
        urls = {"SQLite": f"sqlite://{folder}/bench.db", "PostgreSQL": stack.enter_context(cluster.fresh_database())}
        for name, url in urls.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, arithmetic, proposals, memory = pool.apply(_in_a_process_of_its_own, (url,))
            yield row(
                f"replenishment of 20,000 SKUs x 20 sites, {name} ({proposals:,} proposals)",
                seconds,
                "s",
                limit=arithmetic,
                target=f"<= {SECONDS:g} s",
                ok=seconds <= SECONDS,
            )
            yield row(f"the same: memory at most, {name}", memory, "MiB", target=f"<= {MIB:g} MiB", ok=memory <= MIB)


def demand(site: int) -> np.ndarray:
    """SKUs x days; the same each time."""
    random = np.random.default_rng(site)
    week = np.tile([0.7, 0.7, 0.8, 0.9, 1.2, 1.6, 1.1], DAYS // 7)
    often, seldom = SKUS // 10, SKUS // 5
    rates = np.concatenate(
        [random.uniform(2, 12, often), random.uniform(0.1, 0.5, seldom), random.uniform(0.0, 0.03, SKUS - often - seldom)]
    )
    found: np.ndarray = random.poisson(rates[:, None] * week)
    return found


def _in_a_process_of_its_own(url: str) -> tuple[float, float, int, float]:
    return asyncio.run(_measure(url))


async def _measure(url: str) -> tuple[float, float, int, float]:
    await db.connect(url, create_schema=True)
    try:
        await _fill()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(SITES):
            await runs.ask(f"s{number}")
        began = time.perf_counter()
        done = await night.work_off()
        seconds = time.perf_counter() - began
        assert done == SITES
        found = await db.fetch("SELECT COUNT(*) AS open FROM replenishment_proposal WHERE state = 'proposed'")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return seconds, _arithmetic(), int(found[0]["open"]), (peak - before) / 1024
    finally:
        await db.close()


def _arithmetic() -> float:
    """Seconds of forecasting alone."""
    total = 0.0
    for site in range(2):
        values = demand(site)
        began = time.perf_counter()
        forecast(values, horizon=14)
        total += time.perf_counter() - began
    return total * SITES / 2


async def _fill() -> None:
    """A chain as it is after half a year: what was sold, what is left (a third of it low), who sells it."""
    await db.insert_many("product", ("id", "code", "name_en", "name_zh"), [(n, f"p{n}", "p", "p") for n in range(1, SKUS + 1)])
    columns = ("id", "product_id", "code", "name_en", "name_zh", "base_unit", "price_minor", "currency")
    await db.insert_many("sku", columns, [(n, n, f"k{n}", "k", "k", "piece", 100 + n % 900, "CNY") for n in range(1, SKUS + 1)])
    await db.execute(
        "INSERT INTO supplier (code, name, channel, address, language, currency, lead_days, minimum_minor, order_days, "
        "over_percent, min_days, active) VALUES ('farm', 'farm', 'hand', '', 'en', 'CNY', 3, 100000, '135', 0, 0, ?)",
        True,
    )
    columns = (
        "supplier_id",
        "sku_id",
        "their_code",
        "pack_numerator",
        "pack_denominator",
        "minimum_packs",
        "price_minor",
        "active",
    )
    await db.insert_many("supplier_item", columns, [(1, n, "", 6, 1, 1, 300, True) for n in range(1, SKUS + 1)])
    today = datetime.now(UTC).toordinal()
    for number in range(SITES):
        await db.execute("INSERT INTO site (id, name, currency, time_zone) VALUES (?, 's', 'CNY', 'UTC')", f"s{number}")
        await _fill_site(number, today)


async def _fill_site(number: int, today: int) -> None:
    site, values = f"s{number}", demand(number)
    at, day = np.nonzero(values)
    sold = values[at, day].tolist()
    rows = zip((at + 1).tolist(), (day + today - DAYS).tolist(), sold, strict=True)
    columns = ("site_id", "sku_id", "day", "sold", "returned", "net", "found")
    await db.insert_many("demand_day", columns, [(site, sku, when, count, 0, 0, 0) for sku, when, count in rows])
    held = (values.mean(axis=1) * np.random.default_rng(number).choice([1.0, 12.0, 40.0], SKUS)).astype(np.int64) + 1
    held_columns = ("sku_id", "site_id", "on_hand", "reserved", "allocated", "quarantined", "incoming", "presale", "presold")
    rows_held = [(sku, site, on_hand, 0, 0, 0, 0, 0, 0) for sku, on_hand in enumerate(held.tolist(), 1)]
    await db.insert_many("availability", held_columns, rows_held)
