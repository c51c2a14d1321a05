"""An order that is to be paid before it leaves stays until its money is there, and again when the bank takes it back."""

from __future__ import annotations

import pytest

from controller.orders.flags import FlagKind, OrderIsFlagged, blocking, require_unflagged
from controller.orders.money import flag_unpaid
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.operations import Taking, take
from controller.payments.policies import EntryKind, Means
from controller.unpaid import FOLLOWER
from tests.controller.orders.test_totals import sold

pytestmark = pytest.mark.usefixtures("database")


async def test_an_unpaid_order_is_flagged_with_its_placing_and_let_go_when_it_is_paid() -> None:
    order = await sold(11_300)
    assert await blocking([order]) == {order: [FlagKind.UNPAID]}
    with pytest.raises(OrderIsFlagged):
        await require_unflagged([order])
    await take(order, Taking(means=Means.CASH, amount_minor=11_000))
    await FOLLOWER.catch_up()
    assert await blocking([order]) == {order: [FlagKind.UNPAID]}
    payment = await take(order, Taking(means=Means.CASH, amount_minor=300))
    await FOLLOWER.catch_up()
    assert await blocking([order]) == {}
    await book(Movement(payment_id=PAYMENTS.row_id(payment), kind=EntryKind.CHARGEBACK, amount_minor=300))
    await FOLLOWER.catch_up()
    assert await blocking([order]) == {order: [FlagKind.UNPAID]}


async def test_an_order_that_nobody_expects_money_for_is_passed_by() -> None:
    await flag_unpaid(77)
