"""A shop whose orders are reviewed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.orders.seams import SEAMS
from controller.review.judging import judge_placed
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> AsyncIterator[OrderShop]:
    before = SEAMS.judge
    SEAMS.judge = judge_placed
    shop = await OrderShop.open()
    await shop.stock("tea", 30_000)
    yield shop
    SEAMS.judge = before
