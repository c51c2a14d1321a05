"""What is to be packed and handed over, as boxes hear of it: gone when it is done, with what is recalled or held."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller import db
from controller.fulfilment import queries
from controller.orders.flags import FlagKind, set_flag
from controller.orders.numbers import ORDERS
from controller.recalls.operations import recall
from controller.shipping.carriers import Kind
from edge_agent.wire.facts import Picked
from edge_agent.wire.open_parcels import OpenHandOver, OpenPack
from edge_agent.wire.pick_facts import PickClaimed
from tests.controller.orders_shop import OrderShop
from tests.controller.replica.test_parts import Box
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import stand_in


@pytest.fixture
async def shop(database: str) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 9)
    return shop


async def packs(box: Box) -> list[OpenPack]:
    return [each for each in (await box.read()).kept.values() if isinstance(each, OpenPack)]


async def hand_overs(box: Box) -> list[OpenHandOver]:
    return [each for each in (await box.read()).kept.values() if isinstance(each, OpenHandOver)]


async def test_a_fetched_list_is_told_until_it_is_packed(shop: OrderShop) -> None:
    order, number = await shop.released(("tea", 2))
    box = Box("packs", OpenPack)
    await shop.report(PickClaimed(pick_list=number, tote="T-1"), shop.picked(number, "tea"))
    assert await packs(box) == []
    await shop.report(shop.picked(number, "tea"))
    (one,) = await packs(box)
    assert (one.number, one.order, one.tote, one.least, one.most) == (number, order, "T-1", 190, 610)
    assert [(line.sku, line.quantity, line.name_zh) for line in one.lines] == [("tea", 2, "tea zh")]
    await shop.report(shop.packed(number, 250))
    assert await packs(box) == []


async def test_a_weight_that_is_not_known_is_not_judged(shop: OrderShop) -> None:
    await shop.stock("leaf", 3, grams=None)
    _, number = await shop.released(("leaf", 1), ("tea", 1))
    await shop.report(shop.picked(number, "leaf"), shop.picked(number, "tea"))
    (one,) = await packs(Box("packs", OpenPack))
    assert (one.least, one.most, len(one.lines)) == (None, None, 2)


async def test_a_lot_that_is_recalled_since_is_told(shop: OrderShop) -> None:
    _, number = await shop.released(("tea", 1))
    plain = shop.picked(number, "tea")
    await shop.report(Picked(pick_list=number, symbol=plain.symbol, gtin=plain.gtin, quantity=1, lot="L7"))
    box = Box("packs", OpenPack)
    assert [one.recalled for one in await packs(box)] == [[]]
    await recall("L7", "tea", reason="glass")
    assert [one.recalled for one in await packs(box)] == [["L7"]]
    await shop.report(shop.packed(number, 150))
    assert [line.recalled for one in await hand_overs(Box("hand_overs", OpenHandOver)) for line in one.lines] == [["L7"]]


async def test_a_collected_order_is_told_with_its_code_until_it_is_out(shop: OrderShop) -> None:
    order, number = await shop.released(("tea", 1))
    await shop.report(shop.picked(number, "tea"), shop.packed(number, 150))
    box = Box("hand_overs", OpenHandOver)
    (one,) = await hand_overs(box)
    parcel = (await queries.pick_list(number)).parcel or ""
    code = (await db.fetch("SELECT pickup_code FROM sales_order"))[0]["pickup_code"]
    assert (one.number, one.title, one.code, [line.parcel for line in one.lines]) == (order, "", code, [parcel])
    await set_flag(ORDERS.row_id(order), FlagKind.CREDIT, "look")
    assert [line.is_held for each in await hand_overs(box) for line in each.lines] == [True]
    await db.execute("DELETE FROM order_flag")
    await shop.report(shop.handed_over(parcel))
    assert await hand_overs(box) == []


async def test_a_manifest_is_told_with_the_carriers_own_numbers(database: str, tmp_path: Path) -> None:
    desk = await Desk.open(tmp_path)
    async with stand_in() as carrier:
        await desk.carrier("fast", Kind.HTTP, address=carrier.address)
        one = await desk.labelled(2)
    (found,) = await hand_overs(Box("hand_overs", OpenHandOver))
    assert (found.title, found.code) == ("fast", None)
    assert [(line.parcel, line.symbol) for line in found.lines] == [(one.parcel_no, "TN00000001")]
