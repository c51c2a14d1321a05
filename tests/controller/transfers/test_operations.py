from __future__ import annotations

import pytest

from controller import db
from controller.errors import IllegalTransition, NotFound
from controller.proofs.proving import reconcile
from controller.sites.models import LocationKind
from controller.stock.operations import InsufficientStock
from controller.tasks.queries import waiting
from controller.transfers import operations, overdue, queries
from controller.transfers.operations import BadTransfer, Decision, NewLine, NewTransfer, NotSettleable, Settlement
from controller.transfers.states import TransferState
from edge_agent.wire.goods_facts import TransferEnd
from tests.controller.transfers.two_sites import applied, closed, fact, held, numbers_at, open_sites, received, sent, stocked


async def draft(code: str = "milk", quantity: int = 5) -> str:
    return await operations.create(NewTransfer(from_site="s1", to_site="s2", lines=[NewLine(sku=code, quantity=quantity)]))


async def state(number: str) -> TransferState:
    return (await queries.transfer(number)).state


async def test_approved_goods_are_held_where_they_are_and_expected_where_they_go(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await draft()
    assert number.startswith("TR-1")
    assert await numbers_at(sku, "s1") == {"on_hand": 20, "reserved": 0, "quarantined": 0, "incoming": 0}
    await operations.approve(number)
    await operations.approve(number)
    assert (await numbers_at(sku, "s1"))["reserved"] == 5
    assert (await numbers_at(sku, "s2"))["incoming"] == 5
    await operations.cancel(number)
    assert (await numbers_at(sku, "s1"))["reserved"] == 0
    assert (await numbers_at(sku, "s2"))["incoming"] == 0
    assert await state(number) is TransferState.CANCELLED
    with pytest.raises(IllegalTransition):
        await operations.approve(number)


async def test_more_than_is_there_is_not_approved(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 4)
    number = await draft()
    with pytest.raises(InsufficientStock):
        await operations.approve(number)
    assert await state(number) is TransferState.DRAFT
    assert (await numbers_at(sku, "s1"))["reserved"] == 0


async def test_the_way_of_a_transfer(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(fact(sent(number, "milk", 3), "s1"))
    assert await state(number) is TransferState.SHIPPING
    assert await numbers_at(sku, "s1") == {"on_hand": 17, "reserved": 2, "quarantined": 0, "incoming": 0}
    assert await held(sku, "s2", LocationKind.TRANSIT) == 3
    await applied(fact(sent(number, "milk", 1), "s1", 1), fact(closed(number, TransferEnd.SENT), "s1", 2))
    assert await state(number) is TransferState.IN_TRANSIT
    assert (await numbers_at(sku, "s1"))["reserved"] == 0, "what does not go is free"
    assert (await numbers_at(sku, "s2"))["incoming"] == 4
    await applied(fact(received(number, "milk", 3), "s2", 3))
    assert (await numbers_at(sku, "s2")) == {"on_hand": 3, "reserved": 0, "quarantined": 0, "incoming": 1}
    await applied(fact(received(number, "milk", 1, damaged=True), "s2", 4))
    assert await state(number) is TransferState.RECEIVED
    assert (await numbers_at(sku, "s2")) == {"on_hand": 4, "reserved": 0, "quarantined": 1, "incoming": 0}
    assert await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert await reconcile() == []


@pytest.mark.parametrize("decision", [Decision.LOST, Decision.KEPT])
async def test_what_did_not_come_is_decided_by_a_person(database: str, decision: Decision) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(
        fact(sent(number, "milk", 5), "s1"),
        fact(received(number, "milk", 3), "s2", 5),
        fact(closed(number, TransferEnd.RECEIVED), "s2", 6),
    )
    assert await state(number) is TransferState.RECEIVED_SHORT
    assert (await waiting())["transfer_short"] == 1
    with pytest.raises(NotSettleable):
        await operations.settle(number, Settlement(sku="milk", quantity=3, decision=decision, reason="van was checked"))
    with pytest.raises(NotSettleable):
        await operations.settle(number, Settlement(sku="milk", quantity=2, decision=Decision.FOUND, reason="van was checked"))
    await operations.settle(number, Settlement(sku="milk", quantity=2, decision=decision, reason="van was checked"))
    assert "transfer_short" not in await waiting()
    assert await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert (await numbers_at(sku, "s1"))["on_hand"] == (15 if decision is Decision.LOST else 17)
    assert await state(number) is (TransferState.RECEIVED_SHORT if decision is Decision.LOST else TransferState.RECEIVED)
    assert await reconcile() == []


@pytest.mark.parametrize("decision", [Decision.FOUND, Decision.SENT])
async def test_more_than_left_is_booked_and_asked_about(database: str, decision: Decision) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(
        fact(sent(number, "milk", 5), "s1"),
        fact(closed(number, TransferEnd.SENT), "s1", 1),
        fact(received(number, "milk", 7), "s2", 5),
    )
    assert await state(number) is TransferState.RECEIVED
    assert (await numbers_at(sku, "s2"))["on_hand"] == 7
    assert (await waiting())["transfer_over"] == 1
    await operations.settle(number, Settlement(sku="milk", quantity=2, decision=decision, reason="counted twice"))
    assert "transfer_over" not in await waiting()
    assert await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert (await numbers_at(sku, "s1"))["on_hand"] == (15 if decision is Decision.FOUND else 13)
    assert await reconcile() == []


async def test_a_late_word_of_the_sender_is_no_loss(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(fact(received(number, "milk", 5), "s2", 5), fact(closed(number, TransferEnd.RECEIVED), "s2", 6))
    assert await state(number) is TransferState.RECEIVED
    await applied(fact(sent(number, "milk", 5), "s1"), fact(closed(number, TransferEnd.SENT), "s1", 1))
    assert await state(number) is TransferState.RECEIVED
    assert "transfer_over" not in await waiting()


async def test_goods_that_are_on_their_way_are_not_cancelled(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(fact(sent(number, "milk", 1), "s1"))
    with pytest.raises(IllegalTransition):
        await operations.cancel(number)


async def test_a_transfer_nobody_announced_is_booked_and_made(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    await applied(fact(sent("TR-777", "milk", 2), "s1"))
    made = await queries.transfer("TR-777")
    assert (made.is_announced, made.from_site, made.to_site, made.state) == (False, "s1", None, TransferState.SHIPPING)
    assert await held(sku, "s1", LocationKind.TRANSIT) == 2
    await applied(fact(received("TR-777", "milk", 2), "s2", 9), fact(closed("TR-777", TransferEnd.SENT), "s1", 1))
    made = await queries.transfer("TR-777")
    assert (made.to_site, made.state) == ("s2", TransferState.RECEIVED)
    assert await held(sku, "s1", LocationKind.TRANSIT) == await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert await reconcile() == []


async def test_a_number_of_ours_that_a_box_made_up_is_not_given_again(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    first = await draft()
    nearby = f"TR-{int(first.removeprefix('TR-')) + 2}"
    await applied(fact(sent(nearby, "milk", 1), "s1"))
    numbers = {await draft(), await draft()}
    assert nearby not in numbers
    assert len(numbers) == 2


async def test_goods_that_came_elsewhere_are_booked_there_and_asked_about(database: str) -> None:
    sku = await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(fact(sent(number, "milk", 5), "s1"), fact(received(number, "milk", 5), "s3", 5))
    assert (await numbers_at(sku, "s3"))["on_hand"] == 5
    assert await held(sku, "s2", LocationKind.TRANSIT) == 0
    assert (await waiting())["transfer_astray"] == 1
    assert (await queries.transfer(number)).to_site == "s2"


async def test_what_is_long_on_its_way_becomes_a_task_once(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    number = await draft()
    await operations.approve(number)
    await applied(fact(sent(number, "milk", 5), "s1", -60 * 24 * 3650))
    assert await overdue.ask_for_overdue() == 1
    assert await overdue.ask_for_overdue() == 1
    assert (await waiting()) == {"transfer_overdue": 1}
    assert [row["times"] for row in await db.fetch("SELECT times FROM task")] == [1]
    await applied(fact(received(number, "milk", 5), "s2", 5), fact(closed(number, TransferEnd.RECEIVED), "s2", 6))
    assert await overdue.ask_for_overdue() == 0
    assert await waiting() == {}


async def test_what_cannot_be_a_transfer_is_refused(database: str) -> None:
    await stocked(await open_sites(), "milk", 20)
    line = [NewLine(sku="milk", quantity=1)]
    for wrong, error in (
        (NewTransfer(from_site="s1", to_site="s1", lines=line), BadTransfer),
        (NewTransfer(from_site="s1", to_site="nowhere", lines=line), NotFound),
        (NewTransfer(from_site="s1", to_site="s2", lines=[]), BadTransfer),
        (NewTransfer(from_site="s1", to_site="s2", lines=[NewLine(sku="milk", quantity=0)]), BadTransfer),
        (NewTransfer(from_site="s1", to_site="s2", lines=[NewLine(sku="tea", quantity=1)]), NotFound),
    ):
        with pytest.raises(error):
            await operations.create(wrong)
    assert await queries.transfers(queries.Asked()) == []


async def test_the_lines_of_a_draft_can_be_changed_and_of_nothing_else(database: str) -> None:
    shop = await open_sites()
    await stocked(shop, "milk", 20)
    await stocked(shop, "tea", 20)
    number = await draft()
    await operations.change_lines(number, [NewLine(sku="tea", quantity=2), NewLine(sku="tea", quantity=1)])
    (line,) = await queries.lines((await queries.transfer(number)).id)
    assert (line.sku, line.quantity) == ("tea", 3)
    await operations.approve(number)
    with pytest.raises(IllegalTransition):
        await operations.change_lines(number, [NewLine(sku="milk", quantity=2)])
