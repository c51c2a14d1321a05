"""The database: SQLite or PostgreSQL, one text of SQL for both.  `transaction()` is the only way to a transaction.

SQL uses `?` placeholders.  Times are aware UTC datetimes in and out, UUIDs are UUIDs, JSON columns hold text.  On SQLite there is
one connection: writers queue on its lock in the order they came.  A task started inside a transaction is no part of it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from sqlite3 import IntegrityError
from typing import Any, TypeVar

from asyncpg.exceptions import IntegrityConstraintViolationError
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper

from controller.database import MODEL_MODULES, Engine, close, connect, engine, here, is_of_the_database, memory, migrate, now
from controller.sqlite import ControllerSqlite, DatabaseInUse
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
    "for_key_share",
    "for_update",
    "in_transaction",
    "insert_many",
    "is_of_the_database",
    "listing",
    "memory",
    "migrate",
    "now",
    "savepoint",
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
    if _mine() is None:
        raise RuntimeError("savepoint() needs a transaction around it")
    name = f"savepoint_{next(_savepoints)}"
    await execute(f"SAVEPOINT {name}")
    try:
        yield
    except BaseException as error:
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


@asynccontextmanager
async def _connection() -> AsyncIterator[Any]:
    current = _mine()
    try:
        if current is not None:
            yield current.connection
        else:
            handler: Any = here().client
            async with handler.acquire_connection() as connection:
                yield connection
    except (IntegrityError, IntegrityConstraintViolationError) as error:
        raise ConstraintViolated(str(error)) from error


async def fetch(sql: str, *params: object) -> list[Row]:
    """Rows of a query, or of a statement with RETURNING."""
    async with _connection() as connection:
        if engine() is Engine.POSTGRES:
            return [dict(row) for row in await connection.fetch(_numbered(sql), *params)]
        return [dict(row) for row in await connection.execute_fetchall(sql, params)]


async def execute(sql: str, *params: object) -> int:
    """Run a statement; the number of rows it changed."""
    async with _connection() as connection:
        if engine() is Engine.POSTGRES:
            tail = (await connection.execute(_numbered(sql), *params)).rpartition(" ")[2]
            return int(tail) if tail.isdigit() else 0
        async with connection.execute(sql, params) as cursor:
            return max(int(cursor.rowcount), 0)


async def execute_many(sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Run a statement for every row, all or none."""
    if not rows:
        return
    async with transaction(), _connection() as connection:
        if engine() is Engine.POSTGRES:
            await connection.executemany(_numbered(sql), rows)
        else:
            cursor = await connection.executemany(sql, rows)
            await cursor.close()


async def insert_many(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows of which none is there already, all or none: many of them in the quickest way.  Raises ConstraintViolated."""
    async with transaction():
        if engine() is Engine.POSTGRES and len(rows) >= COPIED_FROM:
            async with _connection() as connection:
                await connection.copy_records_to_table(table, columns=columns, records=rows)
            return
        for sql, values in statements(f"INSERT INTO {table} ({', '.join(columns)})", rows):
            await execute_many(sql, values)


@lru_cache(maxsize=2048)
def _numbered(sql: str) -> str:
    """`?` -> `$1`, `$2`, …; not inside quotes."""
    numbers = count(1)
    pieces = sql.split("'")
    for index in range(0, len(pieces), 2):
        head, *tails = pieces[index].split("?")
        pieces[index] = head + "".join(f"${next(numbers)}{tail}" for tail in tails)
    return "'".join(pieces)


def among(column: str) -> str:
    """A condition with one placeholder for `listing(values)`: the column is one of many values."""
    if engine() is Engine.POSTGRES:
        return f"{column} = ANY(?)"
    return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 -- a column name of ours


def listing(values: Iterable[object]) -> object:
    """The parameter for `among`."""
    found = list(values)
    return found if engine() is Engine.POSTGRES else json.dumps(found, default=str)


def for_update(table: str = "") -> str:
    """Suffix that locks the rows of a SELECT (of one table of it); SQLite's writer has the whole file already."""
    if engine() is Engine.SQLITE:
        return ""
    return f" FOR UPDATE OF {table}" if table else " FOR UPDATE"


def day_of(column: str) -> str:
    """An expression: the day (UTC) of a column that holds an instant, as `2026-11-22`."""
    return f"substr({column}, 1, 10)" if engine() is Engine.SQLITE else f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def words(column: str) -> str:
    """An aggregate: the texts of a column in one, with spaces between, in any order; NULL where there is none."""
    return f"string_agg({column}, ' ')" if engine() is Engine.POSTGRES else f"group_concat({column}, ' ')"


def for_key_share() -> str:
    """Suffix that keeps the rows of a SELECT from whoever wants them `for_update`; such readers do not wait for each other."""
    return " FOR KEY SHARE" if engine() is Engine.POSTGRES else ""


def utc(instant: datetime) -> datetime:
    """The same instant in UTC, as columns hold it.  Raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC)
