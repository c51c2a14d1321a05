"""The replica: 100,000 SKUs and 200 people stored page by page as the controller sends them, then looked up and searched.

Without the network: from a page's packed bytes to rows on disk; from a symbol to its item, by itself (the limit is a bare read of
one key) and as a station gets it, with the way to the reading thread and back; from words to the first page of hits; from a badge
to its person; a PIN judged.  Memory is what a process has more of than before it had this replica.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge_agent.people import People, Verified
from edge_agent.replica import Replica
from edge_agent.replica_parts import PEOPLE
from edge_agent.replica_pull import ReplicaKeeper
from edge_agent.replica_search import Hits
from edge_agent.seams import SystemClock
from edge_agent.stations import Item
from edge_agent.wire.replica import decode_page, encode_page
from tests.bench import chain
from tests.bench.catalogue import PEOPLE_HERE, SKUS, badge, pages, symbol
from tests.bench.report import Row, percentile, row

LOOKUPS, SEARCHES, PINS = 2000, 60, 10
LOOKUP_MS, STATION_MS, SNAPSHOT_SECONDS, SEARCH_MS, BADGE_MS, PIN_MS = 2.0, 10.0, 10.0, 50.0, 2.0, 500.0
RSS_MIB, DISK_MIB = 15.0, 100.0
MIB = 1024 * 1024
QUERIES = (
    "牛奶",
    "洗衣粉",
    "巧",
    "不存在",
    "zzzz",
    "milk",
    "organic rice",
    "fresh 牛奶",
    "shampoo 4242",
    "sku-0",
    "sku-099999",
    "c-1234",
)
SITE = "s1"


@dataclass(slots=True)
class Found:
    """Seconds, milliseconds each, MiB."""

    snapshot: float = 0.0
    stations: list[float] = field(default_factory=list)
    lookups: list[float] = field(default_factory=list)
    searches: list[float] = field(default_factory=list)
    badges: list[float] = field(default_factory=list)
    pins: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    on_disk: float = 0.0
    memory: float = 0.0
    memory_after_pins: float = 0.0


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder:
        bodies = [gzip.compress(encode_page(page), 3) for page in pages(SITE)]
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(_in_a_process_of_its_own, (folder, bodies))
    limit = percentile(found.bare, 99)
    yield _row("catalogue of 100,000 SKUs stored on the box", found.snapshot, "s", SNAPSHOT_SECONDS)
    yield _row("item looked up among 100,000 (p99)", percentile(found.lookups, 99), "ms", LOOKUP_MS, limit)
    yield _row("the same, as a station gets it (p99)", percentile(found.stations, 99), "ms", STATION_MS)
    yield _row("search among 100,000 by name or code (p95)", percentile(found.searches, 95), "ms", SEARCH_MS)
    yield _row("badge to person among 200 (p99)", percentile(found.badges, 99), "ms", BADGE_MS)
    yield _row("PIN judged, its attempt on disk first (p95)", percentile(found.pins, 95), "ms", PIN_MS)
    yield _row("replica.db of 100,000 SKUs", found.on_disk, "MiB", DISK_MIB)
    yield _row("memory that it costs the agent (RSS)", found.memory, "MiB", RSS_MIB)
    yield _row("the same after 10 PINs", found.memory_after_pins, "MiB", RSS_MIB)


def _row(name: str, value: float, unit: str, most: float, limit: float | None = None) -> Row:
    return row(name, value, unit, limit=limit, target=f"<= {most:g} {unit}", ok=value <= most)


def _in_a_process_of_its_own(folder: Path, bodies: list[bytes]) -> Found:
    logging.disable(logging.WARNING)
    return asyncio.run(_replica(folder, bodies))


async def _replica(folder: Path, bodies: list[bytes]) -> Found:
    found, path, left = Found(), folder / "replica.db", iter(bodies)
    before = _rss_mib()
    replica = Replica(path, SITE, SystemClock())
    keeper = ReplicaKeeper(replica, lambda _: decode_page(gzip.decompress(next(left))), SystemClock(), Random(1), every=3600)
    people = People(folder / "wrong-pins.json", SystemClock())
    keeper.follow(PEOPLE, people.follow)
    began = time.perf_counter()
    running = asyncio.create_task(keeper.run())
    while not isinstance(await keeper.look_up(symbol(1), None), Item):
        await asyncio.sleep(0.01)
    found.snapshot = time.perf_counter() - began
    while people.by_badge(badge(1)) is None:
        await asyncio.sleep(0.01)
    random = Random(2)
    for _ in range(LOOKUPS):
        began = time.perf_counter()
        assert isinstance(await keeper.look_up(symbol(random.randrange(SKUS)), "01234567890128"), Item)
        found.stations.append((time.perf_counter() - began) * 1000)
    for number in range(SEARCHES):
        began = time.perf_counter()
        assert isinstance(await keeper.search(QUERIES[number % len(QUERIES)]), Hits)
        found.searches.append((time.perf_counter() - began) * 1000)
    found.badges = _milliseconds(lambda: people.by_badge(badge(random.randrange(PEOPLE_HERE))))
    found.memory = _rss_mib() - before
    for number in range(PINS):
        began = time.perf_counter()
        assert not isinstance(await people.sign_in(badge(number), "0000"), Verified)
        found.pins.append((time.perf_counter() - began) * 1000)
    found.memory_after_pins = _rss_mib() - before
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    found.lookups, found.bare = _lookups(path), _bare_reads(path)
    found.on_disk = path.stat().st_size / MIB
    return found


def _lookups(path: Path) -> list[float]:
    replica, random = Replica(path, SITE, SystemClock()), Random(4)
    replica.prepare()
    milliseconds = _milliseconds(lambda: replica.lookup(symbol(random.randrange(SKUS)), "01234567890128"))
    replica.close_reader()
    replica.close_writer()
    return milliseconds


def _bare_reads(path: Path) -> list[float]:
    """Of one row by its key, on this thread."""
    connection, random = sqlite3.connect(path, isolation_level=None), Random(3)
    sql = "SELECT * FROM item WHERE edition = 1 AND id = ?"
    milliseconds = _milliseconds(lambda: connection.execute(sql, (random.randrange(SKUS),)).fetchone())
    connection.close()
    return milliseconds


def _milliseconds(work: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(LOOKUPS):
        began = time.perf_counter()
        assert work() is not None
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _rss_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / MIB
