"""The database: SQLite or PostgreSQL, one text of SQL for both.  `transaction()` is the only way to a transaction.

SQL uses `?` placeholders.  Times are aware UTC datetimes in and out, UUIDs are UUIDs, JSON columns hold text.  On SQLite there is
one connection: writers queue on its lock in the order they came.  A task started inside a transaction is no part of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from sqlite3 import IntegrityError
from typing import Any, TypeVar

from asyncpg.exceptions import IntegrityConstraintViolationError
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper

from controller.database import MODEL_MODULES, Engine, close, connect, engine, here, is_of_the_database, memory, migrate, now
from controller.dialect import among, day_of, for_key_share, for_update, listing, numbered, utc, words
from controller.sqlite import ControllerSqlite, DatabaseInUse
from controller.together import Waiting, in_one
from controller.values import statements

__all__ = [
    "MODEL_MODULES",
    "ConstraintViolated",
    "DatabaseInUse",
    "Engine",
    "Row",
    "after_commit",
    "among",
    "close",
    "connect",
    "day_of",
    "engine",
    "execute",
    "execute_many",
    "fetch",
    "fetch_aside",
    "for_key_share",
    "for_update",
    "in_transaction",
    "insert_many",
    "is_of_the_database",
    "listing",
    "memory",
    "migrate",
    "now",
    "put",
    "savepoint",
    "together",
    "transaction",
    "utc",
    "words",
]

T = TypeVar("T")
Row = dict[str, Any]

RETRIES = 8
COPIED_FROM = 50
"""Rows from which on PostgreSQL's COPY is worth its extra round trip."""
_RETRIED = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected (PostgreSQL manual, appendix A)


class ConstraintViolated(Exception):
    """A unique key, foreign key or CHECK refused a statement.  On PostgreSQL the transaction is lost unless in a `savepoint()`."""


class TransactionLost(OSError):
    """The engine ended a transaction by itself (its disk is full, say), and the code in it went on: it is to be tried again."""


@dataclass(slots=True)
class _Transaction:
    connection: Any
    task: asyncio.Task[Any] | None
    open: bool = True
    after_commit: list[Callable[[], object]] = field(default_factory=list)
    waiting: Waiting = field(default_factory=Waiting)


_current: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)
_savepoints = count(1)


# --- transactions ---------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """BEGIN IMMEDIATE on SQLite, READ COMMITTED on PostgreSQL.  Inside another one it joins it.  No I/O of other kinds inside."""
    outer = _mine()
    if outer is not None:
        yield
        return
    begin = _sqlite_transaction if engine() is Engine.SQLITE else _postgres_transaction
    async with begin() as current:
        yield
        await _write_waiting(current)
    for callback in current.after_commit:
        callback()


def is_in_transaction() -> bool:
    """Whether what is done here and now belongs to a transaction."""
    return _mine() is not None


def _mine() -> _Transaction | None:
    current = _current.get()
    return current if current is not None and current.open and current.task is asyncio.current_task() else None


@asynccontextmanager
async def _sqlite_transaction() -> AsyncIterator[_Transaction]:
    client: ControllerSqlite = here().client
    async with client._lock:  # noqa: SLF001 -- the lock that the ORM's own queries take
        with _entered(client.wrap(), client.raw) as current:
            try:
                await client.raw.execute("BEGIN IMMEDIATE")
                yield current
                await _commit(client)
            except BaseException:
                await client.raw.rollback()
                raise


async def _commit(client: ControllerSqlite) -> None:
    """Raises TransactionLost.  Source: SQLite, lang_transaction.html, section 3.2 (errors that roll back automatically)."""
    if not client.raw.in_transaction:
        raise TransactionLost("SQLite ended the transaction by itself; nothing of it is stored")
    await client.raw.commit()


@asynccontextmanager
async def _postgres_transaction() -> AsyncIterator[_Transaction]:
    client: AsyncpgDBClient = here().client
    pool = client._pool  # noqa: SLF001 -- Tortoise has no public name for it
    if pool is None:
        raise RuntimeError("the database is closed")
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        wrapper = TransactionWrapper(client)
        wrapper._connection = connection  # noqa: SLF001 -- as Tortoise's own TransactionContextPooled does
        with _entered(wrapper, connection) as current:
            yield current


@contextmanager
def _entered(wrapper: Any, connection: Any) -> Iterator[_Transaction]:
    """Make the ORM and our own functions use `connection` in this task."""
    handler = here().context.connections
    orm_token = handler.set("default", wrapper)
    current = _Transaction(connection, asyncio.current_task())
    token = _current.set(current)
    try:
        yield current
    finally:
        current.open = False
        _current.reset(token)
        handler.reset(orm_token)


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Inside a transaction: an exception undoes only what happened in here (and goes on).

    Where the engine had to end the whole transaction (SQLite does on a full disk), the exception says so: nothing may catch it.
    """
    current = _mine()
    if current is None:
        raise RuntimeError("savepoint() needs a transaction around it")
    name = f"savepoint_{next(_savepoints)}"
    await execute(f"SAVEPOINT {name}")
    try:
        yield
        await _write_waiting(current)
    except BaseException as error:
        current.waiting.rows.clear()  # all of it was put in here
        try:
            await execute(f"ROLLBACK TO SAVEPOINT {name}")
            await execute(f"RELEASE SAVEPOINT {name}")
        except Exception as lost:
            raise error from lost  # the transaction is gone; the reason is what counts
        raise
    await execute(f"RELEASE SAVEPOINT {name}")


async def in_transaction(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in a transaction; when PostgreSQL ends it for a deadlock or a conflict, run it again, up to 8 times."""
    if _mine() is not None:
        return await work()
    for attempt in range(RETRIES):
        try:
            async with transaction():
                return await work()
        except Exception as error:
            if getattr(error, "sqlstate", None) not in _RETRIED or attempt == RETRIES - 1:
                raise
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 -- jitter
    raise AssertionError("unreachable")


def after_commit(callback: Callable[[], object]) -> None:
    """Call it once the transaction around has committed; at once when there is none.  It must not fail and not wait."""
    current = _mine()
    if current is None:
        callback()
    else:
        current.after_commit.append(callback)


# --- statements -----------------------------------------------------------------------------------------------------------------


async def _on_connection(work: Callable[[Any], Awaitable[T]], *, aside: bool = False) -> T:
    """Do it on the transaction's connection, or on one of its own; on the way of every statement, so without a context manager."""
    current = _mine()
    try:
        if current is None:
            handler: Any = here().client
            async with handler.acquire_connection() as connection:
                return await work(connection)
        if current.waiting.rows and not aside:
            await _write_waiting(current)
        return await work(current.connection)
    except (IntegrityError, IntegrityConstraintViolationError) as error:
        raise ConstraintViolated(str(error)) from error


async def fetch(sql: str, *params: object) -> list[Row]:
    """Rows of a query, or of a statement with RETURNING."""
    return await _on_connection(_reading(sql, params))


async def fetch_aside(sql: str, *params: object) -> list[Row]:
    """The same of a statement that has to do with nothing of what was `put`: that goes on waiting."""
    return await _on_connection(_reading(sql, params), aside=True)


def _reading(sql: str, params: Sequence[object]) -> Callable[[Any], Awaitable[list[Row]]]:
    async def read(connection: Any) -> list[Row]:
        if engine() is Engine.POSTGRES:
            return [dict(row) for row in await connection.fetch(numbered(sql), *params)]
        return [dict(row) for row in await connection.execute_fetchall(sql, params)]

    return read


async def execute(sql: str, *params: object) -> int:
    """Run a statement; the number of rows it changed."""

    async def run(connection: Any) -> int:
        if engine() is Engine.POSTGRES:
            tail = (await connection.execute(numbered(sql), *params)).rpartition(" ")[2]
            return int(tail) if tail.isdigit() else 0
        async with connection.execute(sql, params) as cursor:
            return max(int(cursor.rowcount), 0)

    return await _on_connection(run)


async def execute_many(sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Run a statement for every row, all or none."""
    if not rows:
        return

    async def run(connection: Any) -> None:
        if engine() is Engine.POSTGRES:
            await connection.executemany(numbered(sql), rows)
        else:
            cursor = await connection.executemany(sql, rows)
            await cursor.close()

    async with transaction():
        await _on_connection(run)


async def insert_many(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows of which none is there already, all or none: many of them in the quickest way.  Raises ConstraintViolated."""
    async with transaction():
        head = f"INSERT INTO {table} ({', '.join(columns)})"
        if await _waits(f"{head} VALUES ({', '.join('?' * len(columns))})", rows):
            return
        if engine() is Engine.POSTGRES and len(rows) >= COPIED_FROM:
            await _on_connection(lambda connection: connection.copy_records_to_table(table, columns=columns, records=rows))
            return
        for sql, values in statements(head, rows):
            await execute_many(sql, values)


async def analyze(*tables: str) -> None:
    """Have PostgreSQL count tables that are being filled, as this transaction sees them; until it ends nobody else counts them.

    Autovacuum counts what is committed: a table in the middle of its first import is hundreds of pages with no row to it, and every
    plan until a minute after the import takes it for empty (PostgreSQL 15, 14.4.8).  A table that somebody else is counting is left
    out.  SQLite plans by its indexes.
    """
    if engine() is Engine.POSTGRES:
        await execute(f"ANALYZE (SKIP_LOCKED) {', '.join(tables)}")


@asynccontextmanager
async def together() -> AsyncIterator[None]:
    """In a transaction, whose rows that are `put` inside wait until it ends, and are written in one turn of the server.

    Any other statement (but `fetch_aside`) has them written first, so that it sees them.
    """
    async with transaction():
        current = _mine()
        if current is None:
            raise RuntimeError("a transaction that was just begun is none")
        current.waiting.scopes += 1
        try:
            yield
            if current.waiting.scopes == 1:
                await _write_waiting(current)
        finally:
            current.waiting.scopes -= 1


async def put(sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Run `INSERT … VALUES (?, …) …` for every row, all or none; inside `together()` a few of them wait for others.

    What waits needs nothing of what else waits.  Raises ConstraintViolated: then, of what waits, where it is written.
    """
    if rows and not await _waits(sql, rows):
        await execute_many(sql, rows)


async def _waits(sql: str, rows: Sequence[Sequence[object]]) -> bool:
    current = _mine()
    if current is None or not current.waiting.takes(rows):
        return False
    if rows:
        current.waiting.add(sql, rows)
    if current.waiting.is_full:
        await _write_waiting(current)
    return True


async def _write_waiting(current: _Transaction) -> None:
    if not current.waiting.rows:
        return
    taken = current.waiting.taken()
    try:
        if engine() is Engine.POSTGRES:
            sql, params = in_one(taken)
            await current.connection.execute(numbered(sql), *params)
            return
        for sql, params in taken:
            async with current.connection.execute(sql, params):
                pass
    except (IntegrityError, IntegrityConstraintViolationError) as error:
        raise ConstraintViolated(str(error)) from error
