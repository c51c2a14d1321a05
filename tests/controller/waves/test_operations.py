"""Waves released, worked off piece by piece, cancelled and done, on both engines."""

from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.errors import IllegalTransition
from controller.fulfilment import queries as fulfilment
from controller.fulfilment.operations import cancel as cancel_order
from controller.fulfilment.operations import release as release_order
from controller.fulfilment.states import PickListState
from controller.orders.flags import FlagKind, clear_flag, set_flag
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold, place
from controller.waves import operations, queries
from controller.waves.composing import compose_waves, preview
from controller.waves.operations import cancel, finish, release, take_out, work_once
from controller.waves.policies import Out
from controller.waves.queries import Progress, Worker
from controller.waves.rules import Rule, put_rule
from controller.waves.states import PartState, WaveState
from tests.controller.goods import numbers
from tests.controller.orders_shop import OrderShop, books_add_up, told


async def composed(shop: OrderShop, orders: int = 3) -> tuple[str, list[str]]:
    """A wave of so many orders of a tea each; their numbers."""
    placed = [await place(shop.order(("tea", 1))) for _ in range(orders)]
    await put_rule(Rule(site="s1", name="all", max_lists=500))
    (no,) = await compose_waves("s1")
    return no, placed


async def work() -> None:
    while await work_once():
        pass


async def listed() -> list[str]:
    """The orders of the pick lists, each time they have one."""
    return [ORDERS.number(row["order_id"]) for row in await db.fetch("SELECT order_id FROM pick_list ORDER BY id")]


async def test_a_wave_is_a_plan_and_its_lists_are_made_when_it_is_released(shop: OrderShop) -> None:
    no, placed = await composed(shop)
    assert await listed() == []
    assert await numbers(shop.skus["tea"]) == (100, 3, 0)
    assert await compose_waves("s1") == []
    assert {one.why for one in (await preview("s1")).left_out} == {Out.IN_WAVE}
    await release(no)
    await release(no)
    await work()
    assert await listed() == placed
    assert await numbers(shop.skus["tea"]) == (100, 0, 3)
    found = await queries.wave(no)
    assert found.state is WaveState.RELEASED
    assert found.progress == Progress(waiting=3, lines=3)
    assert [(one.order, one.state, one.list_state) for one in await queries.parts(found.id)] == [
        (order, PartState.RELEASED, PickListState.OPEN) for order in placed
    ]
    lists = await db.fetch("SELECT wave_id FROM pick_list")
    assert {row["wave_id"] for row in lists} == {found.id}
    assert [await told(name) for name in ("wave_composed", "wave_released", "wave_lists_made", "pick_list_released")] == [
        1,
        1,
        1,
        3,
    ]
    assert await books_add_up()


async def test_what_cannot_be_released_when_its_turn_comes_is_left_out_and_holds_up_nobody(shop: OrderShop) -> None:
    no, (flagged, held, cancelled, by_hand, good) = await composed(shop, 5)
    await set_flag(ORDERS.row_id(flagged), FlagKind.BAD_ADDRESS, "no such street")
    await hold(held, reason="customer called")
    await cancel_order(cancelled, reason="customer asked")
    await release_order(by_hand)
    await release(no)
    await work()
    assert await listed() == [by_hand, good]
    parts = await queries.parts((await queries.wave(no)).id)
    assert [(one.order, one.state, one.code) for one in parts] == [
        (flagged, PartState.LEFT_OUT, "order_flagged"),
        (held, PartState.LEFT_OUT, "not_releasable"),
        (cancelled, PartState.LEFT_OUT, "not_releasable"),
        (by_hand, PartState.LEFT_OUT, "not_releasable"),
        (good, PartState.RELEASED, ""),
    ]
    await clear_flag(ORDERS.row_id(flagged), FlagKind.BAD_ADDRESS, "corrected")
    (again,) = await compose_waves("s1")
    assert [one.order for one in await queries.parts((await queries.wave(again)).id)] == [flagged]
    assert await books_add_up()


async def test_flagged_orders_are_in_no_wave(shop: OrderShop) -> None:
    order = await place(shop.order(("tea", 1)))
    await set_flag(ORDERS.row_id(order), FlagKind.CREDIT, "over its limit")
    await put_rule(Rule(site="s1", name="all"))
    assert await compose_waves("s1") == []
    (left,) = (await preview("s1")).left_out
    assert (left.why, left.detail) == (Out.FLAGGED, "credit")


async def test_two_that_release_and_work_at_once_make_each_list_once(shop: OrderShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "AT_ONCE", 5)
    no, placed = await composed(shop, 23)
    await asyncio.gather(*(db.in_transaction(lambda: release(no)) for _ in range(3)))
    await asyncio.gather(*(work() for _ in range(4)))
    assert sorted(await listed()) == sorted(placed)
    assert await numbers(shop.skus["tea"]) == (100, 0, 23)
    assert await told("wave_released") == await told("wave_lists_made") == 1
    assert await books_add_up()


async def test_two_that_compose_at_once_put_nobody_into_two_waves(shop: OrderShop) -> None:
    placed = [await place(shop.order(("tea", 1))) for _ in range(9)]
    await put_rule(Rule(site="s1", name="all", max_lists=2))
    await asyncio.gather(*(db.in_transaction(lambda: compose_waves("s1")) for _ in range(3)))
    rows = await db.fetch("SELECT order_id FROM wave_part WHERE state = 'waiting' ORDER BY order_id")
    assert [ORDERS.number(row["order_id"]) for row in rows] == placed


async def test_cancelling_gives_back_what_nobody_has_in_hand(shop: OrderShop) -> None:
    no, placed = await composed(shop)
    await release(no)
    await work()
    claimed, begun, free = [await fulfilment.pick_lists_of(order) for order in placed]
    await db.execute("UPDATE pick_list SET claimed_by = 'person:1', claimed_box = 'b1' WHERE id = ?", claimed[0].id)
    await shop.report(shop.picked(begun[0].no, "tea"))
    wave_id = (await queries.wave(no)).id
    assert (await queries.wave(no)).progress == Progress(waiting=1, claimed=1, picked=1, lines=3, lines_done=1)
    assert await queries.workers(wave_id) == [
        Worker(who="person:1", in_hand=1, fetched=0),
        Worker(who="box:b1", in_hand=0, fetched=1),
    ]
    undone = await cancel(no, reason="the lorry is early")
    assert (undone.given_back, undone.kept) == (1, 2)
    states = [(await fulfilment.pick_list(one[0].no)).state for one in (claimed, begun, free)]
    assert states == [PickListState.OPEN, PickListState.PICKED, PickListState.WITHDRAWN]
    assert (await cancel(no, reason="again")).kept == 2
    assert await numbers(shop.skus["tea"]) == (100, 0, 3)
    (again,) = await compose_waves("s1")
    await release(again)
    await work()
    assert await listed() == [*placed, placed[2]]
    with pytest.raises(IllegalTransition):
        await release(no)
    assert await books_add_up()


async def test_a_plan_that_is_cancelled_or_loses_an_order_frees_it(shop: OrderShop) -> None:
    no, placed = await composed(shop)
    assert await take_out(no, placed[1])
    assert not await take_out(no, placed[1])
    (other,) = await compose_waves("s1")
    assert [one.order for one in await queries.parts((await queries.wave(other)).id)] == [placed[1]]
    assert (await cancel(no, reason="rain")).given_back == 2
    assert (await queries.wave(no)).state is WaveState.CANCELLED
    assert len(await compose_waves("s1")) == 1


async def test_a_wave_is_done_with_the_last_of_its_lists(shop: OrderShop) -> None:
    no, placed = await composed(shop, 2)
    await release(no)
    assert await finish() == []
    await work()
    first, second = [(await fulfilment.pick_lists_of(order))[0].no for order in placed]
    await shop.report(shop.picked(first, "tea"))
    assert await finish() == []
    assert (await queries.wave(no)).progress == Progress(waiting=1, picked=1, lines=2, lines_done=1)
    await shop.report(shop.packed(first, 100), shop.short(second))
    assert await finish() == [no]
    assert (await queries.wave(no)).state is WaveState.DONE
    with pytest.raises(IllegalTransition):
        await cancel(no, reason="too late")


async def test_a_part_that_breaks_our_code_is_left_out_and_holds_up_nobody(shop: OrderShop) -> None:
    no, placed = await composed(shop)
    await db.execute("UPDATE wave_part SET site = 'gone' WHERE order_id = ?", ORDERS.row_id(placed[0]))
    await db.execute("UPDATE order_allocation SET site = 'gone' WHERE order_id = ?", ORDERS.row_id(placed[0]))
    await release(no)
    await work()
    assert await listed() == placed[1:]
    assert [one.code for one in await queries.parts((await queries.wave(no)).id)] == [operations.BROKEN, "", ""]
