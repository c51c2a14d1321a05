"""Counts over a million entries and 100,000 SKUs at locations: the review of a site that was counted whole, as a page."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from time import perf_counter
from uuid import uuid4

from aiohttp import ClientSession

from controller import db
from controller.app import Parts, make_app
from controller.config import parse_config
from controller.counts.evaluating import evaluate
from controller.counts.numbers import SESSIONS
from controller.counts.planning import Plan, plan
from controller.counts.sessions import refresh, submit
from controller.counts.states import SessionKind
from controller.stock.operations import Move, Reason, move
from edge_agent.ui.listening import listening
from tests.bench import chain
from tests.bench.ledger_bench import FIRST, ROUNDS, STEP, Books, fill
from tests.bench.report import Row, percentile, row
from tests.servers import running_postgres

LOOKS = 60
PAGE_MS, BIN_MS = 150.0, 50.0
SITE = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds at p95; seconds for all 5,000 rows of the site in one statement."""

    page: float
    stale: float
    one_bin: float
    whole: float


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, running_postgres() as cluster, cluster.fresh_database() as postgres:
        for engine, url in (("PostgreSQL", postgres), ("SQLite", f"sqlite://{folder}/counts.db")):
            yield from _rows(engine, asyncio.run(_measure(url)))


def _rows(engine: str, found: Found) -> Iterator[Row]:
    name = f"1,000,000 entries, {engine}"
    target = f"<= {PAGE_MS:g} ms"
    yield row(f"{name}: count review page (p95)", found.page, "ms", target=target, ok=found.page <= PAGE_MS)
    yield row(f"{name}: the same after a late sale (p95)", found.stale, "ms", target=target, ok=found.stale <= PAGE_MS)
    yield row(f"{name}: a bin's 20 rows anew (p95)", found.one_bin, "ms", target=f"<= {BIN_MS:g} ms", ok=found.one_bin <= BIN_MS)
    yield row(f"{name}: 250 bins, 5,000 rows anew", found.whole, "s", target="told", ok=True)


async def _measure(url: str) -> Found:
    await db.connect(url, create_schema=True)
    try:
        books, random = await fill(), Random(7)
        number, bins = await _counted(books, random)
        began = perf_counter()
        await db.in_transaction(lambda: evaluate(books.sites[SITE], bins))
        whole = perf_counter() - began
        await db.in_transaction(lambda: submit(number))
        one = await _timed(lambda: db.in_transaction(lambda: evaluate(books.sites[SITE], [random.choice(bins)])))

        async def late() -> None:
            await move([_late_sale(books, random)])

        with tempfile.TemporaryDirectory() as folder:
            app = make_app(parse_config({"data": folder}, {}, "bench"), Parts())
            async with listening(app, "127.0.0.1", 0, stop_seconds=0.1) as here, ClientSession() as client:
                address = f"http://127.0.0.1:{here.port}/counts/{number}/review"

                async def look() -> None:
                    async with client.get(address) as answer:
                        page = await answer.text()
                    if answer.status != 200 or "SKU" not in page.upper():
                        raise AssertionError(f"{answer.status}: {page[:200]}")

                await look()
                shown = await _timed(look)
                stale = await _timed(look, before=late)
        if await refresh(number):
            raise AssertionError("the page left something out of date")
        return Found(shown, stale, one, whole)
    finally:
        await db.close()


async def _counted(books: Books, random: Random) -> tuple[str, list[int]]:
    """Every bin of a site, with a difference in each fifth row; the rows as facts would have written them."""
    site = books.sites[SITE]
    codes = [each["code"] for each in await db.fetch("SELECT code FROM location WHERE site_id = ? AND kind = 'bin'", site)]
    number = await plan(Plan(site=site, kind=SessionKind.CHOSEN, bins=codes))
    session, done = SESSIONS.row_id(number), FIRST + ROUNDS * STEP - timedelta(hours=1)
    bins = {row["location_id"]: row["id"] for row in await db.fetch("SELECT id, location_id FROM count_bin")}
    async with db.transaction():
        columns = ("session_id", "bin_id", "round", "fact_id", "box", "person", "state", "began_at", "done_at", "recorded_at")
        parts = [(session, bin_id, 1, uuid4(), "bench", "wang", "counts", done, done, done) for bin_id in bins.values()]
        await db.insert_many("count_part", (*columns, "empty", "dated"), [(*part, False, True) for part in parts])
        await db.execute("UPDATE count_bin SET parts = 1, began_at = ?, done_at = ?", done, done)
        part_of = {each["bin_id"]: each["id"] for each in await db.fetch("SELECT id, bin_id FROM count_part")}
        lines = []
        for sku in books.skus:
            bin_id, found = bins[books.bin(SITE, sku)], 92 - (random.randint(1, 50) if sku % 5 == 0 else 0)
            lines.append((uuid4(), part_of[bin_id], session, bin_id, 1, "known", "x", found, sku, found, 0, done))
        of_lines = (
            "line_id",
            "part_id",
            "session_id",
            "bin_id",
            "round",
            "state",
            "symbol",
            "quantity",
            "sku_id",
            "units",
            "lot_id",
            "at",
        )
        await db.insert_many("count_line", of_lines, lines)
        await db.execute("UPDATE count_session SET state = 'open' WHERE id = ?", session)
    await db.execute("ANALYZE")
    return number, list(bins.values())


def _late_sale(books: Books, random: Random) -> Move:
    """From before the count."""
    sku = random.choice([sku for sku in books.skus[:500] if sku % 5 == 0])
    return Move(
        sku_id=sku,
        from_location_id=books.bin(SITE, sku),
        to_location_id=books.ends[SITE][2],
        quantity=1,
        reason=Reason.SHIPPED,
        occurred_at=FIRST + ROUNDS * STEP - timedelta(hours=2),
    )


async def _timed(work: Callable[[], Awaitable[object]], before: Callable[[], Awaitable[object]] | None = None) -> float:
    """Milliseconds at p95."""
    samples = []
    for _ in range(LOOKS):
        if before:
            await before()
        began = perf_counter()
        await work()
        samples.append(1000 * (perf_counter() - began))
    return percentile(samples, 95)
