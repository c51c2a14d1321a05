"""PostgreSQL databases with the schema that are used again: a copy takes half a second, emptying one a few hundredths.

What a test left is taken out row by row, behind the back of triggers and foreign keys; sequences begin anew.  A database whose
schema a test changed, or in which somebody is still at work, is given to no other test.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from tests.servers import Postgres

USES = 50
"""Until what is deleted, and still lies in the files, slows down who reads past it."""
LEFT_WITHIN_SECONDS = 2.0

_SHAPE = "SELECT " + " || ".join(
    f"(SELECT concat(count(*), ' ', max(xmin::text::bigint), ' ') FROM {catalog})"
    for catalog in ("pg_class", "pg_attribute", "pg_trigger", "pg_constraint", "pg_proc", "pg_db_role_setting")
)
"""Another one once something was defined anew: each row of the catalogues has the number of the transaction that wrote it."""
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_WRITTEN = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 "
    "ORDER BY relname"
)
_COUNTED = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"


def copied(schema_file: Path, path: Path) -> str:
    """The address of a SQLite database with the schema: a copy is there ten times sooner than one that is made."""
    return f"sqlite://{shutil.copy(schema_file, path)}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database with the schema is like that nobody used yet: its shape, the rows it has, and how far its sequences are."""

    shape: str
    rows: Mapping[str, Sequence[asyncpg.Record]]
    counted: Mapping[str, int]


@dataclass(slots=True)
class Databases:
    """Copies of the database `like` of a cluster."""

    cluster: Postgres
    like: str
    _contents: Contents | None = None
    _free: list[str] = field(default_factory=list)
    _uses: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of one that is as new."""
        name = self._free.pop() if self._free else self.cluster.create_database(self.like)
        self._uses[name] = self._uses.get(name, 0) + 1
        try:
            yield self.cluster.url(name)
        finally:
            if self._uses[name] < USES and asyncio.run(self._empty(name)):
                self._free.append(name)
            else:
                self.cluster.drop_database(name)

    async def _empty(self, name: str) -> bool:
        """Whether it is as new again."""
        if self._contents is None:
            self._contents = await self._first_contents()
        connection = await asyncpg.connect(self.cluster.url(name))
        try:
            return await _is_left(connection) and await _restore(connection, self._contents)
        finally:
            await connection.close()

    async def _first_contents(self) -> Contents:
        connection = await asyncpg.connect(self.cluster.url(self.like))
        try:
            rows = {table: await connection.fetch(f'SELECT * FROM "{table}"') for (table,) in await connection.fetch(_WRITTEN)}
            counted = dict(await connection.fetch(_COUNTED))
            return Contents(await connection.fetchval(_SHAPE), rows, counted)
        finally:
            await connection.close()


async def _is_left(connection: asyncpg.Connection) -> bool:
    """Whether nobody else is connected; a backend ends a little later than its client."""
    for _ in range(int(LEFT_WITHIN_SECONDS / 0.01)):
        if not await connection.fetchval(_OTHERS):
            return True
        await asyncio.sleep(0.01)
    return False


async def _restore(connection: asyncpg.Connection, contents: Contents) -> bool:
    async with connection.transaction():
        if await connection.fetchval(_SHAPE) != contents.shape:
            return False
        await connection.execute("SET LOCAL session_replication_role = replica")
        for (table,) in await connection.fetch(_WRITTEN):
            await connection.execute(f'DELETE FROM "{table}"')
            if rows := contents.rows.get(table):
                await connection.copy_records_to_table(table, columns=list(rows[0].keys()), records=[tuple(row) for row in rows])
        names = [name for name, value in await connection.fetch(_COUNTED) if value != contents.counted.get(name)]
        reached = [contents.counted.get(name) for name in names]
        await connection.execute(
            "SELECT setval(quote_ident(name)::regclass, coalesce(reached, 1), reached IS NOT NULL) "
            "FROM unnest($1::text[], $2::bigint[]) AS s (name, reached)",
            *(names, reached),
        )
    return True
