from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from controller import db
from controller.errors import IllegalTransition, NotFound
from controller.orders import queries
from controller.orders.errors import BadOrder, ReferenceTaken
from controller.orders.listing import Wanted
from controller.orders.numbers import ORDERS
from controller.orders.operations import cancel, close, place
from controller.orders.states import OrderState
from controller.stock.operations import InsufficientStock, move
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


async def test_an_order_holds_its_goods(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 10)
    no = await place(shop.order(("tea", 3)))
    assert await numbers(sku) == (10, 3, 0)
    order = await queries.order(no)
    assert (order.state, order.total_minor, order.is_stock_short) == (OrderState.APPROVED, 750, False)
    assert await told("order_placed") == 1


async def test_all_lines_or_nothing(shop: OrderShop) -> None:
    tea, milk = await shop.stock("tea", 10), await shop.stock("milk", 1)
    with pytest.raises(InsufficientStock):
        await place(shop.order(("tea", 3), ("milk", 2)))
    assert await numbers(tea) == (10, 0, 0)
    assert await numbers(milk) == (1, 0, 0)
    assert not await db.fetch("SELECT 1 FROM sales_order UNION ALL SELECT 1 FROM order_line")
    assert await told("order_placed") == 0


async def test_two_lines_of_one_sku_do_not_oversell(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 5)
    with pytest.raises(InsufficientStock):
        await place(shop.order(("tea", 3), ("tea", 3)))
    await place(shop.order(("tea", 3), ("tea", 2)))
    assert await numbers(sku) == (5, 5, 0)


async def test_the_same_reference_again_is_the_same_order(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 10)
    first = await place(shop.order(("tea", 3), reference="A1"))
    assert await place(shop.order(("tea", 3), reference="A1")) == first
    assert await numbers(sku) == (10, 3, 0)
    with pytest.raises(ReferenceTaken):
        await place(shop.order(("tea", 4), reference="A1"))


async def test_the_same_reference_at_once_is_one_order(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 10)
    wanted = shop.order(("tea", 2), reference="A1")
    numbers_given = await asyncio.gather(*(db.in_transaction(lambda: place(wanted)) for _ in range(6)))
    assert len(set(numbers_given)) == 1
    assert await numbers(sku) == (10, 2, 0)


async def test_sixty_four_buyers_of_the_last_hundred(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 100)

    async def buy(buyer: int) -> bool:
        try:
            await db.in_transaction(lambda: place(shop.order(("tea", 2), reference=f"b{buyer}")))
        except InsufficientStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy(buyer) for buyer in range(64)))) == 50
    assert await numbers(sku) == (100, 100, 0)
    assert await books_add_up()


async def test_what_is_wrong_is_told_before_anything_is_written(shop: OrderShop) -> None:
    await shop.stock("tea", 1)
    with pytest.raises(BadOrder):
        await place(shop.order())
    with pytest.raises(BadOrder):
        await place(shop.order(("tea", 0)))
    with pytest.raises(NotFound, match="SKU nothing"):
        await place(shop.order(("nothing", 1)))


async def test_an_order_in_another_currency_than_the_sites_is_refused(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 10)
    with pytest.raises(BadOrder, match="site s1 sells in CNY"):
        await place(replace(shop.order(("tea", 3)), currency="USD"))
    assert await numbers(sku) == (10, 0, 0)
    assert not await db.fetch("SELECT 1 FROM sales_order UNION ALL SELECT 1 FROM order_line")
    assert await told("order_placed") == 0


async def test_cancelling_gives_back_once(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 10)
    no = await place(shop.order(("tea", 3)))
    await cancel(no, reason="customer asked")
    await cancel(no, reason="customer asked again")
    assert await numbers(sku) == (10, 0, 0)
    assert (await queries.order(no)).state is OrderState.CANCELLED
    assert await told("order_cancelled") == 1
    with pytest.raises(NotFound):
        await cancel("SO-999999", reason="none")


async def test_a_closed_order_cannot_be_cancelled(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    no = await place(shop.order(("tea", 3)))
    async with db.transaction():
        await close([ORDERS.row_id(no)])
    with pytest.raises(IllegalTransition):
        await cancel(no, reason="too late")


async def test_a_physical_fact_flags_the_order_it_takes_goods_from(shop: OrderShop) -> None:
    sku = await shop.stock("tea", 5)
    early, late = await place(shop.order(("tea", 3))), await place(shop.order(("tea", 2)))
    await move([shop.shop.sale(sku, 1)])
    assert not (await queries.order(early)).is_stock_short
    assert (await queries.order(late)).is_stock_short
    assert await books_add_up()


async def test_orders_are_found_by_number_code_and_reference(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    first = await place(shop.order(("tea", 1), reference="TB-77-1"))
    second = await place(shop.order(("tea", 1), reference="TB-78-1"))
    await cancel(second, reason="test")

    async def found(state: OrderState | None = None, q: str | None = None) -> list[str]:
        return [order.no for order in await queries.orders(before=None, limit=10, wanted=Wanted(state=state, q=q))]

    assert await found() == [second, first]
    assert await found(q="TB-77") == [first]
    assert await found(q=second.lower()) == [second]
    assert await found(q=(await queries.order(first)).pickup_code) == [first]
    assert await found(q="%") == []
    assert await found(state=OrderState.CANCELLED) == [second]
    assert [order.no for order in await queries.orders(before=ORDERS.row_id(second), limit=10)] == [first]
