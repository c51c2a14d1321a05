"""Arrays of demand, and on which days there was nothing to sell."""

from __future__ import annotations

import numpy as np

from controller.replenishment.demand import catch_up
from controller.replenishment.history import arranged, history
from controller.stock.operations import move
from tests.controller.goods import NOON, Shop

DAY = NOON.toordinal()


async def test_days_of_several_skus_come_as_one_array(database: str) -> None:
    shop = await Shop.open()
    milk, tea = await shop.stock("milk", 20), await shop.stock("tea", 5)
    await move([shop.sale(milk, 3, minute=5), shop.sale(milk, 2, minute=2 * 24 * 60), shop.sale(tea, 5, minute=24 * 60)])
    await catch_up()
    found = await history("s1", [milk, tea], [15, 0], first=DAY - 1, days=4)
    assert found.demand.tolist() == [[0, 3, 0, 2], [0, 0, 5, 0]]
    assert found.short.tolist() == [[True, False, False, False], [True, False, True, True]]
    assert found.last_sold.tolist() == [DAY + 2, DAY + 1]


async def test_a_sku_without_days_is_all_nothing(database: str) -> None:
    shop = await Shop.open()
    milk = await shop.stock("milk", 20)
    found = await history("s1", [milk], [20], first=DAY + 10, days=3)
    assert (found.demand.tolist(), found.short.tolist()) == ([[0, 0, 0]], [[False, False, False]])
    assert (await history("s1", [], [], first=DAY, days=3)).demand.shape == (0, 3)


def test_what_happened_after_the_last_day_is_taken_off() -> None:
    """Today 10 came in; yesterday ended with nothing."""
    numbers = np.array([[DAY - 1, 4.0, -4.0, 0.0], [DAY, 0.0, 10.0, 0.0]])
    found = arranged(numbers, np.array([0, 0]), np.array([10.0]), first=DAY - 2, days=2)
    assert found.short.tolist() == [[False, True]]


def test_a_stock_record_that_is_plainly_wrong_says_nothing_of_shortage() -> None:
    """Tills sold what was never received: on hand was 0 all along, and goods were there all along."""
    numbers = np.array([[DAY + day, 2.0, 0.0, 2.0] for day in range(3)])
    found = arranged(numbers, np.zeros(3, dtype=np.int64), np.array([0.0]), first=DAY, days=5)
    assert not found.short.any()


def test_more_back_than_sold_is_no_demand() -> None:
    found = arranged(np.array([[DAY, -3.0, 3.0, 0.0]]), np.array([0]), np.array([9.0]), first=DAY, days=1)
    assert found.demand.tolist() == [[0.0]]
