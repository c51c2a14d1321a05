"""Demand by day is what the ledger says, whenever its entries came."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import db
from controller.replenishment.demand import advance, business_day, catch_up, prune, rebuild, summed
from controller.replenishment.following import FOLLOWER
from controller.sites.models import LocationKind
from controller.sites.operations import change_site
from controller.sites.queries import site, special
from controller.stock.operations import Move, Reason, move
from tests.controller.goods import NOON, Shop

DAY = NOON.toordinal()


async def days(sku: int) -> list[tuple[int, int, int, int, int]]:
    rows = await db.fetch("SELECT * FROM demand_day WHERE sku_id = ? ORDER BY day", sku)
    return [(row["day"] - DAY, row["sold"], row["returned"], row["net"], row["found"]) for row in rows]


async def test_sales_returns_and_what_came_are_told_by_day(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    await move([shop.sale(sku, 3, minute=5), shop.sale(sku, 2, minute=24 * 60)])
    back = Move(
        sku_id=sku,
        from_location_id=shop.customer,
        to_location_id=shop.bin,
        quantity=1,
        reason=Reason.RETURNED,
        occurred_at=NOON + timedelta(days=1),
    )
    await move([back])
    assert await catch_up() > 0
    assert await days(sku) == [(0, 3, 0, 17, 0), (1, 2, 1, -1, 0)]
    assert await catch_up() == 0
    assert await days(sku) == [(0, 3, 0, 17, 0), (1, 2, 1, -1, 0)]


async def test_what_goes_from_bin_to_bin_is_no_demand(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 20)
    put = Move(
        sku_id=sku,
        from_location_id=shop.bin,
        to_location_id=shop.other,
        quantity=4,
        reason=Reason.RELOCATED,
        occurred_at=NOON,
    )
    await move([put])
    await catch_up()
    assert await days(sku) == [(0, 0, 0, 20, 0)]


async def test_what_is_sold_beyond_what_is_known_says_so(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 2)
    await move([shop.sale(sku, 5, minute=1)])
    await catch_up()
    assert await days(sku) == [(0, 5, 0, 0, 3)]


async def test_a_late_fact_counts_on_its_own_day(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    await catch_up()
    await move([shop.sale(sku, 2, minute=-3 * 24 * 60)])
    await catch_up()
    assert (await days(sku))[0] == (-3, 2, 0, -2, 0)


async def test_the_table_can_be_made_of_the_ledger_again(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    await move([shop.sale(sku, 2, minute=3)])
    await catch_up()
    before = await days(sku)
    await db.execute("UPDATE demand_day SET sold = 99")
    assert await rebuild() > 0
    assert await days(sku) == before


async def test_an_entry_that_commits_late_is_not_missed(postgres_url: str) -> None:
    """An id is given before its transaction commits; the follower must not pass by it."""
    await db.connect(postgres_url, create_schema=True)
    try:
        shop = await Shop.open()
        slow, quick = await shop.stock("slow", 9), await shop.stock("quick", 9)
        await catch_up()
        gate, is_open = asyncio.Event(), asyncio.Event()

        async def hold_back() -> None:
            async with db.transaction():
                await move([shop.sale(slow, 2, minute=1)])
                is_open.set()
                await gate.wait()

        late = asyncio.create_task(hold_back())
        await is_open.wait()
        await move([shop.sale(quick, 3, minute=2)])
        for _ in range(5):
            await advance()
        assert [row[1] for row in await days(slow)] == [0]
        gate.set()
        await late
        await catch_up()
        assert ([row[1] for row in await days(slow)], [row[1] for row in await days(quick)]) == ([2], [3])
    finally:
        await db.close()


async def test_followers_that_run_at_once_count_nothing_twice(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 90)
    await move([shop.sale(sku, 1, minute=minute) for minute in range(40)])
    await asyncio.gather(*(catch_up() for _ in range(4)))
    assert await days(sku) == [(0, 40, 0, 50, 0)]


async def test_transit_is_not_on_hand_of_either_site(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 9)
    transit = await special("s1", LocationKind.TRANSIT)
    out = Move(sku_id=sku, from_location_id=shop.bin, to_location_id=transit, quantity=4, reason=Reason.RELOCATED, occurred_at=NOON)
    await move([out])
    await catch_up()
    assert await days(sku) == [(0, 0, 0, 5, 0)]


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        (datetime(2026, 11, 21, 15, 59, tzinfo=UTC), "Asia/Shanghai", 0),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), "Asia/Shanghai", 1),
        (datetime(2026, 11, 21, 23, 59, tzinfo=UTC), "UTC", 0),
        (datetime(2026, 11, 22, 4, 59, tzinfo=UTC), "America/New_York", 0),
    ],
)
def test_a_business_day_is_the_sites_own(instant: datetime, zone: str, day: int) -> None:
    assert business_day(instant, zone) - DAY == day


@pytest.mark.parametrize(("starts", "day"), [("00:00", 1), ("00:29", 1), ("00:31", 0), ("04:00", 0)])
def test_a_business_day_begins_when_the_site_says(starts: str, day: int) -> None:
    assert business_day(datetime(2026, 11, 21, 16, 30, tzinfo=UTC), "Asia/Shanghai", starts) - DAY == day


async def test_a_sale_after_midnight_belongs_to_the_day_before_where_that_begins_at_four(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await db.execute("UPDATE site SET day_starts = '04:00'")
    await move([replace(shop.sale(sku, 2), occurred_at=datetime(2026, 11, 21, 17, tzinfo=UTC))])
    await catch_up()
    rows = await db.fetch("SELECT day, sold FROM demand_day WHERE sku_id = ? AND sold > 0", sku)
    assert [(row["day"] - DAY, row["sold"]) for row in rows] == [(0, 2)]


async def test_another_clock_counts_what_was_sold_by_other_days(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await move([replace(shop.sale(sku, 2), occurred_at=datetime(2026, 11, 21, 17, tzinfo=UTC))])
    await catch_up()
    await FOLLOWER.catch_up()
    found = await site("s1")
    for starts, day in (("04:00", 0), ("00:00", 1)):
        await change_site("s1", name=found.name, time_zone=found.time_zone, day_starts=starts)
        await FOLLOWER.catch_up()
        await catch_up()
        rows = await db.fetch("SELECT day, sold FROM demand_day WHERE sku_id = ? AND sold > 0", sku)
        assert [(row["day"] - DAY, row["sold"]) for row in rows] == [(day, 2)]


async def test_days_that_no_forecast_looks_at_are_forgotten(database: str) -> None:
    shop = await Shop.open()
    sku = await shop.stock("milk", 5)
    await catch_up()
    (before,) = await db.fetch("SELECT COUNT(*) AS n FROM demand_day")
    await db.execute(
        "INSERT INTO demand_day (site_id, sku_id, day, sold, returned, net, found) VALUES ('s1', ?, ?, 1, 0, -1, 0)",
        sku,
        DAY - 2000,
    )
    assert (await prune(), await prune()) == (1, 0)
    assert await db.fetch("SELECT COUNT(*) AS n FROM demand_day") == [before]


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["bin", "customer", "supplier", "transit", "discrepancy", "loss"]),
        st.sampled_from(["bin", "customer", "supplier", "transit", "discrepancy", "loss"]),
        st.integers(1, 9),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(ENTRIES, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_the_order_of_entries_does_not_matter_and_changes_add_up(entries: list[tuple[str, str, int, int]], random: Random) -> None:
    rows = [
        {
            "sku_id": 1,
            "quantity": quantity,
            "occurred_at": NOON + timedelta(days=day),
            "source_kind": source,
            "target_kind": target,
            "source_site": "s1",
            "target_site": "s1",
            "source_zone": "UTC",
            "source_starts": "00:00",
            "target_starts": "00:00",
            "target_zone": "UTC",
        }
        for source, target, quantity, day in entries
    ]
    mixed = list(rows)
    random.shuffle(mixed)
    found = summed(rows)
    assert found == summed(mixed)
    net = sum(day.net for day in found.values())
    assert net == sum(quantity * ((target == "bin") - (source == "bin")) for source, target, quantity, _ in entries)
