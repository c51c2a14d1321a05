"""A wave of 2,000 orders of three lines: composed of what waits, released, and each of its pick lists made, bound to bins.

2,000 articles in two bins each, at one site that has 2,000 more orders waiting which no rule fits.  The limit beside it is what the
rows alone cost: lists, lines and events of as many orders, copied in on the same server.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from controller import db
from controller.waves import queries
from controller.waves.composing import compose_waves
from controller.waves.operations import release, work_once
from controller.waves.policies import Match
from controller.waves.rules import Rule, put_rule
from tests.bench import chain
from tests.bench.report import Row, row
from tests.servers import running_postgres

ORDERS, LINES, SKUS = 2_000, 3, 2_000
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds of each step, and how many lists there are at the end."""

    composed: float
    released: float
    longest: float
    alone: float
    lists: int


def measure() -> Iterator[Row]:
    with ExitStack() as stack:
        folder = stack.enter_context(chain.work_folder())
        cluster = stack.enter_context(running_postgres())
        urls = {"PostgreSQL": stack.enter_context(cluster.fresh_database()), "SQLite": f"sqlite://{folder}/bench.db"}
        for engine, url in urls.items():
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply(_in_a_process_of_its_own, (url,))
            ok = found.released <= SECONDS and found.lists == ORDERS
            name = f"wave of {ORDERS:,} orders, {engine}"
            yield row(f"{name}: released", found.released, "s", limit=found.alone, target=f"<= {SECONDS:g} s", ok=ok)
            yield row(f"{name}: composed", found.composed, "s", target=f"<= {SECONDS:g} s", ok=found.composed <= SECONDS)
            yield row(f"{name}: longest transaction", found.longest, "s", target="<= 1 s", ok=found.longest <= 1)


def _in_a_process_of_its_own(url: str) -> Found:
    return asyncio.run(_measure(url))


async def _measure(url: str) -> Found:
    await db.connect(url, create_schema=True)
    try:
        await _fill()
        await put_rule(Rule(site="s1", name="web", max_lists=ORDERS, match=Match(channels=("web",))))
        began = time.perf_counter()
        (no,) = await compose_waves("s1")
        composed = time.perf_counter() - began
        began, longest = time.perf_counter(), 0.0
        await release(no)
        while True:
            piece = time.perf_counter()
            if not await work_once():
                break
            longest = max(longest, time.perf_counter() - piece)
        released = time.perf_counter() - began
        lists = (await queries.wave(no)).progress.waiting
        return Found(composed, released, longest, await _rows_alone(), lists)
    finally:
        await db.close()


async def _rows_alone() -> float:
    """The same rows once more, with nothing decided."""
    lists = await db.fetch("SELECT order_id, site, state, released_at FROM pick_list ORDER BY id")
    lines = await db.fetch("SELECT pick_list_id, order_line_id, line_key, sku_id, location_id, quantity FROM pick_line ORDER BY id")
    began = time.perf_counter()
    columns: tuple[str, ...] = ("order_id", "site", "attempt", "state", "released_at")
    rows = [(one["order_id"], one["site"], 99, one["state"], one["released_at"]) for one in lists]
    await db.insert_many("pick_list", columns, rows)
    columns = ("pick_list_id", "order_line_id", "line_key", "sku_id", "location_id", "quantity", "picked", "out", "is_short")
    await db.insert_many("pick_line", columns, [(*one.values(), 0, 0, False) for one in lines])
    columns = ("name", "subject", "site", "data", "actor", "recorded_at", "transaction_id")
    told = [("bench", "x", "s1", "{}", "bench", db.now(), 0) for _ in lists]
    await db.insert_many("event", columns, told)
    return time.perf_counter() - began


async def _fill() -> None:
    dice, instant = random.Random(1), db.now()
    await db.execute("INSERT INTO site (id, name, currency, time_zone) VALUES ('s1', 's', 'CNY', 'UTC')")
    await db.execute("INSERT INTO location (site_id, code, kind) VALUES ('s1', 'receiving', 'receiving')")
    bins = [(10 + n, "s1", f"A-{n}", "bin", f"zone-{n % 10}") for n in range(SKUS)]
    await db.insert_many("location", ("id", "site_id", "code", "kind", "zone"), bins)
    await db.insert_many("product", ("id", "code", "name_en", "name_zh"), [(n, f"p{n}", "p", "p") for n in range(1, SKUS + 1)])
    columns: tuple[str, ...] = ("id", "product_id", "code", "name_en", "name_zh", "base_unit", "price_minor", "currency")
    await db.insert_many("sku", columns, [(n, n, f"k{n}", "k", "k", "piece", 300, "CNY") for n in range(1, SKUS + 1)])
    wanted = [(n, position, dice.randint(1, SKUS)) for n in range(1, 2 * ORDERS + 1) for position in range(1, LINES + 1)]
    columns = ("sku_id", "site_id", "on_hand", "reserved", "allocated", "quarantined", "incoming")
    held = dict.fromkeys(range(1, SKUS + 1), 0)
    for _, _, sku in wanted:
        held[sku] += 2
    await db.insert_many("availability", columns, [(sku, "s1", 1000, reserved, 0, 0, 0) for sku, reserved in held.items()])
    balances = [
        (sku, 10 + (sku + shift) % SKUS, quantity, 0) for sku in range(1, SKUS + 1) for shift, quantity in ((0, 900), (7, 100))
    ]
    await db.insert_many("balance", ("sku_id", "location_id", "on_hand", "borrowed"), balances)
    columns = ("id", "site", "channel", "reference", "pickup_code", "currency", "total_minor", "state", "placed_at", "due_at")
    orders = [
        (n, "s1", "web" if n % 2 else "other", f"r{n}", "A", "CNY", 900, "approved", instant, instant + timedelta(minutes=n % 600))
        for n in range(1, 2 * ORDERS + 1)
    ]
    await db.insert_many("sales_order", columns, orders)
    sites = [("s1", n, one[2], "approved") for n, one in enumerate(orders, 1)]
    await db.insert_many("order_site", ("site", "order_id", "channel", "state"), sites)
    columns = ("id", "order_id", "position", "sku_id", "sku", "name_zh", "name_en", "base_unit", "quantity", "unit_price_minor")
    columns += ("price_per", "amount_minor", "is_short")
    lines = [
        (number, order, position, sku, f"k{sku}", "k", "k", "piece", 2, 300, 1, 600, False)
        for number, (order, position, sku) in enumerate(wanted, 1)
    ]
    await db.insert_many("order_line", columns, lines)
    keys = [f"SO-{100_000 + order}/{position}" for order, position, _ in wanted]
    columns = ("order_id", "order_line_id", "site", "quantity", "line_key")
    promised = [(order, number, "s1", 2, key) for number, ((order, _, _), key) in enumerate(zip(wanted, keys, strict=True), 1)]
    await db.insert_many("order_allocation", columns, promised)
    columns = ("line_key", "document", "sku_id", "site_id", "quantity", "consumed", "state", "created_at")
    holds = [
        (key, key.partition("/")[0], sku, "s1", 2, 0, "reserved", instant) for key, (_, _, sku) in zip(keys, wanted, strict=True)
    ]
    await db.insert_many("reservation", columns, holds)
    if db.engine() is db.Engine.POSTGRES:
        await db.execute("ANALYZE")
