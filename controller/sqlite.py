"""SQLite as the controller uses it: one connection, one writer, one process.

This is the only file that knows aiosqlite.  `open_connection` is the seam: a simulation puts a connection in its place that runs
inline in the loop's thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import aiosqlite
import msgspec
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper

_PARSE = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES


class DatabaseInUse(Exception):
    """Another process has the SQLite file open."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is in use by another controller process: SQLite serves exactly one. Stop the other one, or use PostgreSQL."
        )
        self.path = path


def _instant(raw: bytes) -> datetime:
    return datetime.fromisoformat(raw.decode()).astimezone(UTC)


def _day(raw: bytes) -> date:
    return date.fromisoformat(raw.decode())


@lru_cache(maxsize=1024)
def text_of(instant: datetime) -> str:
    """As `isoformat(" ")` writes it in UTC, in a third of its time; a batch's rows hold the same few instants again and again.

    UTC also because equal instants are one to the cache, whatever their zones.
    """
    if instant.tzinfo is None:
        return instant.isoformat(" ")
    text: str = msgspec.to_builtins(instant if instant.tzinfo is UTC else instant.astimezone(UTC))
    return f"{text[:10]} {text[11:-1]}+00:00"


def _uuid(raw: bytes) -> UUID | str:
    text = raw.decode()
    return UUID(text) if len(text) == 36 else text


async def connect_aiosqlite(path: str) -> aiosqlite.Connection:
    """A connection on a thread of its own; TIMESTAMP, DATE and CHAR(36) come back as aware datetimes, dates and UUIDs."""
    return await aiosqlite.connect(path, isolation_level=None, detect_types=_PARSE)


open_connection: Callable[[str], Awaitable[aiosqlite.Connection]] = connect_aiosqlite
"""How to open a file; replaced as a whole by a simulation, before `db.connect`."""


class LockFile:
    """The right to be the one process on a database file: an flock that ends with the process."""

    def __init__(self, database: Path) -> None:
        self._file: IO[str] = database.with_name(database.name + ".lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise DatabaseInUse(database) from error

    def release(self) -> None:
        self._file.close()


class ControllerSqlite(SqliteClient):
    """Tortoise's client, opened through `open_connection`; transactions are ours (`db.transaction`)."""

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 -- Tortoise's signature
        if self._connection:
            return
        sqlite3.register_converter("TIMESTAMP", _instant)
        sqlite3.register_converter("CHAR", _uuid)
        sqlite3.register_converter("DATE", _day)
        sqlite3.register_adapter(date, date.isoformat)
        sqlite3.register_adapter(UUID, msgspec.to_builtins)  # str(UUID) takes four times as long
        sqlite3.register_adapter(datetime, text_of)
        sqlite3.register_adapter(bool, int)  # the same value, without a search for how to write it
        with contextlib.suppress(OSError):  # there already; or SQLite says it
            os.close(os.open(self.filename, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # the files beside it take its mode
        connection = await open_connection(self.filename)
        try:
            connection.row_factory = sqlite3.Row
            for pragma, value in self.pragmas.items():
                cursor = await connection.execute(f"PRAGMA {pragma}={value}")
                await cursor.close()
        except BaseException:
            await connection.close()  # its thread would keep the process from ending
            raise
        self._connection = connection

    def wrap(self) -> SqliteTransactionWrapper:
        """What the ORM talks to inside a transaction."""
        return SqliteTransactionWrapper(self)

    @property
    def raw(self) -> Any:
        """The open connection."""
        return self._connection


client_class = ControllerSqlite
