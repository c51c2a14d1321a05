"""A backlog in batches of 64 KiB into one gateway process: scans (stored), deliveries (stored, and booked in the ledger).

Beside the scans: `executemany` of the same rows, in transactions of the gateway's size, into a table of the same shape with the
same keys, on the same server or disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg

from tests.bench import chain, load
from tests.bench.report import Row, row

SCANS = 60_000
DELIVERIES = 40_000
ROWS_AT_ONCE = 5000
"""About what the gateway stores in one transaction (`BYTES_AT_ONCE`)."""
SHARE = 0.5
BOOKED_PER_SECOND = 15_000


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker, chain.engines(folder) as urls:
        found = asyncio.run(_rates(folder, broker.port, urls))
    for engine, rates in found.items():
        stored, booked = rates.stored, rates.booked
        target = f">= {SHARE:.0%} of executemany"
        yield row(
            f"backlog stored, {engine}", stored, "facts/s", limit=rates.limit, target=target, ok=stored >= SHARE * rates.limit
        )
        target = f">= {BOOKED_PER_SECOND:,} facts/s"
        yield row(f"backlog booked in the ledger, {engine}", booked, "facts/s", target=target, ok=booked >= BOOKED_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Rates:
    """Facts per second, stored and booked; rows per second by `executemany`."""

    stored: float
    limit: float
    booked: float


async def _rates(folder: Path, port: int, urls: Mapping[str, str]) -> dict[str, Rates]:
    gateways = {engine: chain.controller(folder, engine.lower(), url, port) for engine, url in urls.items()}
    async with chain.listening(port) as listener:
        for gateway in gateways.values():
            await chain.subscribe_once(gateway, listener)
        await listener.publish(load.backlog(load.scans(SCANS), seed=0))
        stored: dict[str, tuple[float, float]] = {}
        for engine, url in urls.items():
            rate = await chain.drained(gateways[engine], listener, SCANS)
            stored[engine] = rate, await (_executemany_postgres(url) if engine == "PostgreSQL" else _executemany_sqlite(url))
        await listener.publish(load.backlog(load.deliveries(DELIVERIES), seed=1))
        found: dict[str, Rates] = {}
        for engine, gateway in gateways.items():
            rate, limit = stored[engine]
            found[engine] = Rates(rate, limit, await chain.drained(gateway, listener, DELIVERIES))
    for engine, url in urls.items():
        if (applied := await chain.applied(url)) != SCANS + DELIVERIES:
            raise AssertionError(f"{engine} holds {applied} applied facts, expected {SCANS + DELIVERIES}")
    return found


async def _executemany_sqlite(url: str) -> float:
    """Rows per second, of the values that Python holds: UUIDs and instants, as asyncpg takes them too."""
    sqlite3.register_adapter(UUID, str)
    sqlite3.register_adapter(datetime, datetime.isoformat)
    database = sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = FULL")
        for (statement,) in database.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'fact' AND sql IS NOT NULL"
        ).fetchall():
            database.execute(_renamed(statement))
        cursor = database.execute("SELECT * FROM fact WHERE name = 'scan'")
        names = [column[0] for column in cursor.description]
        rows = [tuple(_typed(name, value) for name, value in zip(names, each, strict=True)) for each in cursor]
        insert = f"INSERT INTO bench_fact VALUES ({', '.join('?' * len(names))})"
        began = perf_counter()
        for start in range(0, len(rows), ROWS_AT_ONCE):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(insert, rows[start : start + ROWS_AT_ONCE])
            database.execute("COMMIT")
        return len(rows) / (perf_counter() - began)
    finally:
        database.close()


def _typed(column: str, value: object) -> object:
    if column in ("id", "epoch"):
        return UUID(str(value))
    return datetime.fromisoformat(str(value)) if column in ("at", "occurred_at", "received_at") else value


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
