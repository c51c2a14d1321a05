"""Rows get their versions in work that grows as their number, though PostgreSQL takes the table for empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from controller import db
from controller.catalog.imports import import_catalog
from controller.catalog.operations import NewSku, create_sku
from controller.replica.goods import GOODS

HEADER = "sku,name_en,name_zh,base_unit,price_minor,barcode,pack,site\n"
ROWS = 3000


@pytest.fixture
async def other(copied_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Another connection to the database that `controller.db` is on: autovacuum, for instance."""
    await db.connect(copied_database)
    connection = await asyncpg.connect(copied_database)
    yield connection
    await connection.close()
    await db.close()


async def test_a_table_that_was_counted_in_the_middle_of_its_import_is_read_a_few_times_not_once_for_every_row(
    other: asyncpg.Connection,
) -> None:
    async with db.transaction():
        await create_sku(NewSku(code="milk", name_en="Milk", name_zh="牛奶"))
        columns = "product_id, name_en, name_zh, base_unit, price_minor, currency, tracking"
        await db.execute(f"INSERT INTO sku (code, {columns}) SELECT 'sku-' || n, {columns} FROM sku, generate_series(1, {ROWS}) n")
        await other.execute("ANALYZE sku")
    assert await _taken_for(other) == 0
    async with db.transaction():
        before = await _read()
        assert not await GOODS.number("s1", 7)
        assert await _read() - before < 5 * ROWS
    assert await db.fetch("SELECT COUNT(*) AS n FROM sku WHERE version = 7") == [{"n": ROWS + 1}]


async def test_a_table_is_counted_in_its_own_import(other: asyncpg.Connection) -> None:
    lines = [HEADER, *(f"sku-{n},Thing {n},东西,piece,1,B-{n},,\n" for n in range(ROWS))]
    async with db.transaction():
        await import_catalog(lines)
        await other.execute("ANALYZE (SKIP_LOCKED) sku")  # as autovacuum does: it does not wait
    assert await _taken_for(other) == pytest.approx(2000, rel=0.1), "the first piece of the file"


async def _read() -> int:
    rows = await db.fetch("SELECT seq_tup_read + idx_tup_fetch AS n FROM pg_stat_xact_user_tables WHERE relname = 'sku'")
    return int(rows[0]["n"])


async def _taken_for(other: asyncpg.Connection) -> float:
    found: float = await other.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'sku'")
    return found
