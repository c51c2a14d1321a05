from __future__ import annotations

import asyncio

import pytest

from controller import db, needs
from controller.errors import NotFound
from controller.events import acting
from controller.fulfilment.operations import release, reprint_label
from controller.ingest import ingest
from controller.orders.flags import (
    FlagKind,
    FlagReasonNeeded,
    OrderIsFlagged,
    blocking,
    clear_flag,
    flags,
    require_unflagged,
    set_flag,
)
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from tests.controller.orders_shop import OrderShop, outcome, settle, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 10)
    return shop


async def placed(shop: OrderShop) -> int:
    return ORDERS.row_id(await place(shop.order(("tea", 1))))


async def test_a_flag_is_set_once_and_keeps_its_first_reason(shop: OrderShop) -> None:
    order = await placed(shop)
    assert await set_flag(order, FlagKind.CREDIT, "rating C")
    assert not await set_flag(order, FlagKind.CREDIT, "rating D")
    assert [flag.reason for flag in (await flags([order]))[order]] == ["rating C"]
    assert await told("order_flagged") == 1


async def test_a_flag_that_was_cleared_can_be_set_again_and_both_are_kept(shop: OrderShop) -> None:
    order = await placed(shop)
    with acting("person:wu"):
        await set_flag(order, FlagKind.BAD_ADDRESS, "no house number")
        assert await clear_flag(order, FlagKind.BAD_ADDRESS, "customer called")
        assert not await clear_flag(order, FlagKind.BAD_ADDRESS, "customer called")
        await set_flag(order, FlagKind.BAD_ADDRESS, "no such street")
    first, second = (await flags([order]))[order]
    assert (first.clear_reason, first.cleared_by, first.is_set) == ("customer called", "person:wu", False)
    assert (second.reason, second.set_by, second.is_set) == ("no such street", "person:wu", True)
    assert (await told("order_flagged"), await told("order_flag_cleared")) == (2, 1)


async def test_what_is_set_blocks_and_what_is_cleared_does_not(shop: OrderShop) -> None:
    order, other = await placed(shop), await placed(shop)
    await set_flag(order, FlagKind.UNPAID, "not paid")
    await set_flag(order, FlagKind.CREDIT, "rating C")
    await set_flag(other, FlagKind.UNPAID, "not paid")
    await clear_flag(other, FlagKind.UNPAID, "paid in cash")
    assert await blocking([order, other]) == {order: [FlagKind.CREDIT, FlagKind.UNPAID]}
    await require_unflagged([other])
    with pytest.raises(OrderIsFlagged) as refused:
        await require_unflagged([other, order])
    assert refused.value.flags == ["credit", "unpaid"]
    assert await blocking([]) == {}


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "x" * 201])
async def test_a_flag_needs_a_reason_to_be_set_and_to_be_cleared(shop: OrderShop, reason: str) -> None:
    order = await placed(shop)
    await set_flag(order, FlagKind.UNPAID, "not paid")
    for change in (set_flag, clear_flag):
        with pytest.raises(FlagReasonNeeded):
            await change(order, FlagKind.UNPAID, reason)
    assert await blocking([order]) == {order: [FlagKind.UNPAID]}


async def test_an_order_that_is_not_there_has_no_flags(shop: OrderShop) -> None:
    for change in (set_flag, clear_flag):
        with pytest.raises(NotFound):
            await change(999, FlagKind.UNPAID, "not paid")


async def test_the_same_flag_set_by_many_at_once_is_one(shop: OrderShop) -> None:
    order = await placed(shop)
    news = await asyncio.gather(*(set_flag(order, FlagKind.CREDIT, f"check {number}") for number in range(8)))
    assert sum(news) == 1
    cleared = await asyncio.gather(*(clear_flag(order, FlagKind.CREDIT, f"look {number}") for number in range(8)))
    assert sum(cleared) == 1
    assert await told("order_flag_cleared") == 1


async def test_a_flagged_order_is_not_released(shop: OrderShop) -> None:
    no = await place(shop.order(("tea", 1)))
    await set_flag(ORDERS.row_id(no), FlagKind.PRICE_ANOMALY, "half the list price")
    with pytest.raises(OrderIsFlagged):
        await release(no)
    assert not await db.fetch("SELECT 1 FROM pick_list")
    await clear_flag(ORDERS.row_id(no), FlagKind.PRICE_ANOMALY, "agreed with the customer")
    assert await release(no)


async def test_a_flag_set_while_it_is_released_comes_before_or_after(shop: OrderShop) -> None:
    """Never a released order whose flag was there first."""
    for _ in range(4):
        no = await place(shop.order(("tea", 1)))

        async def let_go(no: str = no) -> bool:
            try:
                await db.in_transaction(lambda: release(no))
            except OrderIsFlagged:
                return False
            return True

        released, _ = await asyncio.gather(let_go(), set_flag(ORDERS.row_id(no), FlagKind.CREDIT, "rating C"))
        rows = await db.fetch("SELECT name FROM event WHERE subject = ? ORDER BY id", no)
        names = [row["name"] for row in rows if row["name"] in ("pick_list_released", "order_flagged")]
        assert names == (["pick_list_released", "order_flagged"] if released else ["order_flagged"])


async def test_a_parcel_of_a_flagged_order_gets_its_label_when_the_flag_is_cleared(shop: OrderShop) -> None:
    no, pick_list = await shop.released(("tea", 1))
    order = ORDERS.row_id(no)
    await set_flag(order, FlagKind.ADDRESS_CHANGED, "the customer moved")
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100))
    assert await labels() == []
    assert await told("label_held") == 1
    with pytest.raises(OrderIsFlagged):
        await reprint_label("PC-100001")
    await clear_flag(order, FlagKind.ADDRESS_CHANGED, "new address entered")
    await needs.FOLLOWER.catch_up()
    assert len(await labels()) == 1


async def test_a_parcel_of_a_flagged_order_leaves_when_the_flags_are_cleared(shop: OrderShop) -> None:
    no, pick_list = await shop.released(("tea", 1))
    order = ORDERS.row_id(no)
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100))
    await set_flag(order, FlagKind.REFUND_ASKED, "customer wants the money back")
    await set_flag(order, FlagKind.UNPAID, "charged back")
    scan = shop.box.envelope(shop.handed_over("PC-100001"), at=db.now())
    await ingest([shop.box.message(scan)])
    assert await outcome(scan.id) == "order_flagged"
    await needs.FOLLOWER.catch_up()
    assert [row["kind"] for row in await db.fetch("SELECT kind FROM task WHERE state = 'open'")] == ["hand_over_held"]
    await clear_flag(order, FlagKind.UNPAID, "paid again")
    await settle()
    assert await told("parcel_handed_over") == 0
    await clear_flag(order, FlagKind.REFUND_ASKED, "customer keeps it")
    await settle()
    assert await told("parcel_handed_over") == 1
    await needs.FOLLOWER.catch_up()
    assert [row["state"] for row in await db.fetch("SELECT state FROM task")] == ["done"]


async def test_a_parcel_that_left_before_the_flag_was_set_has_left(shop: OrderShop) -> None:
    """A physical fact is never refused: the box told it late."""
    no, pick_list = await shop.released(("tea", 1))
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100))
    scan = shop.box.envelope(shop.handed_over("PC-100001"))
    await set_flag(ORDERS.row_id(no), FlagKind.REFUND_ASKED, "customer wants the money back")
    await ingest([shop.box.message(scan)])
    assert await outcome(scan.id) == "applied"


async def labels() -> list[str]:
    rows = await db.fetch("SELECT data FROM event WHERE name = 'document_wanted' ORDER BY id")
    return [row["data"] for row in rows if "pick-up-label" in row["data"]]
