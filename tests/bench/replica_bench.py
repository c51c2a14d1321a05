"""The replica: 100,000 SKUs stored page by page as the controller sends them, then looked up; the limit is a bare read of one key.

Without the network: from a page's bytes to rows on disk; from a symbol to its item, by itself and as a station gets it, with the
way to the reading thread and back.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from edge_agent.replica import Replica
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.seams import SystemClock
from edge_agent.stations import Item
from edge_agent.wire.replica import ITEMS, ReplicaBarcode, ReplicaItem, ReplicaPage, ReplicaStock, decode_page, encode_page
from tests.bench import chain
from tests.bench.report import Row, percentile, row

SKUS = 100_000
LOOKUPS = 2000
LOOKUP_MS, STATION_MS, SNAPSHOT_SECONDS = 2.0, 10.0, 10.0


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder:
        yield from asyncio.run(_replica(folder))


async def _replica(folder: Path) -> list[Row]:
    path = folder / "replica.db"
    bodies = iter([encode_page(_page(number)) for number in range(SKUS // ITEMS)])
    keeper = ReplicaKeeper(
        Replica(path, "s1", SystemClock()), lambda _: decode_page(next(bodies)), SystemClock(), Random(1), every=3600
    )
    began = time.perf_counter()
    running = asyncio.create_task(keeper.run())
    while not isinstance(await keeper.look_up("C-1", None), Item):
        await asyncio.sleep(0.01)
    snapshot = time.perf_counter() - began
    answered = []
    random = Random(2)
    for _ in range(LOOKUPS):
        began = time.perf_counter()
        assert isinstance(await keeper.look_up(f"C-{random.randrange(SKUS)}", "01234567890128"), Item)
        answered.append((time.perf_counter() - began) * 1000)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    alone, told = percentile(_lookups(path), 99), percentile(answered, 99)
    return [
        row("catalogue of 100,000 SKUs stored on the box", snapshot, "s", target="<= 10 s", ok=snapshot <= SNAPSHOT_SECONDS),
        row(
            "item looked up among 100,000 (p99)",
            alone,
            "ms",
            limit=percentile(_bare_reads(path), 99),
            target="<= 2 ms",
            ok=alone <= LOOKUP_MS,
        ),
        row("the same, as a station gets it (p99)", told, "ms", target="<= 10 ms", ok=told <= STATION_MS),
    ]


def _page(number: int) -> ReplicaPage:
    ids = range(number * ITEMS, (number + 1) * ITEMS)
    return ReplicaPage(
        site="s1",
        since=f"c{number}" if number else "",
        next=f"c{number + 1}",
        more=ids.stop < SKUS,
        at=datetime.now(UTC),
        items=[
            ReplicaItem(
                id=each,
                sku=f"sku-{each}",
                name_en=f"Thing number {each}",
                name_zh=f"第 {each} 号商品",
                unit="piece",
                price_minor=each,
                currency="CNY",
                barcodes=[ReplicaBarcode(kind="text", symbol=f"C-{each}")],
            )
            for each in ids
        ],
        stock=[ReplicaStock(item=each, on_hand=each) for each in ids],
    )


def _lookups(path: Path) -> list[float]:
    replica = Replica(path, "s1", SystemClock())
    replica.prepare()
    random = Random(4)
    milliseconds = []
    for _ in range(LOOKUPS):
        symbol = f"C-{random.randrange(SKUS)}"
        began = time.perf_counter()
        replica.lookup(symbol, "01234567890128")
        milliseconds.append((time.perf_counter() - began) * 1000)
    replica.close_reader()
    replica.close_writer()
    return milliseconds


def _bare_reads(path: Path) -> list[float]:
    """Milliseconds of reading one row by its key, on this thread."""
    connection = sqlite3.connect(path, isolation_level=None)
    random = Random(3)
    seconds = []
    for _ in range(LOOKUPS):
        began = time.perf_counter()
        connection.execute("SELECT * FROM item WHERE edition = 1 AND id = ?", (random.randrange(SKUS),)).fetchone()
        seconds.append((time.perf_counter() - began) * 1000)
    connection.close()
    return seconds
