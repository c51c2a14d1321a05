"""aiosqlite without its thread: each call runs at once, in the loop's thread.

A jumping clock must not move while a statement runs, and a seed must give the same run twice; a thread would break both.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from typing import Any

import aiosqlite


class InlineConnection(aiosqlite.Connection):
    """Everything above it (cursors, Tortoise's client) is unchanged."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise ValueError("Connection closed")
        return fn(*args, **kwargs)

    async def _connect(self) -> InlineConnection:
        if self._connection is None:
            self._connection = self._connector()
        return self

    def __await__(self) -> Generator[Any, None, InlineConnection]:
        return self._connect().__await__()

    def stop(self) -> asyncio.Future[None] | None:
        self._running = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return None

    async def close(self) -> None:
        self.stop()


async def open_connection(path: str) -> InlineConnection:
    """In place of `controller.sqlite.connect_aiosqlite`."""
    kinds = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
    return await InlineConnection(lambda: sqlite3.connect(path, isolation_level=None, detect_types=kinds), 64)
