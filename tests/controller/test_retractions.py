"""What people took back at a station, driven through the real ingest."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import uuid4

import pytest

from controller import db
from controller.catalog.operations import link_barcode
from controller.fulfilment import queries
from controller.fulfilment.states import PickListState
from controller.ingest import ingest
from drivers.symbols.gtin import to_gtin14
from edge_agent.wire.facts import Fact, Received, Retracted
from edge_agent.wire.messages import Envelope, Symbol
from tests.controller.boxes import WireBox
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, outcome, settle, told


@pytest.fixture
async def shop(database: str) -> OrderShop:
    return await OrderShop.open()


def received(text: str) -> Received:
    return Received(document="D-1", symbol=Symbol(text=text), gtin=to_gtin14(text), quantity=1)


def taken_back(envelope: Envelope, kind: str | None = None) -> Retracted:
    return Retracted(fact=envelope.id, kind=kind or envelope.name)


async def give(box: WireBox, envelopes: Sequence[Envelope], *, together: bool) -> list[str]:
    if together:
        await ingest(box.batch(list(envelopes)))
    else:
        for envelope in envelopes:
            await ingest([box.message(envelope)])
            await settle()
    await settle()
    return [await outcome(envelope.id) for envelope in envelopes]


@pytest.mark.parametrize("together", [True, False])
async def test_a_delivery_taken_back_ends_the_same_in_any_order(shop: OrderShop, together: bool) -> None:
    tea = await shop.stock("tea", 10)
    for order in itertools.permutations(range(3)):
        code = shop.codes["tea"]
        wrong, right = (shop.box.envelope(received(code)) for _ in range(2))
        back = shop.box.envelope(taken_back(wrong))
        before = (await numbers(tea))[0]
        await give(shop.box, [(wrong, right, back)[place] for place in order], together=together)
        assert (await numbers(tea))[0] == before + 1, order
        assert [await outcome(each.id) for each in (wrong, right, back)] == ["retracted", "applied", "applied"]
    assert await books_add_up()


async def test_it_is_booked_back_once_however_often_it_is_told(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    envelope = shop.box.envelope(received(shop.codes["tea"]))
    back, again = (shop.box.envelope(taken_back(envelope)) for _ in range(2))
    assert await give(shop.box, [envelope, back, back, again, again], together=False) == ["retracted", *["applied"] * 4]
    assert (await numbers(tea))[0] == 10
    assert await books_add_up()


async def test_what_was_parked_is_never_booked(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    envelope = shop.box.envelope(received("WHAT?"))
    assert await give(shop.box, [envelope, shop.box.envelope(taken_back(envelope))], together=False) == ["retracted", "applied"]
    await link_barcode("WHAT?", "tea", numerator=1)
    await settle()
    assert (await numbers(tea))[0] == 10


async def test_only_the_box_itself_takes_back_and_only_what_can_be(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    envelope = shop.box.envelope(received(shop.codes["tea"]))
    other = shop.box.envelope(taken_back(envelope, "picked"))
    handed_over = shop.box.envelope(Retracted(fact=uuid4(), kind="handed_over"))
    outcomes = await give(shop.box, [envelope, other, handed_over], together=False)
    assert outcomes == ["applied", "fact_of_another", "not_retractable"]
    assert (await numbers(tea))[0] == 11


async def test_a_pick_taken_back_ends_the_same_in_any_order(shop: OrderShop) -> None:
    for index, order in enumerate(itertools.permutations(range(3))):
        code = f"tea-{index}"
        await shop.stock(code, 10)
        _, pick_list = await shop.released((code, 2))
        first, second = (shop.box.envelope(shop.picked(pick_list, code)) for _ in range(2))
        back = shop.box.envelope(taken_back(second))
        await give(shop.box, [(first, second, back)[place] for place in order], together=False)
        found = await queries.pick_list(pick_list)
        lines = await db.fetch("SELECT picked FROM pick_line WHERE pick_list_id = ?", found.id)
        assert [line["picked"] for line in lines] == [1], order
        assert found.state is PickListState.PICKING
        assert await outcome(second.id) == "retracted"
    assert await books_add_up()


async def test_the_right_one_after_the_wrong_one_ends_the_same_in_any_order(shop: OrderShop) -> None:
    """Even where it came before the retraction, and was one too many then."""
    for index, order in enumerate(itertools.permutations(range(3))):
        code = f"tea-{index}"
        await shop.stock(code, 10)
        _, pick_list = await shop.released((code, 1))
        wrong, right = (shop.box.envelope(shop.picked(pick_list, code)) for _ in range(2))
        back = shop.box.envelope(taken_back(wrong))
        await give(shop.box, [(wrong, right, back)[place] for place in order], together=False)
        lines = await db.fetch("SELECT l.picked FROM pick_line l JOIN sku s ON s.id = l.sku_id WHERE s.code = ?", code)
        assert [line["picked"] for line in lines] == [1], order
        assert (await queries.pick_list(pick_list)).state is PickListState.PICKED
        assert (await outcome(right.id), await outcome(back.id)) == ("applied", "applied")
    assert await books_add_up()


async def test_the_list_is_picked_again_after_it(shop: OrderShop) -> None:
    tea = await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 1))
    wrong = shop.box.envelope(shop.picked(pick_list, "tea"))
    again: list[Fact] = [shop.picked(pick_list, "tea"), shop.packed(pick_list, 250)]
    await give(shop.box, [wrong, shop.box.envelope(taken_back(wrong))], together=False)
    assert (await queries.pick_list(pick_list)).state is PickListState.PICKING
    assert await shop.report(*again) == ["applied", "applied"]
    assert (await queries.pick_list(pick_list)).state is PickListState.PACKED
    assert await numbers(tea) == (10, 0, 1)
    assert await books_add_up()


async def test_what_is_in_a_parcel_is_not_taken_back_and_a_person_is_told(shop: OrderShop) -> None:
    await shop.stock("tea", 10)
    _, pick_list = await shop.released(("tea", 1))
    pick = shop.box.envelope(shop.picked(pick_list, "tea"))
    await give(shop.box, [pick, shop.box.envelope(shop.packed(pick_list, 250))], together=False)
    assert await give(shop.box, [shop.box.envelope(taken_back(pick))], together=False) == ["already_packed"]
    assert await told("pick_refused") == 1
    assert await books_add_up()
