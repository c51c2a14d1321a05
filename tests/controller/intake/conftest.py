"""A shop that a channel sends orders to."""

from __future__ import annotations

import pytest

from controller.orders.seams import seams
from controller.review.judging import judge_placed
from tests.controller.customers.keys import open_test_keys
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    await open_test_keys()
    seams().judge = judge_placed
    shop = await OrderShop.open()
    await shop.stock("tea", 1000)
    return shop
