"""Orders that could go in one parcel: proposed while it is soon enough, remembered when somebody said not now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller import db
from controller.customers import order_addresses
from controller.customers.addresses import Address
from controller.fulfilment.operations import release
from controller.intake.merging import BadWindow, merge_suggestions, set_aside, set_window, suggested_with
from controller.orders.linking import merge
from controller.orders.numbers import ORDERS
from tests.controller.orders_shop import OrderShop
from tests.controller.tracking.shop import PersonShop

ELSEWHERE = Address(name="欧阳青霞", phone="13987654321", province="浙江省", city="杭州市", district="西湖区", street="别处路二号")


@pytest.fixture
async def person(database: str) -> PersonShop:
    shop = await PersonShop.open()
    await db.execute("UPDATE sales_order SET delivery = 'shipping'")
    return shop


async def another(person: PersonShop, *, hours: int = 0) -> str:
    """One more of theirs, to be sent; placed so many hours ago."""
    order = await person.another()
    await db.execute(
        "UPDATE sales_order SET delivery = 'shipping', placed_at = ? WHERE id = ?",
        *(db.now() - timedelta(hours=hours), ORDERS.row_id(order)),
    )
    return order


async def proposed() -> list[list[str]]:
    return [each.orders for each in await merge_suggestions(sites=None)]


async def test_orders_of_one_customer_to_one_place_are_proposed_with_what_is_saved(person: PersonShop) -> None:
    assert await proposed() == []
    others = [await another(person), await another(person)]
    (found,) = await merge_suggestions(sites=None)
    assert (sorted(found.orders), found.saved, found.site) == ([person.order, *others], 2, "s1")
    assert [(row.lines, row.units, row.total_minor) for row in found.rows] == [(1, 2, 500)] * 3
    assert await suggested_with(ORDERS.row_id(others[0])) == [no for no in found.orders if no != others[0]]
    assert await merge_suggestions(sites={"s9"}) == []
    assert len(await merge_suggestions(sites={"s1"})) == 1
    await order_addresses.set_address(ORDERS.row_id(others[1]), ELSEWHERE, customer_id=person.customer)
    assert sorted((await proposed())[0]) == [person.order, others[0]]
    await release(others[0])
    assert await proposed() == []


async def test_what_came_too_long_after_is_not_proposed_and_a_channel_says_how_long(person: PersonShop) -> None:
    older = await another(person, hours=30)
    assert await proposed() == []
    await set_window("web", 48)
    assert await proposed() == [[older, person.order]]
    await set_window("web", 0)
    assert await proposed() == []
    for hours in (-1, 721):
        with pytest.raises(BadWindow):
            await set_window("web", hours)


async def test_what_was_set_aside_is_not_proposed_again_until_another_order_comes(person: PersonShop) -> None:
    other = await another(person)
    await set_aside([person.order, other])
    await set_aside([other, person.order])
    assert await proposed() == []
    assert await suggested_with(ORDERS.row_id(other)) == []
    third = await another(person)
    assert sorted((await proposed())[0]) == [person.order, other, third]


async def test_what_is_merged_is_proposed_no_more(person: PersonShop) -> None:
    other = await another(person)
    (orders,) = await proposed()
    await merge(orders[0], orders[1:], reason="one parcel")
    assert await proposed() == []
    assert other in orders


async def test_another_s_order_is_nobody_s_suggestion(person: PersonShop) -> None:
    shop: OrderShop = person.shop
    assert shop.codes
    order = await another(person)
    await db.execute("UPDATE sales_order SET customer_id = NULL WHERE id = ?", ORDERS.row_id(order))
    assert await proposed() == []
    assert await suggested_with(ORDERS.row_id(order)) == []
