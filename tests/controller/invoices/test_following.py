"""A parcel brings its order's invoice where the seller wishes it; what cannot be issued is told, once, and holds up nothing."""

from __future__ import annotations

import pytest

from controller import db, events
from controller.fulfilment.operations import release
from controller.invoices.following import FOLLOWER
from controller.invoices.sellers import SellerAt, set_seller
from tests.controller.invoices.bills import SELLER, open_bills, order_of
from tests.controller.orders_shop import OrderShop


@pytest.fixture
async def shop(database: str) -> OrderShop:
    shop = await open_bills()
    await shop.stock("tea", 20)
    return shop


async def packed(shop: OrderShop, price: int = 1130) -> str:
    order = await order_of(shop, ("tea", 2, price))
    (pick_list,) = await release(order)
    await shop.report(shop.picked(pick_list, "tea", 2), shop.packed(pick_list, 250))
    await FOLLOWER.catch_up()
    return order


async def names(order: str) -> list[str]:
    return [each.name for each in await events.history(order) if each.name.startswith("invoice")]


async def test_where_the_seller_wishes_it_is_issued_and_printed_with_the_parcel(shop: OrderShop) -> None:
    assert await names(await packed(shop)) == []
    await set_seller(SellerAt(site="s1", seller=SELLER, at_packing=True))
    order = await packed(shop)
    assert await names(order) == ["invoice_issued"]
    rows = await db.fetch("SELECT box, copy FROM sales_invoice_print")
    assert [(row["box"], row["copy"]) for row in rows] == [("b1", 1)]
    await db.execute("DELETE FROM event_cursor")  # it ends before it could say how far it was, and reads all of it again
    await FOLLOWER.catch_up()
    assert await names(order) == ["invoice_issued"]
