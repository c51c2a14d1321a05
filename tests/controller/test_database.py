from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tortoise.migrations.executor import MigrationExecutor

from controller import database, db
from controller.db import ConstraintViolated


async def schema() -> dict[str, list[str]]:
    """Columns by table, and the names of the indexes and triggers."""
    if db.engine() is db.Engine.SQLITE:
        tables = await db.fetch("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        columns = [
            (t["name"], row["name"], row["type"], row["notnull"])
            for t in tables
            for row in await db.fetch(f"PRAGMA table_info({t['name']})")
        ]
        others = await db.fetch("SELECT name FROM sqlite_master WHERE type <> 'table' AND name NOT LIKE 'sqlite%'")
    else:
        rows = await db.fetch(
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
        )
        columns = [tuple(row.values()) for row in rows]
        others = await db.fetch(
            "SELECT conname AS name FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid "
            "WHERE contype = 'c' AND relkind = 'r' "
            "UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
    found: dict[str, list[str]] = {"others": sorted(row["name"] for row in others if not row["name"].startswith(("idx_", "uid_")))}
    for table, *column in columns:
        if table not in ("tortoise_migrations", "sqlite_sequence"):
            found.setdefault(str(table), []).append(str(column))
    return {name: sorted(values) for name, values in found.items()}


async def test_only_its_owner_reads_the_database(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        await db.connect(f"sqlite://{tmp_path}/shop.db", create_schema=True)
    finally:
        os.umask(before)
    modes = {file.suffix: file.stat().st_mode & 0o777 for file in tmp_path.iterdir() if "lock" not in file.name}
    await db.close()
    assert modes[".db"] == modes[".db-wal"] == 0o600


async def test_migrations_lead_to_the_schema_of_the_models(database_url: str, tmp_path: Path) -> None:
    await db.connect(database_url)
    here = database.here()
    await MigrationExecutor(here.client, here.config["apps"]).migrate()
    await db.migrate()  # nothing is left but what is ours alone
    migrated = await schema()
    assert await database.pending_migrations() == []
    if db.engine() is db.Engine.POSTGRES:
        for table in migrated.keys() - {"others"}:
            await db.execute(f'DROP TABLE "{table}" CASCADE')
        await db.close()
        await db.connect(database_url, create_schema=True)
    else:
        await db.close()
        await db.connect(f"sqlite://{tmp_path}/fresh.db", create_schema=True)
    created = await schema()
    await db.close()
    assert created == migrated


async def test_a_new_database_has_had_all_migrations(database_url: str) -> None:
    await db.connect(database_url)
    await database.here().context.generate_schemas()  # as if it had been cut off there
    assert len(await database.pending_migrations()) > 0
    await db.migrate()
    assert await database.pending_migrations() == []
    made = await schema()
    await db.migrate()  # again does nothing
    assert await schema() == made
    await db.close()


async def test_models_and_migrations_agree(tmp_path: Path) -> None:
    """If this fails: `python -m controller.migrations` writes the missing migration."""
    await db.connect(f"sqlite://{tmp_path}/controller.db")
    missing = await database.changed_models()
    await db.close()
    assert missing == []


async def test_processes_that_start_together_migrate_once(postgres_url: str) -> None:
    script = (
        f"import asyncio\nfrom controller import db\nasync def main():\n await db.connect({postgres_url!r})\n await db.migrate()\n"
    )
    script += " await db.close()\nasyncio.run(main())"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", script) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]


async def test_a_migrated_ledger_refuses_change(database_url: str) -> None:
    await db.connect(database_url)
    await db.migrate()
    try:
        with pytest.raises(ConstraintViolated):
            await db.execute(
                "INSERT INTO stock_movement (sku_id, from_location_id, to_location_id, quantity, reason, occurred_at, recorded_at) "
                "VALUES (1, 1, 2, 0, 'x', ?, ?)",
                db.now(),
                db.now(),
            )
    finally:
        await db.close()
