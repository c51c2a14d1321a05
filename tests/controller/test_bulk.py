"""Many rows in one statement come to the same as one by one, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from controller import bulk, db
from tests.controller.goods import add_sku

COLUMNS = ("sku_id", "key", "code", "expiry", "blocked", "created_at")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("count", [0, 1, bulk.FROM_ROWS, 300])
async def test_rows_are_saved_and_set(database: str, count: int) -> None:
    sku = await add_sku("milk")
    rows = [(sku, f"k{n:04d}", None if n % 2 else f"L{n}", date(2027, 1, 1 + n % 28), bool(n % 3), NOON) for n in range(count)]
    keep = "ON CONFLICT (sku_id, key) DO UPDATE SET cost_minor = lot.cost_minor + 1"
    for _ in range(2):
        await bulk.save("lot", COLUMNS, rows, keep)
    found = await db.fetch("SELECT * FROM lot ORDER BY key")
    assert [tuple(row[name] if name != "blocked" else bool(row[name]) for name in COLUMNS) for row in found] == rows
    assert {row["cost_minor"] for row in found} <= {1}
    await bulk.update("lot", ("id", "cost_quantity"), [(row["id"], row["id"] * 2) for row in found], ", code = NULL")
    changed = await db.fetch("SELECT id, cost_quantity, code FROM lot")
    assert all(row["cost_quantity"] == 2 * row["id"] and row["code"] is None for row in changed)


async def test_a_refusal_is_the_databases(database: str) -> None:
    rows = [(999, f"k{n}", NOON) for n in range(20)]
    with pytest.raises(db.ConstraintViolated):
        async with db.transaction():
            await bulk.save("lot", ("sku_id", "key", "created_at"), rows, "ON CONFLICT DO NOTHING")
