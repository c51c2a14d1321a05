"""A connected database on each engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from controller import db

CLOSED_WITHIN_SECONDS = 20


@pytest.fixture(autouse=True)
async def nothing_stays_connected() -> AsyncIterator[None]:
    """A test that connects by itself and fails must not have all that come after it fail, too: one process has one database."""
    yield
    async with asyncio.timeout(CLOSED_WITHIN_SECONDS):  # a pool waits for whatever a failed test left running on it
        await db.close()
        while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
            await asyncio.sleep(0.01)  # aiosqlite's; one that nobody ends keeps its process from ending, a controller's too


@pytest.fixture
async def database(schema_url: str) -> AsyncIterator[str]:
    """Connected."""
    await db.connect(schema_url)
    yield schema_url
    await db.close()
