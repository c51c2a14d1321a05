"""A shop whose orders go into waves."""

from __future__ import annotations

import pytest

from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    """100 each of tea and milk."""
    found = await OrderShop.open()
    await found.stock("tea", 100)
    await found.stock("milk", 100)
    return found
