"""Many rows in one statement.  On PostgreSQL `executemany` costs a turn of the server for each row; arrays cost one for all."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence

from controller import db
from controller.db import Engine

FROM_ROWS = 8
"""Fewer rows than this go one by one."""


async def save(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], on_conflict: str) -> None:
    """Insert rows, `on_conflict` as the statement ends (`ON CONFLICT … DO …`); no two rows may have the same key.

    Raises ConstraintViolated.
    """
    names = ", ".join(columns)
    if db.engine() is Engine.SQLITE or len(rows) < FROM_ROWS:
        await db.execute_many(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))}) {on_conflict}", rows)
        return
    source = await _source(table, columns)
    await db.execute(f"INSERT INTO {table} ({names}) SELECT * FROM {source} {on_conflict}", *zip(*rows, strict=True))


async def update(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], also: str = "") -> None:
    """Set columns of rows by their `id`, which is the first of `columns`; `also`: the same for all (`, version = NULL`).

    Raises ConstraintViolated.
    """
    if db.engine() is Engine.SQLITE or len(rows) < FROM_ROWS:
        sets = ", ".join(f"{name} = ?" for name in columns[1:])
        await db.execute_many(f"UPDATE {table} SET {sets}{also} WHERE id = ?", [(*row[1:], row[0]) for row in rows])
        return
    sets = ", ".join(f"{name} = v.{name}" for name in columns[1:])
    source = await _source(table, columns)
    await db.execute(
        f"UPDATE {table} SET {sets}{also} FROM {source} AS v ({', '.join(columns)}) WHERE {table}.id = v.id",
        *zip(*rows, strict=True),
    )


async def _source(table: str, columns: Sequence[str]) -> str:
    types = await _types(table)
    return f"unnest({', '.join(f'CAST(? AS {types[name]}[])' for name in columns)})"


async def _types(table: str) -> dict[str, str]:
    """As the server names them, by column; asked for once."""
    known = db.memory("bulk.types", dict[str, dict[str, str]])
    if table not in known:
        rows = await db.fetch(
            "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute "
            "WHERE attrelid = CAST(? AS TEXT)::regclass AND attnum > 0 AND NOT attisdropped",
            table,
        )
        known[table] = {row["attname"]: row["type"] for row in rows}
    return known[table]
