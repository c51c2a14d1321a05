"""A shop whose clock can be moved, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller import db
from tests.controller.tracking.shop import Later, PersonShop


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
async def shop(schema_url: str, clock: Later) -> AsyncIterator[PersonShop]:
    await db.connect(schema_url, clock=clock)
    yield await PersonShop.open()
    await db.close()
