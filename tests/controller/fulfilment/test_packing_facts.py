"""Facts at the packing table and at the door: totes, reasons, recalls, picks that come after their line went elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller import db, events
from controller.fulfilment import papers, queries
from controller.fulfilment.operations import ParcelIsSent, release, reprint_label
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.orders.states import Delivery
from controller.recalls.operations import recall
from edge_agent.wire.facts import Packed
from edge_agent.wire.pick_facts import PickClaimed
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 20)
    return shop


async def wishes() -> dict[str, dict[str, object]]:
    """What was asked onto paper, by template."""
    found = [each.data for each in await events.feed(0, 500) if each.name == "document_wanted"]
    return {str(each["template"]): each for each in found}


async def test_a_tote_is_packed_by_its_own_code(shop: OrderShop) -> None:
    _, pick_list = await shop.released(("tea", 1))
    await shop.report(PickClaimed(pick_list=pick_list, tote="TOTE-7"), shop.picked(pick_list, "tea"))
    packed = shop.packed(pick_list, 150)
    assert await shop.report(Packed(pick_list="TOTE-8", weight=packed.weight)) == ["unknown_pick_list"]
    assert await shop.report(Packed(pick_list="TOTE-7", weight=packed.weight, reason="other")) == ["applied"]
    parcel = (await queries.pick_list(pick_list)).parcel
    assert parcel is not None
    (told,) = [each for each in await events.feed(0, 500) if each.name == "parcel_packed"]
    assert ((await queries.parcel(parcel)).reason, told.data["reason"]) == ("other", "other")
    assert await shop.report(Packed(pick_list=parcel, weight=packed.weight)) == ["already_packed"], "by the parcel's own code"
    assert await shop.report(Packed(pick_list="PC-999999", weight=packed.weight)) == ["unknown_pick_list"]


async def test_a_tote_is_free_again_once_its_parcel_is_packed(shop: OrderShop) -> None:
    first, second = [(await shop.released(("tea", 1)))[1] for _ in range(2)]
    packed = shop.packed(first, 150)
    await shop.report(PickClaimed(pick_list=first, tote="TOTE-7"), shop.picked(first, "tea"))
    assert await shop.report(Packed(pick_list="TOTE-7", weight=packed.weight)) == ["applied"]
    assert (await queries.pick_list(first)).tote is None
    await shop.report(PickClaimed(pick_list=first, tote="TOTE-7"))
    assert (await queries.pick_list(first)).tote is None, "a claim that is told late binds no tote to what is packed"
    await shop.report(PickClaimed(pick_list=second, tote="TOTE-7"), shop.picked(second, "tea"))
    assert await shop.report(Packed(pick_list="TOTE-7", weight=packed.weight)) == ["applied"]
    assert (await queries.pick_list(second)).parcel is not None


async def test_what_is_sent_gets_a_slip_and_no_pick_up_code(shop: OrderShop) -> None:
    no = await place(replace(shop.order(("tea", 3)), delivery=Delivery.SHIPPING))
    (pick_list,) = await release(no)
    await db.execute("UPDATE order_line SET wanting = 2, quantity = 5 WHERE order_id = ?", ORDERS.row_id(no))
    await shop.report(shop.picked(pick_list, "tea", 3), shop.packed(pick_list, 350))
    asked = await wishes()
    assert set(asked) == {"packing-slip"}
    data = asked["packing-slip"]["data"]
    assert isinstance(data, dict)
    assert [(line["sku"], line["quantity"]) for line in data["lines"]] == [("tea", "3")]
    assert [line["quantity"] for line in data["follows"]] == ["2"]
    parcel = (await queries.pick_list(pick_list)).parcel or ""
    with pytest.raises(ParcelIsSent):
        await reprint_label(parcel)


async def test_what_is_collected_gets_its_pick_up_label_and_receipt(shop: OrderShop) -> None:
    _, pick_list = await shop.released(("tea", 1))
    await shop.report(shop.picked(pick_list, "tea"), shop.packed(pick_list, 150))
    assert set(await wishes()) == {"pick-up-label", "receipt"}


async def test_a_parcel_with_a_recalled_lot_stays_here(shop: OrderShop) -> None:
    _, pick_list = await shop.released(("tea", 2))
    picked = shop.picked(pick_list, "tea", 2)
    await shop.report(type(picked)(pick_list=pick_list, symbol=picked.symbol, gtin=picked.gtin, quantity=2, lot="L7"))
    await shop.report(shop.packed(pick_list, 250))
    parcel = (await queries.pick_list(pick_list)).parcel or ""
    await recall("L7", "tea", reason="glass")
    await db.execute("UPDATE recall SET created_at = '2020-01-01 00:00:00+00:00'")
    assert await shop.report(shop.handed_over(parcel)) == ["lot_recalled"]
    assert (await queries.parcel(parcel)).state.value == "packed"
    assert await told("label_refused") == 1
    assert await papers.to_follow(1) == {}


async def test_a_late_pick_of_what_went_elsewhere_is_put_back(shop: OrderShop) -> None:
    no, pick_list = await shop.released(("tea", 4))
    await shop.report(shop.picked(pick_list, "tea", 1), shop.short(pick_list, "tea"))
    await db.execute("UPDATE order_allocation SET quantity = 2 WHERE order_id = ?", ORDERS.row_id(no))  # two went to another site
    assert await shop.report(shop.picked(pick_list, "tea", 3)) == ["applied"]
    line = (await queries.pick_lines((await queries.pick_list(pick_list)).id))[0]
    assert line.picked == 2, "of three, one was still wanted"
    back = [each.data for each in await events.history(no) if each.name == "put_back_needed"]
    assert [each["quantity"] for each in back] == [2]
    assert (await numbers(shop.skus["tea"]))[0] == 20
    assert await shop.report(shop.picked(pick_list, "tea", 1)) == ["applied"]
    assert await told("put_back_needed") == 2
    assert await books_add_up()


async def test_a_late_pick_that_is_still_wanted_fills_its_line(shop: OrderShop) -> None:
    _, pick_list = await shop.released(("tea", 3))
    await shop.report(shop.short(pick_list, "tea"), shop.picked(pick_list, "tea", 3))
    line = (await queries.pick_lines((await queries.pick_list(pick_list)).id))[0]
    assert (line.picked, await told("put_back_needed")) == (3, 0)
