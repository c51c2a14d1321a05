"""A shop whose orders are reviewed."""

from __future__ import annotations

import pytest

from controller.orders.seams import seams
from controller.review.judging import judge_placed
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    seams().judge = judge_placed
    shop = await OrderShop.open()
    await shop.stock("tea", 30_000)
    return shop
