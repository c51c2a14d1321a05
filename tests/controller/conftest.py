"""A connected database on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller import db


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """A fresh database with its schema, on SQLite and on PostgreSQL."""
    await db.connect(database_url, create_schema=True)
    yield database_url
    await db.close()
