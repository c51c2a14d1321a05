"""Orders ask this sourcing, as they do in the composition."""

from __future__ import annotations

import pytest

from controller.orders.seams import seams
from controller.sourcing.deciding import source_order


@pytest.fixture
async def database(database: str) -> str:
    seams().source = source_order
    return database
