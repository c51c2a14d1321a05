"""10,000 orders of three lines that wait for goods, sourced over 20 sites: from reading them to the last grant stored.

2,000 SKUs; each site has two thirds of them, most of it plenty, so that most orders come from one site, some from two or three.
The decisions alone are measured beside it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from controller import db
from controller.sourcing.batch import source_waiting
from controller.sourcing.plans import Destination, Point, Prices, Rate, Shelf, SiteFacts, Terms, Want
from controller.sourcing.policies import source
from tests.bench import chain
from tests.bench.report import Row, row
from tests.servers import running_postgres

ORDERS, LINES, SKUS, SITES = 10_000, 3, 2_000, 20
SECONDS = 10.0


def measure() -> Iterator[Row]:
    alone = _decisions_alone()
    with ExitStack() as stack:
        folder = stack.enter_context(chain.work_folder())
        cluster = stack.enter_context(running_postgres())
        urls = {"PostgreSQL": stack.enter_context(cluster.fresh_database()), "SQLite": f"sqlite://{folder}/bench.db"}
        for name, url in urls.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, sourced, split = pool.apply(_in_a_process_of_its_own, (url,))
            yield row(
                f"sourcing of 10,000 orders over 20 sites, {name} ({sourced:,} whole, {split:,} from several sites)",
                seconds,
                "s",
                limit=alone,
                target=f"<= {SECONDS:g} s",
                ok=seconds <= SECONDS and sourced == ORDERS,
            )


def _stock(dice: random.Random) -> Mapping[tuple[int, str], int]:
    return {
        (sku, f"s{site}"): dice.choice((3, 40, 200, 200))
        for sku in range(1, SKUS + 1)
        for site in range(SITES)
        if dice.random() < 2 / 3
    }


def _lines(dice: random.Random) -> list[tuple[int, int]]:
    return [(sku, dice.randint(1, 4)) for sku in dice.sample(range(1, SKUS + 1), LINES)]


def _decisions_alone() -> float:
    """Seconds of pure decisions."""
    dice = random.Random(1)
    sites = [
        SiteFacts(site=f"s{n}", point=Point(20_000_000 + n * 1_000_000, 110_000_000), capacity=5000, capacity_left=5000)
        for n in range(SITES)
    ]
    stock = {key: Shelf(free=quantity, safety=2) for key, quantity in _stock(dice).items()}
    terms = Terms(
        prices=Prices(distance_minor=100, split_minor=500, below_safety_minor=50, rates={("", ""): Rate(900, 200)}),
        destination=Destination(Point(31_000_000, 121_000_000)),
    )
    orders = [
        [
            Want(position=n, sku_id=sku, quantity=quantity, value_minor=900, grams=300)
            for n, (sku, quantity) in enumerate(_lines(dice), 1)
        ]
        for _ in range(ORDERS)
    ]
    began = time.perf_counter()
    for wanted in orders:
        source(wanted, sites, stock, terms)
    return time.perf_counter() - began


def _in_a_process_of_its_own(url: str) -> tuple[float, int, int]:
    return asyncio.run(_measure(url))


async def _measure(url: str) -> tuple[float, int, int]:
    await db.connect(url, create_schema=True)
    try:
        await _fill()
        began = time.perf_counter()
        done = await source_waiting()
        seconds = time.perf_counter() - began
        split = await db.fetch(
            "SELECT COUNT(*) AS n FROM (SELECT order_id FROM order_allocation GROUP BY order_id HAVING COUNT(DISTINCT site) > 1) s"
        )
        return seconds, done.sourced - done.waiting, int(split[0]["n"])
    finally:
        await db.close()


async def _fill() -> None:
    dice = random.Random(1)
    await db.insert_many("product", ("id", "code", "name_en", "name_zh"), [(n, f"p{n}", "p", "p") for n in range(1, SKUS + 1)])
    columns: tuple[str, ...] = (
        "id",
        "product_id",
        "code",
        "name_en",
        "name_zh",
        "base_unit",
        "price_minor",
        "currency",
        "weight_grams",
    )
    await db.insert_many("sku", columns, [(n, n, f"k{n}", "k", "k", "piece", 300, "CNY", 300) for n in range(1, SKUS + 1)])
    for number in range(SITES):
        await db.execute("INSERT INTO site (id, name, currency, time_zone) VALUES (?, 's', 'CNY', 'UTC')", f"s{number}")
        await db.execute(
            "INSERT INTO sourcing_site (site, latitude, longitude, capacity, changed_at) VALUES (?, ?, 110000000, 5000, ?)",
            *(f"s{number}", 20_000_000 + number * 1_000_000, db.now()),
        )
    await db.execute("INSERT INTO sourcing_area (prefix, zone, latitude, longitude) VALUES ('CN', '', 31000000, 121000000)")
    columns = ("sku_id", "site_id", "on_hand", "reserved", "allocated", "quarantined", "incoming")
    await db.insert_many("availability", columns, [(*key, quantity, 0, 0, 0, 0) for key, quantity in _stock(dice).items()])
    instant = db.now()
    columns = ("id", "channel", "reference", "pickup_code", "currency", "total_minor", "state", "placed_at", "region", "delivery")
    await db.insert_many(
        "sales_order",
        columns,
        [(n, "web", f"r{n}", "A", "CNY", 900, "approved", instant, "CN-31", "shipping") for n in range(1, ORDERS + 1)],
    )
    columns = ("order_id", "position", "sku_id", "sku", "name_zh", "name_en", "base_unit", "quantity", "unit_price_minor")
    columns += ("price_per", "amount_minor", "wanting", "is_short")
    lines = [
        (number, position, sku, f"k{sku}", "k", "k", "piece", quantity, 300, 1, 300 * quantity, quantity, False)
        for number in range(1, ORDERS + 1)
        for position, (sku, quantity) in enumerate(_lines(dice), 1)
    ]
    await db.insert_many("order_line", columns, lines)
    columns = ("order_id", "kind", "reason", "set_at", "set_by")
    flags = [(number, "stock_short", "imported", instant, "system") for number in range(1, ORDERS + 1)]
    await db.insert_many("order_flag", columns, flags)
