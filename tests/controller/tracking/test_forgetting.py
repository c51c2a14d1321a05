"""Forgetting somebody who has orders: what is under way is finished first."""

from __future__ import annotations

import pytest

from controller import db
from controller.customers import order_addresses, queries, resealing
from controller.fulfilment.operations import cancel
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from controller.tracking import forgetting
from tests.controller.tracking.shop import NAME, PersonShop


@pytest.fixture
async def shop(database: str) -> PersonShop:
    return await PersonShop.open()


async def test_an_order_under_way_is_finished_before_its_person_is_forgotten(shop: PersonShop) -> None:
    assert not await forgetting.ask_and_forget(shop.customer)
    stored = await queries.customer(shop.customer)
    assert stored.erasure_asked_at is not None
    assert stored.person is not None
    assert await forgetting.under_way(await forgetting.orders_of(shop.customer)) == [shop.order]
    assert await forgetting.forget_waiting() == 0
    await cancel(shop.order, reason="x")
    assert await forgetting.forget_waiting() == 1
    assert await forgetting.forget_waiting() == 0
    assert (await queries.customer(shop.customer)).person is None
    assert await order_addresses.stored_address(ORDERS.row_id(shop.order)) is None
    assert (await orders.order(shop.order)).no == shop.order


async def test_who_has_nothing_under_way_is_forgotten_at_once(shop: PersonShop) -> None:
    await cancel(shop.order, reason="x")
    await db.execute(
        "INSERT INTO raw_order (channel, digest, sealed, source, state, order_id, received_at, changed_at) "
        "VALUES ('web', 'd', 's1.old.x', 'api', 'placed', ?, ?, ?)",
        *(ORDERS.row_id(shop.order), db.now(), db.now()),
    )
    assert await forgetting.ask_and_forget(shop.customer)
    assert [row["sealed"] for row in await db.fetch("SELECT sealed FROM raw_order")] == [""], "as its channel sent it, too"
    assert await resealing.waiting() == {}
    assert (await queries.customer(shop.customer)).state == "erased"


async def test_an_export_holds_the_addresses_of_all_orders(shop: PersonShop) -> None:
    export = await forgetting.export(shop.customer)
    assert [each.order for each in export.addresses] == [shop.order]
    assert NAME.encode() in forgetting.encoded(export)
