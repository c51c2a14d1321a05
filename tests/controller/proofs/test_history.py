"""Days of stock: what was on hand at the end of each, told backwards from now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from controller.proofs.history import days, told_by
from controller.stock.operations import Move, Reason, move
from tests.controller.goods import Shop

LAST = date(2026, 3, 31)
CHANGES = st.lists(st.tuples(st.integers(-5, 40).map(lambda back: LAST - timedelta(days=back)), st.integers(-50, 50)), max_size=40)


@given(CHANGES, st.integers(1, 30))
def test_each_day_is_the_sum_of_all_that_happened_until_then(changes: list[tuple[date, int]], count: int) -> None:
    told = told_by(changes, sum(change for _, change in changes), LAST, count)
    assert [day.day for day in told] == [LAST - timedelta(days=back) for back in range(count - 1, -1, -1)]
    for day in told:
        assert day.on_hand == sum(change for when, change in changes if when <= day.day)
        assert day.came - day.went == sum(change for when, change in changes if when == day.day)


async def test_a_movement_counts_on_the_day_of_its_site_on_which_it_happened(database: str) -> None:
    shop = await Shop.open()
    milk = await shop.stock("milk", 10)
    shanghai = ZoneInfo("Asia/Shanghai")
    night = datetime(2026, 11, 21, 16, tzinfo=UTC)  # midnight of the 22nd in Shanghai
    out = Move(
        sku_id=milk, from_location_id=shop.bin, to_location_id=shop.customer, quantity=3, reason=Reason.SHIPPED, occurred_at=night
    )
    await move([out])
    told = await days(milk, "s1", last=date(2026, 11, 23), count=4, zone=shanghai)
    assert [(day.day.day, day.came, day.went, day.on_hand) for day in told] == [
        (20, 0, 0, 0),
        (21, 10, 0, 10),
        (22, 0, 3, 7),
        (23, 0, 0, 7),
    ]
