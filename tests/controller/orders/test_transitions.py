from __future__ import annotations

from dataclasses import replace

import pytest

from controller import db
from controller.errors import IllegalTransition, NotFound
from controller.orders import queries
from controller.orders.errors import BadOrder
from controller.orders.numbers import ORDERS
from controller.orders.operations import approve, cancel, close, hold, place, resume, send_to_review
from controller.orders.states import ORDER, OrderAction, OrderState
from controller.states import reachable
from tests.controller.goods import numbers
from tests.controller.orders_shop import told
from tests.controller.two_sites import TwoSites


async def state_of(no: str) -> OrderState:
    return (await queries.order(no)).state


async def test_an_order_is_held_reviewed_and_approved_with_its_goods(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 2)))
    await hold(no, reason="customer on the telephone")
    await hold(no, reason="again")
    assert (await state_of(no), await told("order_held")) == (OrderState.ON_HOLD, 1)
    await resume(no)
    assert await state_of(no) is OrderState.IN_REVIEW
    await approve(no, reason="looked at")
    await approve(no)
    assert (await state_of(no), await told("order_approved")) == (OrderState.APPROVED, 1)
    await send_to_review(no)
    assert await numbers(tea) == (5, 2, 0)
    rows = await db.fetch("SELECT state FROM order_site WHERE order_id = ?", ORDERS.row_id(no))
    assert [row["state"] for row in rows] == ["in_review"]


async def test_what_is_not_allowed_is_told(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 2)))
    with pytest.raises(BadOrder):
        await hold(no, reason=" ")
    with pytest.raises(IllegalTransition):
        await resume(no)
    with pytest.raises(NotFound):
        await approve("SO-999999")
    await cancel(no, reason="asked")
    for verb in (approve(no), hold(no, reason="late"), send_to_review(no)):
        with pytest.raises(IllegalTransition):
            await verb


async def test_goods_that_left_close_an_order_that_people_still_think_about(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(sites.order(("tea", 2)))
    await hold(no, reason="customer on the telephone")
    async with db.transaction():
        await close([ORDERS.row_id(no)])
    assert await state_of(no) is OrderState.CLOSED


async def test_a_draft_that_nobody_wants_is_cancelled(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 0)
    no = await place(replace(sites.order(("tea", 9)), is_draft=True))
    assert await cancel(no, reason="a mistake")
    assert not await cancel(no, reason="a mistake")
    with pytest.raises(IllegalTransition):
        await hold(no, reason="late")


def test_the_table_has_no_dead_ends_but_closed() -> None:
    assert reachable(ORDER, OrderState.DRAFT) == set(OrderState)
    assert set(ORDER[OrderState.CLOSED]) == {OrderAction.TAKE_BACK}, "of what was carried away from a counter, and nothing else"
    assert set(ORDER[OrderState.CANCELLED]) == {OrderAction.RESTORE}
