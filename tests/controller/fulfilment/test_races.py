"""Many at once, on both engines: whatever wins, the books add up and the oracle is content."""

from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.errors import IllegalTransition
from controller.fulfilment import queries
from controller.fulfilment.operations import HandedOverAlready, cancel, release
from controller.ingest import ingest
from controller.orders import queries as orders
from controller.orders.operations import place
from controller.orders.states import OrderState
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, settle
from tests.shopday.invariants import Evidence, check


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


async def test_cancel_while_picking(shop: OrderShop) -> None:
    tea, milk = await shop.stock("tea", 100), await shop.stock("milk", 100)
    released = [await shop.released(("tea", 2), ("milk", 1)) for _ in range(12)]

    async def pick(pick_list: str) -> None:
        for code in ("tea", "milk", "tea"):
            await ingest(shop.box.messages(shop.picked(pick_list, code)))

    async def give_up(order: str) -> None:
        await asyncio.sleep(0)
        await db.in_transaction(lambda: cancel(order, reason="race"))

    await asyncio.gather(*(work for order, pick_list in released for work in (pick(pick_list), give_up(order))))
    await settle()
    for order, pick_list in released:
        assert (await orders.order(order)).state is OrderState.CANCELLED
        lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
        assert [line.picked for line in lines] == [2, 1]
    assert (await numbers(tea), await numbers(milk)) == ((100, 0, 0), (100, 0, 0))
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []


async def test_cancel_against_hand_over_has_one_winner(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 100)
    released = []
    for number in range(8):
        order, pick_list = await shop.released(("tea", 1))
        await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 100))
        released.append((order, f"PC-{100_001 + number}"))

    async def give_up(order: str) -> bool:
        try:
            await db.in_transaction(lambda: cancel(order, reason="race"))
        except (IllegalTransition, HandedOverAlready):
            return False
        return True

    async def leave(parcel: str) -> None:
        await ingest(shop.box.messages(shop.handed_over(parcel)))

    results = await asyncio.gather(*(work for order, parcel in released for work in (give_up(order), leave(parcel))))
    for cancelled, (order, _) in zip(results[::2], released, strict=True):
        assert (await orders.order(order)).state is (OrderState.CANCELLED if cancelled else OrderState.CLOSED)
    assert await numbers(tea) == (92, 0, 0)
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []


async def test_release_at_once_is_one_pick_list(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    order = await place(shop.order(("tea", 3)))
    lists = await asyncio.gather(*(db.in_transaction(lambda: release(order)) for _ in range(6)))
    assert len(set(map(tuple, lists))) == 1
    assert await numbers(tea) == (10, 0, 3)


async def test_picks_of_one_list_at_once_never_pass_its_quantity(shop: OrderShop) -> None:
    await shop.stock("tea", 100)
    _, pick_list = await shop.released(("tea", 5))
    await asyncio.gather(*(ingest(shop.box.messages(shop.picked(pick_list, "tea"))) for _ in range(9)))
    lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
    assert [line.picked for line in lines] == [5]
    assert len(await db.fetch("SELECT 1 FROM fact WHERE code = 'over_pick'")) == 4
    assert await check(db.fetch, Evidence()) == []
