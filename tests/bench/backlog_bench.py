"""A backlog in batches of 64 KiB into one gateway process: scans (stored), deliveries (stored, and booked in the ledger).

Beside the scans: `executemany` of the same rows, in transactions of the gateway's size, into a table of the same shape with the
same keys, on the same server or disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import asyncpg

from tests.bench import chain, load
from tests.bench.report import Row, row

SCANS = 60_000
DELIVERIES = 40_000
ROWS_AT_ONCE = 2500
"""About what the gateway stores in one transaction (`BYTES_AT_ONCE`)."""
SHARE = 0.5
BOOKED_PER_SECOND = 15_000


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker, chain.engines(folder) as urls:
        rates = asyncio.run(_rates(folder, broker.port, urls))
        for engine, url in urls.items():
            limit = asyncio.run(_executemany_postgres(url)) if engine == "PostgreSQL" else _executemany_sqlite(url)
            stored, booked = rates[engine]
            yield row(
                f"backlog stored, {engine}",
                stored,
                "facts/s",
                limit=limit,
                target=f">= {SHARE:.0%} of executemany",
                ok=stored >= SHARE * limit,
            )
            yield row(
                f"backlog booked in the ledger, {engine}",
                booked,
                "facts/s",
                target=f">= {BOOKED_PER_SECOND:,} facts/s",
                ok=booked >= BOOKED_PER_SECOND,
            )


async def _rates(folder: Path, port: int, urls: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Per engine: facts stored, and facts booked, per second."""
    gateways = {engine: chain.controller(folder, engine.lower(), url, port) for engine, url in urls.items()}
    found: dict[str, list[float]] = {engine: [] for engine in urls}
    async with chain.listening(port) as listener:
        for gateway in gateways.values():
            await chain.subscribe_once(gateway, listener)
        for seed, facts in enumerate((load.scans(SCANS), load.deliveries(DELIVERIES))):
            await listener.publish(load.backlog(facts, seed))
            for engine, gateway in gateways.items():
                found[engine].append(await chain.drained(gateway, listener, len(facts)))
    for engine, url in urls.items():
        if (stored := await chain.applied(url)) != SCANS + DELIVERIES:
            raise AssertionError(f"{engine} holds {stored} applied facts, expected {SCANS + DELIVERIES}")
    return {engine: (stored, booked) for engine, (stored, booked) in found.items()}


def _executemany_sqlite(url: str) -> float:
    """Rows per second."""
    db = sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = FULL")
        for (statement,) in db.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'fact' AND sql IS NOT NULL").fetchall():
            db.execute(_renamed(statement))
        rows = db.execute("SELECT * FROM fact WHERE name = 'scan'").fetchall()
        insert = f"INSERT INTO bench_fact VALUES ({', '.join('?' * len(rows[0]))})"
        began = perf_counter()
        for start in range(0, len(rows), ROWS_AT_ONCE):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(insert, rows[start : start + ROWS_AT_ONCE])
            db.execute("COMMIT")
        return len(rows) / (perf_counter() - began)
    finally:
        db.close()


def _renamed(statement: str) -> str:
    """A table or index of `fact` for `bench_fact`."""
    return statement.replace('"fact"', '"bench_fact"').replace(" fact_", " bench_fact_").replace(" ON fact ", " ON bench_fact ")


async def _executemany_postgres(url: str) -> float:
    """Rows per second."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE bench_fact (LIKE fact INCLUDING ALL)")
        rows = [tuple(each) for each in await connection.fetch("SELECT * FROM fact WHERE name = 'scan'")]
        marks = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))
        began = perf_counter()
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await _insert(connection, f"INSERT INTO bench_fact VALUES ({marks})", rows[start : start + ROWS_AT_ONCE])
        return len(rows) / (perf_counter() - began)
    finally:
        await connection.close()


async def _insert(connection: asyncpg.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    async with connection.transaction():
        await connection.executemany(statement, rows)
