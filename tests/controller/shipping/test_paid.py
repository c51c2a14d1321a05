"""Money of orders that are sent: authorised money is taken when they leave, cash when the carrier has brought all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller import db
from controller.orders.flags import blocking
from controller.orders.money import flag_unpaid, owe
from controller.orders.numbers import ORDERS
from controller.payments.capturing import Starting, start
from controller.payments.operations import Taking, take
from controller.payments.policies import Means, PayTerms
from controller.payments.refunds import Refund, refund
from controller.shipping import tracking
from controller.shipping.carriers import Kind
from controller.shipping.following import FOLLOWER
from controller.shipping.states import ShipmentAction
from tests.controller.payments.money import checked, ledger
from tests.controller.payments.provider_server import Provider, provider
from tests.controller.payments.test_calling import all_calls
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import stand_in
from tests.controller.shipping.test_tracking import seen

DUE = 500


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    found = await Desk.open(tmp_path)
    async with stand_in() as carrier:
        await found.carrier("fast", Kind.HTTP, address=carrier.address)
        yield found


@pytest.fixture
async def acme(desk: Desk, tmp_path: Path) -> AsyncIterator[Provider]:
    async with provider(tmp_path) as found:
        yield found


async def _labelled(desk: Desk, terms: PayTerms) -> tuple[int, str]:
    """An order of two pieces, to be paid on these terms, with its label; and its parcel."""
    order, parcel = await desk.packed(2)
    await owe(ORDERS.row_id(order), terms)
    return ORDERS.row_id(order), parcel


async def _leaves(desk: Desk, parcel: str) -> None:
    assert await desk.shop.report(desk.shop.handed_over(parcel)) == ["applied"]
    await FOLLOWER.catch_up()


async def _brought() -> None:
    await tracking.take("fast", [seen("TN00000001", ShipmentAction.DELIVER, 90)], source="webhook")
    await FOLLOWER.catch_up()


async def test_what_is_authorised_is_captured_when_it_leaves(desk: Desk, acme: Provider) -> None:
    order_id, parcel = await _labelled(desk, PayTerms.PREPAID)
    await start(order_id, Starting(means=Means.ONLINE, provider="acme"))
    await all_calls()
    await flag_unpaid(order_id)
    await desk.work()
    await _leaves(desk, parcel)
    await all_calls()
    assert acme.actions() == [("authorise", DUE), ("capture", DUE)]
    await _brought()
    await all_calls()
    assert len(acme.done) == 2, "delivered: there is nothing left to take"
    assert (await checked(order_id)).sums.captured == DUE


@pytest.mark.parametrize("is_told_first", [False, True])
async def test_cash_on_delivery_is_booked_once_when_all_of_it_was_brought(desk: Desk, is_told_first: bool) -> None:
    order_id, parcel = await _labelled(desk, PayTerms.ON_DELIVERY)
    await desk.work()
    for step in ((_brought, None), (_leaves, parcel)) if is_told_first else ((_leaves, parcel), (_brought, None)):
        assert ("captured", DUE) not in await ledger(order_id)
        await (step[0](desk, step[1]) if step[1] else step[0]())  # type: ignore[call-arg]  # as each takes it
    await _brought()
    assert await ledger(order_id) == [("captured", DUE)]
    assert (await db.fetch("SELECT means FROM payment"))[0]["means"] == Means.CASH_ON_DELIVERY.value


async def test_money_that_goes_back_after_it_left_makes_it_not_unpaid(desk: Desk) -> None:
    order_id, parcel = await _labelled(desk, PayTerms.PREPAID)
    await take(order_id, Taking(means=Means.CASH, amount_minor=DUE))
    await flag_unpaid(order_id)
    await desk.work()
    await _leaves(desk, parcel)
    await refund(order_id, Refund(amount_minor=100, reason="scratched", is_given=True))
    await flag_unpaid(order_id)
    assert not await blocking([order_id])
