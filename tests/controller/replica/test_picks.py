"""Open pick lists as boxes hear of them: where to go and which lot, who has one, the most urgent first; gone when done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from controller import db
from controller.fulfilment.operations import cancel
from edge_agent.wire.open_work import OpenPick
from edge_agent.wire.pick_facts import PickClaimed
from tests.controller.goods import at
from tests.controller.orders_shop import OrderShop
from tests.controller.replica.test_parts import Box


@pytest.fixture
async def shop(database: str) -> OrderShop:
    assert database
    shop = await OrderShop.open()
    await shop.stock("tea", 5)
    await shop.stock("milk", 10)
    return shop


async def told(box: Box) -> list[OpenPick]:
    return [each for each in (await box.read()).kept.values() if isinstance(each, OpenPick)]


async def test_a_list_is_told_with_its_lines_until_nothing_is_to_be_fetched(shop: OrderShop) -> None:
    order, number = await shop.released(("tea", 2), ("milk", 1))
    box = Box("picks", OpenPick)
    (one,) = await told(box)
    assert (one.number, one.order, one.time_zone, one.claimed_by, one.tote) == (number, order, "Asia/Shanghai", "", None)
    tea = next(line for line in one.lines if line.sku == "tea")
    assert (tea.name_en, tea.name_zh, tea.bin, tea.wanted, tea.got) == ("tea en", "tea zh", "A-1", 2, 0)
    assert (tea.symbol, tea.gtin, tea.lot) == (shop.codes["tea"].zfill(14), shop.codes["tea"].zfill(14), None)
    await shop.report(shop.picked(number, "tea"))
    (one,) = await told(box)
    assert [line.got for line in one.lines if line.sku == "tea"] == [1]
    await shop.report(shop.picked(number, "tea"), shop.picked(number, "milk"))
    assert (await box.read()).kept == {}


async def test_what_lies_in_a_bin_is_told_where_the_lists_may_empty_it(shop: OrderShop) -> None:
    await shop.released(("tea", 2))
    (one,) = await told(Box("picks", OpenPick))
    assert one.lines[0].in_bin is None, "13 pieces are more than two"
    await db.execute("UPDATE balance SET on_hand = 2 WHERE sku_id = ?", shop.skus["tea"])
    await db.execute("DELETE FROM balance WHERE sku_id = ?", shop.skus["milk"])
    (one,) = await told(Box("picks", OpenPick))
    assert one.lines[0].in_bin == 2


async def test_the_lot_to_take_and_when_it_expires(shop: OrderShop) -> None:
    await shop.released(("tea", 2))
    rows = await db.fetch(
        "INSERT INTO lot (sku_id, key, code, expiry, created_at) VALUES (?, 'k', 'L7', ?, ?) RETURNING id",
        *(shop.skus["tea"], date(2027, 3, 31), at(0)),
    )
    await db.execute("UPDATE pick_line SET lot_id = ?", rows[0]["id"])
    (one,) = await told(Box("picks", OpenPick))
    assert (one.lines[0].lot, one.lines[0].expiry) == ("L7", date(2027, 3, 31))


async def test_the_most_urgent_first_and_one_without_a_time_last(shop: OrderShop) -> None:
    numbers = [(await shop.released(("milk", 1)))[1] for _ in range(3)]
    for list_id, hours in ((1, 5), (2, 2)):
        await db.execute(
            "UPDATE sales_order SET due_at = ? WHERE id = (SELECT order_id FROM pick_list WHERE id = ?)",
            *(at(0) + timedelta(hours=hours), list_id),
        )
    found = await told(Box("picks", OpenPick))
    assert [one.number for one in found] == [numbers[1], numbers[0], numbers[2]]
    assert found[0].due_at == at(0) + timedelta(hours=2)


async def test_who_has_it_in_hand_and_what_it_is_picked_into(shop: OrderShop) -> None:
    _, number = await shop.released(("milk", 1))
    box = Box("picks", OpenPick)
    await box.read()
    assert await shop.report(PickClaimed(pick_list=number, tote="T-1")) == ["applied"]
    (one,) = await told(box)
    assert (one.claimed_by, one.claimed_id, one.tote, one.claimed_at is not None) == ("b1", "", "T-1", True)


async def test_what_is_cancelled_is_gone_and_another_site_hears_of_nothing(shop: OrderShop) -> None:
    order, _ = await shop.released(("milk", 1))
    box = await Box("picks", OpenPick).read()
    assert len(box.kept) == 1
    await cancel(order, reason="x")
    assert (await box.read()).told == ["-1"]
