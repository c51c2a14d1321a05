"""Split and merged orders take their money along; what the provider knows stays one payment."""

from __future__ import annotations

import pytest

from controller.payments.capturing import Starting, start
from controller.payments.errors import BadPayment, NotCovered
from controller.payments.ledger import Movement, book
from controller.payments.numbers import PAYMENTS
from controller.payments.operations import Expected, expect, move
from controller.payments.policies import EntryKind, Means, PaymentState
from controller.payments.refunds import refund_rest
from tests.controller.payments.money import cash, checked, order

pytestmark = pytest.mark.usefixtures("database")


async def test_a_split_order_takes_its_part_along() -> None:
    await order(1)
    await cash(1, 7000)
    await cash(1, 3000)
    await order(1, 2000)
    await order(2, 8000)
    await move(1, 2, 8000)
    one, two = await checked(1), await checked(2)
    assert (one.state, one.sums.captured, two.state, two.sums.captured) == (
        PaymentState.CAPTURED,
        2000,
        PaymentState.CAPTURED,
        8000,
    )
    assert [payment.sums.captured for payment in two.payments] == [7000, 1000]


async def test_an_authorisation_is_parted_as_well() -> None:
    await order(1)
    number = await start(1, Starting(means=Means.ONLINE, provider="acme"))
    payment = PAYMENTS.row_id(number)
    await book(Movement(payment_id=payment, kind=EntryKind.AUTHORISED, amount_minor=10_000))
    await book(Movement(payment_id=payment, kind=EntryKind.CAPTURED, amount_minor=4000))
    await order(2, 6000)
    await move(1, 2, 6000)
    one, two = await checked(1), await checked(2)
    assert (one.sums.authorised, one.sums.captured) == (4000, 0)
    assert (two.sums.authorised, two.sums.captured) == (6000, 4000)
    with pytest.raises(NotCovered):
        await move(1, 2, 4001)


async def test_merged_orders_are_paid_together() -> None:
    await order(1, 4000)
    await cash(1, 4000)
    await order(2, 6000)
    await order(2, 10_000)
    await move(1, 2)
    await refund_rest(1, reason="merged")
    assert (await checked(2)).sums.captured == 4000
    assert (await checked(1)).payments == ()


async def test_nothing_and_itself_are_no_moves_and_currencies_do_not_mix() -> None:
    await order(1)
    await cash(1)
    await order(2)
    await move(1, 1)
    await move(1, 2, 0)
    assert (await checked(1)).sums.captured == 10_000
    await expect(Expected(order_id=3, order_no="SO-100003", amount_minor=1, currency="EUR"))
    with pytest.raises(BadPayment):
        await move(1, 3)
