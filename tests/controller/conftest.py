"""A connected database on each engine."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller import db
from tests.servers import Postgres

CLOSED_WITHIN_SECONDS = 20


@pytest.fixture(autouse=True)
async def nothing_stays_connected() -> AsyncIterator[None]:
    """A test that connects by itself and fails must not have all that come after it fail, too: one process has one database."""
    yield
    async with asyncio.timeout(CLOSED_WITHIN_SECONDS):  # a pool waits for whatever a failed test left running on it
        await db.close()
        while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
            await asyncio.sleep(0.01)  # aiosqlite's; one that nobody ends keeps its process from ending, a controller's too


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema: a copy of it is there ten times sooner than one that is made."""
    path = tmp_path_factory.mktemp("schema") / "controller.db"
    asyncio.run(_make_schema(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def schema_database(postgres: Postgres) -> Iterator[str]:
    """The name of a PostgreSQL database with the schema, for the same reason."""
    with postgres.fresh_database() as url:
        asyncio.run(_make_schema(url))
        yield url.rpartition("/")[2]


async def _make_schema(url: str) -> None:
    await db.connect(url, create_schema=True)
    await db.close()


@pytest.fixture
def copied_database(postgres: Postgres, schema_database: str) -> Iterator[str]:
    with postgres.fresh_database(like=schema_database) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def schema_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database with its schema, on each engine."""
    if request.param == "sqlite":
        return f"sqlite://{shutil.copy(request.getfixturevalue('schema_file'), tmp_path / 'controller.db')}"
    url: str = request.getfixturevalue("copied_database")
    return url


@pytest.fixture
async def database(schema_url: str) -> AsyncIterator[str]:
    """Connected."""
    await db.connect(schema_url)
    yield schema_url
    await db.close()
