"""A million entries of the ledger, 100,000 SKUs at locations: a level, what was there at an instant, and all numbers proven.

While the reconciler goes through everything, somebody in the same process goes on selling; beside it stands a sale alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter

from controller import db
from controller.owed import ALL_PROOFS
from controller.proofs import why
from controller.proofs.instants import site_at, sku_at
from controller.proofs.reconciler import Reconciler
from controller.proofs.seals import Sealer
from controller.proofs.summing import Summing
from controller.sites.operations import create_site
from controller.sites.queries import specials
from controller.stock.operations import Move, Reason, move
from controller.stock.queries import as_of, level
from tests.bench import chain
from tests.bench.report import Row, percentile, row
from tests.servers import running_postgres

SITES, SKUS, BINS = 20, 5000, 250
ROUNDS = 8
"""Entries of a SKU at a site: it arrives, is put away, and six are sold."""
MANY = 200_000
"""Entries more of the first SKU, in its bin at the first site: one comes, one is sold."""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(days=30)
LOOKS = 200
LEVEL_MS, AS_OF_MS, PASS_SECONDS, SALE_MS = 2.0, 20.0, 30.0, 50.0
ALONE_SECONDS = 3.0
SALE_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Books:
    """Ids: SKUs in order; by site its supplier, receiving place, customer, and its bins."""

    skus: range
    sites: list[str]
    ends: list[tuple[int, int, int]]
    bins: list[range]

    def bin(self, site: int, sku: int) -> int:
        return self.bins[site][sku % BINS]


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds at p99, seconds of the pass, entries per second."""

    level: float
    instants: dict[str, float]
    why: float
    sealed: float
    passed: float
    sale: float
    sale_alone: float


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, running_postgres() as cluster, cluster.fresh_database() as postgres:
        for engine, url in (("PostgreSQL", postgres), ("SQLite", f"sqlite://{folder}/ledger.db")):
            yield from _rows(engine, asyncio.run(_measure(url)))


def _rows(engine: str, found: Found) -> Iterator[Row]:
    name = f"1,000,000 entries, {engine}"
    yield row(f"{name}: level lookup (p99)", found.level, "ms", target=f"<= {LEVEL_MS:g} ms", ok=found.level <= LEVEL_MS)
    for what, value in found.instants.items():
        yield row(f"{name}: as of an instant, {what} (p99)", value, "ms", target=f"<= {AS_OF_MS:g} ms", ok=value <= AS_OF_MS)
    yield row(f"{name}: why, a page of 50 (p99)", found.why, "ms", target=f"<= {AS_OF_MS:g} ms", ok=found.why <= AS_OF_MS)
    yield row(f"{name}: sealing", found.sealed, "entries/s", target=">= 5,000 entries/s", ok=found.sealed >= 5000)
    target = f"<= {PASS_SECONDS:g} s"
    yield row(f"{name}: reconciler, full pass", found.passed, "s", target=target, ok=found.passed <= PASS_SECONDS)
    yield row(
        f"{name}: a sale while it reconciles (p99)",
        found.sale,
        "ms",
        limit=found.sale_alone,
        target=f"<= {SALE_MS:g} ms",
        ok=found.sale <= SALE_MS,
    )


async def _measure(url: str) -> Found:
    await db.connect(url, create_schema=True)
    try:
        books = await fill()
        random = Random(5)
        levels = await _timed(lambda: level(random.choice(books.skus), random.choice(books.sites)))
        instants = {
            "a SKU at a site": await _timed(
                lambda: sku_at(random.choice(books.skus), random.choice(books.sites), _instant(random))
            ),
            "a bin": await _timed(lambda: as_of(random.choice(random.choice(books.bins)), _instant(random))),
            "50 SKUs of a site": await _timed(
                lambda: site_at(random.choice(books.sites), _instant(random), after=random.choice(books.skus))
            ),
        }
        explained = await _timed(lambda: why.entries(why.Figure.ON_HAND, _where(books, random)))
        sealed = await _seal()
        await _sum_up()
        much, bin_of_much = books.skus[0], books.bin(0, books.skus[0])
        instants |= {
            "a SKU with 200,000 entries at a site": await _timed(lambda: sku_at(much, books.sites[0], _instant(random))),
            "the bin of it": await _timed(lambda: as_of(bin_of_much, _instant(random))),
            "50 SKUs with it": await _timed(lambda: site_at(books.sites[0], _instant(random), after=0)),
        }
        alone = await _sell(books, random, asyncio.create_task(asyncio.sleep(ALONE_SECONDS)))
        began = perf_counter()
        reconciling = asyncio.create_task(Reconciler(ALL_PROOFS).full_pass())
        beside = await _sell(books, random, reconciling)
        passed = perf_counter() - began
        if (await reconciling).differences:
            raise AssertionError(f"the books do not add up: {await db.fetch('SELECT * FROM reconciliation_difference LIMIT 5')}")
        return Found(levels, instants, explained, sealed, passed, percentile(beside, 99), percentile(alone, 99))
    finally:
        await db.close()


def _instant(random: Random) -> datetime:
    return FIRST + random.random() * ROUNDS * STEP


def _where(books: Books, random: Random) -> why.Where:
    return why.Where(sku_id=random.choice(books.skus), site_id=random.choice(books.sites))


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds at p99."""
    samples = []
    for _ in range(LOOKS):
        began = perf_counter()
        await work()
        samples.append(1000 * (perf_counter() - began))
    return percentile(samples, 99)


async def _seal() -> float:
    """All entries; per second."""
    sealer = Sealer(timedelta(0))
    began = perf_counter()
    for _ in range(3):  # PostgreSQL notes a horizon first
        while await sealer.step():
            pass
    return (SITES * SKUS * ROUNDS + MANY) / (perf_counter() - began)


async def _sum_up() -> None:
    summing = Summing()
    while await summing.step():
        pass


async def _sell(books: Books, random: Random, until: asyncio.Task[object]) -> list[float]:
    """Sales, one at a time, until something is done; the milliseconds of each."""
    samples = []
    while not until.done():
        site, sku = random.randrange(SITES), random.choice(books.skus)
        began = perf_counter()
        await move([_sale(books, site, sku)])
        samples.append(1000 * (perf_counter() - began))
        await asyncio.sleep(SALE_EVERY)
    return samples


def _sale(books: Books, site: int, sku: int) -> Move:
    return Move(
        sku_id=sku,
        from_location_id=books.bin(site, sku),
        to_location_id=books.ends[site][2],
        quantity=1,
        reason=Reason.SHIPPED,
        occurred_at=FIRST + ROUNDS * STEP,
    )


async def fill() -> Books:
    """The rows as `move` would have written them."""
    books = await _places()
    async with db.transaction():
        for turn in range(ROUNDS):
            for site in range(SITES):
                await db.insert_many("stock_movement", _COLUMNS, [_entry(books, turn, site, sku) for sku in books.skus])
        for first in range(0, MANY, 20_000):
            await db.insert_many("stock_movement", _COLUMNS, [_more(books, number) for number in range(first, first + 20_000)])
        for site, name in enumerate(books.sites):
            left = 100 - (ROUNDS - 2)
            rows = [(sku, books.bin(site, sku), 0, left, 0) for sku in books.skus]
            await db.insert_many("balance", ("sku_id", "location_id", "lot_id", "on_hand", "borrowed"), rows)
            columns = ("sku_id", "site_id", "on_hand", "reserved", "allocated", "quarantined", "incoming")
            await db.insert_many("availability", columns, [(sku, name, left, 0, 0, 0, 0) for sku in books.skus])
    await db.execute("ANALYZE")
    return books


_COLUMNS = ("sku_id", "from_location_id", "to_location_id", "quantity", "reason", "document", "occurred_at", "recorded_at")


def _entry(books: Books, turn: int, site: int, sku: int) -> tuple[object, ...]:
    supplier, receiving, customer = books.ends[site]
    place = books.bin(site, sku)
    instant = FIRST + turn * STEP + timedelta(seconds=sku)
    source, target, quantity, reason = {
        0: (supplier, receiving, 100, "received"),
        1: (receiving, place, 100, "relocated"),
    }.get(turn, (place, customer, 1, "shipped"))
    return sku, source, target, quantity, reason, "bench", instant, instant


def _more(books: Books, number: int) -> tuple[object, ...]:
    supplier, _, customer = books.ends[0]
    place, instant = books.bin(0, books.skus[0]), FIRST + number * (ROUNDS * STEP / MANY)
    source, target, reason = (place, customer, "shipped") if number % 2 else (supplier, place, "received")
    return books.skus[0], source, target, 1, reason, "bench", instant, instant


async def _places() -> Books:
    sites = [f"s{n:02d}" for n in range(SITES)]
    for name in sites:
        await create_site(name, name=name)
    async with db.transaction():
        rows = await db.fetch("INSERT INTO product (code, name_en, name_zh) VALUES ('p', 'p', 'p') RETURNING id")
        columns = ("product_id", "code", "name_en", "name_zh", "base_unit", "price_minor", "currency")
        skus = [(rows[0]["id"], f"sku{n:05d}", f"Article {n}", f"商品 {n}", "piece", 100, "CNY") for n in range(SKUS)]
        await db.insert_many("sku", columns, skus)
        for name in sites:
            await db.insert_many("location", ("site_id", "code", "kind"), [(name, f"B-{n:03d}", "bin") for n in range(BINS)])
    found = await specials(sites)
    special = {(site, kind.value): place for (site, kind), place in found.items()}
    first = await db.fetch("SELECT MIN(id) AS id FROM sku")
    bins = await db.fetch("SELECT site_id, MIN(id) AS id FROM location WHERE kind = 'bin' GROUP BY site_id ORDER BY site_id")
    return Books(
        skus=range(first[0]["id"], first[0]["id"] + SKUS),
        sites=sites,
        ends=[(special[s, "supplier"], special[s, "receiving"], special[s, "customer"]) for s in sites],
        bins=[range(each["id"], each["id"] + BINS) for each in bins],
    )
