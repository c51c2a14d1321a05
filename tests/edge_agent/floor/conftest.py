"""Pages over a box that behaves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from edge_agent.floor.config import FloorConfig, SignIn
from tests.edge_agent.floor.client import Pages, serve
from tests.edge_agent.floor.fake_box import FakeBox


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    served = await serve(FakeBox())
    yield served
    await served.close()


@pytest.fixture
async def open_pages() -> AsyncIterator[Pages]:
    """Nobody needs to log in."""
    served = await serve(FakeBox(), FloorConfig(sign_in=SignIn.NONE))
    yield served
    await served.close()
