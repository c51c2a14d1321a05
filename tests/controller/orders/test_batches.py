from __future__ import annotations

import asyncio

import pytest

from controller import db, events
from controller.fulfilment import operations as fulfilment
from controller.fulfilment.withdrawing import withdraw_release
from controller.orders import batch_work, batches, queries
from controller.orders.batches import MoreMatch, NothingMatches, NotUndone
from controller.orders.listing import COUNTED, Wanted, count
from controller.orders.numbers import ORDERS
from controller.orders.operations import approve, hold, place
from controller.orders.seams import seams
from controller.orders.states import Batch, Bulk, OrderState
from controller.orders.transitions import locked, require_unreleased, resume, send_to_review
from tests.controller.goods import numbers
from tests.controller.orders_shop import books_add_up, told
from tests.controller.two_sites import TwoSites


@pytest.fixture
def shop(sites: TwoSites) -> TwoSites:
    seams().bulk = {
        Bulk.RELEASE: lambda no, _: fulfilment.release(no),
        Bulk.CANCEL: lambda no, reason: fulfilment.cancel(no, reason=reason),
        Bulk.HOLD: lambda no, reason: hold(no, reason=reason),
        Bulk.APPROVE: lambda no, reason: approve(no, reason=reason),
        Bulk.RESUME: lambda no, reason: resume(no, reason=reason),
        Bulk.WITHDRAW: lambda no, _: withdraw_release(no),
        Bulk.REVIEW: _review,
    }
    return sites


async def _review(no: str, _: str) -> None:
    await locked(no)
    await require_unreleased(no)
    await send_to_review(no)


async def placed(shop: TwoSites, orders: int) -> list[str]:
    await shop.stocked("tea", 100, 0)
    return [await place(shop.order(("tea", 1))) for _ in range(orders)]


async def states(orders: list[str]) -> list[OrderState]:
    return [(await queries.order(no)).state for no in orders]


async def test_all_that_match_are_done_as_whoever_asked(shop: TwoSites) -> None:
    orders = await placed(shop, 5)
    await hold(orders[3], reason="customer on the telephone")
    with events.acting("person:p-li"):
        number = await batches.start(Bulk.RELEASE, Wanted(state=OrderState.APPROVED), reason="morning")
    late = await place(shop.order(("tea", 1)))
    assert (await batches.batch(number)).total == 4
    await batch_work.work()
    found = await batches.batch(number)
    assert (found.state, found.done, found.failed, found.actor) == (Batch.DONE, 4, 0, "person:p-li")
    assert await numbers(shop.skus["tea"]) == (100, 2, 4)
    released = [event for event in await events.history(orders[0]) if event.name == "pick_list_released"]
    assert [event.actor for event in released] == ["person:p-li"]
    assert not [event for event in await events.history(late) if event.name == "pick_list_released"]
    assert (await told("order_batch_started"), await told("order_batch_ended")) == (1, 1)


async def test_one_that_is_refused_keeps_its_reason_and_holds_up_nobody(shop: TwoSites) -> None:
    orders = await placed(shop, 3)
    await fulfilment.cancel(orders[1], reason="asked")
    ids = [ORDERS.row_id(no) for no in orders]
    number = await batches.start(Bulk.HOLD, Wanted(ids=ids), reason="recount")
    await batch_work.work()
    found = await batches.batch(number)
    assert (found.done, found.failed) == (2, 1)
    (refused,) = await batches.failures(number, after=0, limit=10)
    assert (refused.order, refused.code) == (orders[1], "illegal_transition")
    assert await states(orders) == [OrderState.ON_HOLD, OrderState.CANCELLED, OrderState.ON_HOLD]


async def test_after_a_crash_it_goes_on_and_does_nothing_twice(shop: TwoSites) -> None:
    orders = await placed(shop, 6)
    seen: list[str] = []

    async def dies_at_the_third(no: str, reason: str) -> None:
        seen.append(no)
        if len(seen) == 3:
            raise RuntimeError("the machine lost its power")
        await fulfilment.cancel(no, reason=reason)

    seams().bulk[Bulk.CANCEL] = dies_at_the_third
    number = await batches.start(Bulk.CANCEL, Wanted(state=OrderState.APPROVED), reason="sold out")
    with pytest.raises(RuntimeError):
        await batch_work.work()
    found = await batches.batch(number)
    assert (found.state, found.done) == (Batch.RUNNING, 2)
    await asyncio.gather(batch_work.work(), batch_work.work())  # two processes that do the jobs
    found = await batches.batch(number)
    assert (found.state, found.done, found.failed) == (Batch.DONE, 6, 0)
    assert sorted(set(seen)) == sorted(orders)
    assert len(seen) == 7  # the one that died, once more
    assert await told("order_cancelled") == 6
    assert await books_add_up()


async def test_a_stopped_one_leaves_the_rest(shop: TwoSites) -> None:
    orders = await placed(shop, 3)
    number = await batches.start(Bulk.HOLD, Wanted(state=OrderState.APPROVED), reason="recount")
    await batches.stop(number)
    await batches.stop(number)
    await batch_work.work()
    assert (await batches.batch(number)).state is Batch.STOPPED
    assert await states(orders) == [OrderState.APPROVED] * 3


async def test_whoever_sees_some_sites_changes_only_what_is_theirs_alone(shop: TwoSites) -> None:
    await shop.stocked("tea", 3, 9)
    here = await place(shop.order(("tea", 1)))
    both = await place(shop.anywhere(("tea", 4)))
    number = await batches.start(Bulk.HOLD, Wanted(), reason="recount", sites=["s1"])
    await batch_work.work()
    assert (await batches.batch(number)).total == 1
    assert await states([here, both]) == [OrderState.ON_HOLD, OrderState.APPROVED]
    with pytest.raises(NothingMatches):
        await batches.start(Bulk.HOLD, Wanted(), reason="recount", sites=["s9"])
    assert not await db.fetch("SELECT id FROM order_batch WHERE total = 0")


async def test_a_number_is_told_up_to_ten_thousand(shop: TwoSites) -> None:
    await placed(shop, 4)
    assert await count(Wanted(state=OrderState.APPROVED), None) == 4
    assert await count(Wanted(), ["s9"]) == 0
    assert await count(Wanted(), None, most=3) == 4  # more than three
    assert COUNTED == 10_000


async def test_a_hold_of_many_is_taken_back_once_where_nobody_dealt_with_it_since(shop: TwoSites) -> None:
    orders = await placed(shop, 4)
    await hold(orders[0], reason="somebody's own reason")
    number = await batches.start(Bulk.HOLD, Wanted(ids=[ORDERS.row_id(no) for no in orders]), reason="recount")
    await batch_work.work()
    assert (await batches.batch(number)).may_be_undone
    await resume(orders[1])
    await hold(orders[1], reason="held again, for another reason")
    undoing = await batches.undo(number, reason="counted")
    with pytest.raises(NotUndone):
        await batches.undo(number, reason="twice")
    await batch_work.work()
    found = await batches.batch(undoing)
    assert (found.action, found.undoes, found.done, found.failed) == (Bulk.RESUME, number, 2, 2)
    assert (await batches.batch(number)).undone_by == undoing
    assert await states(orders) == [OrderState.ON_HOLD, OrderState.ON_HOLD, OrderState.IN_REVIEW, OrderState.IN_REVIEW]
    told = {item.order: (item.outcome, item.code) for item in await batches.items(undoing, after=0, limit=10)}
    assert told[orders[0]] == told[orders[1]] == ("failed", "batch_not_undoable")
    assert [item.order for item in await batches.items(undoing, outcome="done", after=0, limit=10)] == orders[2:]


async def test_nothing_else_is_taken_back(shop: TwoSites) -> None:
    (order,) = await placed(shop, 1)
    number = await batches.start(Bulk.CANCEL, Wanted(ids=[ORDERS.row_id(order)]), reason="asked")
    await batch_work.work()
    with pytest.raises(NotUndone):
        await batches.undo(number, reason="changed their mind")


async def test_more_than_were_looked_at_are_not_done(shop: TwoSites) -> None:
    await placed(shop, 3)
    with pytest.raises(MoreMatch):
        await batches.start(Bulk.HOLD, Wanted(state=OrderState.APPROVED), reason="recount", most=2)
    assert await batches.batches(before=None, limit=5) == []
    newest = (await queries.orders(before=None, limit=1))[0].id
    number = await batches.start(Bulk.HOLD, Wanted(up_to=newest - 1), reason="recount", most=2)
    assert (await batches.batch(number)).total == 2


async def test_a_release_is_taken_back_until_somebody_begins(shop: TwoSites) -> None:
    orders = await placed(shop, 3)
    number = await batches.start(Bulk.RELEASE, Wanted(ids=[ORDERS.row_id(no) for no in orders]), reason="morning")
    await batch_work.work()
    await db.execute("UPDATE pick_list SET claimed_by = 'p-li' WHERE order_id = ?", ORDERS.row_id(orders[1]))
    assert (await batches.batch(number)).may_be_undone
    undoing = await batches.undo(number, reason="the carrier does not come")
    await asyncio.gather(batch_work.work(), batch_work.work())
    found = await batches.batch(undoing)
    assert (found.action, found.done, found.failed) == (Bulk.WITHDRAW, 2, 1)
    (refused,) = await batches.failures(undoing, after=0, limit=10)
    assert (refused.order, refused.code) == (orders[1], "not_withdrawn")
    lists = await db.fetch("SELECT state FROM pick_list ORDER BY order_id")
    assert [row["state"] for row in lists] == ["withdrawn", "open", "withdrawn"]
    assert (await numbers(shop.skus["tea"]))[0] == 100
    await fulfilment.release(orders[0])
    assert len(await db.fetch("SELECT id FROM pick_list WHERE order_id = ?", ORDERS.row_id(orders[0]))) == 2
    assert await books_add_up()


async def test_an_approval_is_taken_back_until_it_is_released(shop: TwoSites) -> None:
    orders = await placed(shop, 3)
    for no in orders:
        await send_to_review(no)
    number = await batches.start(Bulk.APPROVE, Wanted(ids=[ORDERS.row_id(no) for no in orders]), reason="checked")
    await batch_work.work()
    await fulfilment.release(orders[2])
    await send_to_review(orders[1])
    await approve(orders[1], reason="somebody else looked")
    undoing = await batches.undo(number, reason="checked the wrong ones")
    await batch_work.work()
    assert [(one.order, one.code) for one in await batches.failures(undoing, after=0, limit=10)] == [
        (orders[1], "batch_not_undoable"),
        (orders[2], "released_already"),
    ]
    assert await states(orders) == [OrderState.IN_REVIEW, OrderState.APPROVED, OrderState.APPROVED]


@pytest.mark.parametrize("action", [Bulk.CANCEL, Bulk.RESUME, Bulk.WITHDRAW, Bulk.REVIEW])
async def test_what_cannot_be_taken_back_says_so(shop: TwoSites, action: Bulk) -> None:
    (order,) = await placed(shop, 1)
    seams().bulk[action] = lambda _, __: asyncio.sleep(0)
    number = await batches.start(action, Wanted(ids=[ORDERS.row_id(order)]), reason="test")
    await batch_work.work()
    assert not (await batches.batch(number)).may_be_undone
    with pytest.raises(NotUndone):
        await db.in_transaction(lambda: batches.undo(number, reason="test"))
