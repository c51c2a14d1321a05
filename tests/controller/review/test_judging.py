"""An order is judged by what it comes to now."""

from __future__ import annotations

from controller.orders.flags import FlagKind, blocking
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.totals import recount
from controller.review.judging import judge_again
from edge_agent.wire.totals import Discount
from tests.controller.orders_shop import OrderShop


async def test_a_discount_by_hand_is_seen(shop: OrderShop) -> None:
    no = await place(shop.order(("tea", 2)))
    order = ORDERS.row_id(no)
    assert await blocking([order]) == {}
    await recount(order, discounts=[Discount(basis_points=3000, reason="late")])
    await judge_again(no)
    assert await blocking([order]) == {}, "exactly the limit is allowed"
    await recount(order, discounts=[Discount(basis_points=3200, reason="late")])
    await judge_again(no)
    assert await blocking([order]) == {order: [FlagKind.PRICE_ANOMALY]}
    await recount(order, discounts=[])
    await judge_again(no)
    assert await blocking([order]) == {}
