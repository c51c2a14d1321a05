"""Many rows in one statement.  On PostgreSQL `executemany` costs a turn of the server for each row; arrays cost one for all.

On SQLite each statement costs a turn of its thread (`controller.values`).
"""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller import db
from controller.db import Engine
from controller.values import statements

FROM_ROWS = 8
"""Fewer rows than this go one by one."""


async def save(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], on_conflict: str) -> None:
    """Insert rows, `on_conflict` as the statement ends (`ON CONFLICT … DO …`); no two rows may have the same key.

    Raises ConstraintViolated.
    """
    names = ", ".join(columns)
    if db.engine() is Engine.SQLITE or len(rows) < FROM_ROWS:
        await _run(f"INSERT INTO {table} ({names})", rows, on_conflict)
        return
    source = await _source(table, columns)
    await db.execute(f"INSERT INTO {table} ({names}) SELECT * FROM {source} {on_conflict}", *zip(*rows, strict=True))


async def update(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], also: str = "") -> None:
    """Set columns of rows by their `id`, which is the first of `columns`; `also`: the same for all (`, version = NULL`).

    Raises ConstraintViolated.
    """
    if len(rows) < FROM_ROWS:
        sets = ", ".join(f"{name} = ?" for name in columns[1:])
        await db.execute_many(f"UPDATE {table} SET {sets}{also} WHERE id = ?", [(*row[1:], row[0]) for row in rows])
        return
    sets = ", ".join(f"{name} = v.{name}" for name in columns[1:])
    if db.engine() is Engine.SQLITE:
        tail = f") UPDATE {table} SET {sets}{also} FROM v WHERE {table}.id = v.id"
        await _run(f"WITH v ({', '.join(columns)}) AS (", rows, tail)
        return
    source = await _source(table, columns)
    await db.execute(
        f"UPDATE {table} SET {sets}{also} FROM {source} AS v ({', '.join(columns)}) WHERE {table}.id = v.id",
        *zip(*rows, strict=True),
    )


def wanted(kinds: Mapping[str, str], rows: Iterable[Sequence[object]]) -> tuple[str, list[object]]:
    """A table `w` of keys to join a table with, by name and PostgreSQL's type of its columns; and the parameters of its text.

    `FROM {w} CROSS JOIN t WHERE t.a = w.a AND t.b = w.b` looks up each pair; a condition for each column would try all with all.
    """
    names = ", ".join(kinds)
    if db.engine() is Engine.SQLITE:
        parts = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(kinds))
        return f"(SELECT {parts} FROM json_each(?)) w", [db.listing(rows)]
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return f"unnest({', '.join(f'CAST(? AS {kind}[])' for kind in kinds.values())}) AS w ({names})", list(map(list, columns))


async def _run(head: str, rows: Sequence[Sequence[object]], tail: str) -> None:
    async with db.transaction():
        for sql, values in statements(head, rows, tail):
            await db.execute_many(sql, values)


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
