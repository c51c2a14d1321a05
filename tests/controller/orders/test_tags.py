"""Tags: put on once, taken off once, found by; alone, over HTTP, and on many orders with what takes it back."""

from __future__ import annotations

import asyncio

import pytest

from controller import db, events
from controller.errors import NotFound
from controller.orders import batch_work, batches, linking, queries, tags
from controller.orders.batches import NotUndone
from controller.orders.listing import Wanted, count
from controller.orders.numbers import ORDERS
from controller.orders.operations import cancel, place
from controller.orders.states import Bulk
from controller.orders.tags import MOST_TAGS, BadTag, TooManyTags
from tests.controller.orders_shop import told
from tests.controller.two_sites import TwoSites


async def placed(shop: TwoSites, orders: int) -> list[str]:
    await shop.stocked("tea", 100, 0)
    return [await place(shop.order(("tea", 1))) for _ in range(orders)]


async def tagged(*orders: str) -> list[tuple[str, ...]]:
    return [(await queries.order(no)).tags for no in orders]


async def done(action: Bulk, orders: list[str], tag: str) -> str:
    number = await batches.start(action, Wanted(ids=[ORDERS.row_id(no) for no in orders]), reason="campaign", tag=tag)
    await batch_work.work()
    return number


async def test_a_tag_is_put_on_once_and_taken_off_once(sites: TwoSites) -> None:
    (order,) = await placed(sites, 1)
    with events.acting("person:p-li"):
        assert await tags.add(order, "  double   eleven ", reason="campaign")
        assert not await tags.add(order, "ｄｏｕｂｌｅ eleven")  # as a Chinese keyboard may type it
        await tags.add(order, "big 客户")
    assert await tagged(order) == [("big 客户", "double eleven")]
    assert await tags.known() == ["big 客户", "double eleven"]
    assert await tags.remove(order, "double eleven")
    assert not await tags.remove(order, "double eleven")
    assert await tagged(order) == [("big 客户",)]
    assert (await told("order_tagged"), await told("order_untagged")) == (2, 1)
    (first, *_) = [each for each in await events.history(order) if each.name == "order_tagged"]
    assert (first.actor, first.data) == ("person:p-li", {"tag": "double eleven", "reason": "campaign"})


async def test_two_who_put_the_same_tag_on_put_it_on_once(sites: TwoSites) -> None:
    (order,) = await placed(sites, 1)
    news = await asyncio.gather(*(db.in_transaction(lambda: tags.add(order, "vip")) for _ in range(4)))
    assert sorted(news) == [False, False, False, True]
    assert (await tagged(order), await told("order_tagged")) == ([("vip",)], 1)


@pytest.mark.parametrize("text", ["", "  ", "x" * 33, "a\x07b"])
async def test_what_is_no_tag_is_refused(sites: TwoSites, text: str) -> None:
    (order,) = await placed(sites, 1)
    with pytest.raises(BadTag):
        await tags.add(order, text)
    with pytest.raises(BadTag):
        await batches.start(Bulk.TAG, Wanted(), reason="campaign", tag=text)
    with pytest.raises(NotFound):
        await tags.add("SO-999999", "vip")


async def test_an_order_has_so_many_tags_and_no_more(sites: TwoSites) -> None:
    (order,) = await placed(sites, 1)
    for number in range(MOST_TAGS):
        await tags.add(order, f"t{number:02}")
    with pytest.raises(TooManyTags):
        await tags.add(order, "one more")
    assert not await tags.add(order, "t00")
    assert len((await tagged(order))[0]) == MOST_TAGS


async def test_orders_are_found_by_a_tag_wherever_they_are(sites: TwoSites) -> None:
    await sites.stocked("tea", 5, 9)
    here = await place(sites.order(("tea", 1)))
    other = await place(sites.order(("tea", 1)))
    both = await place(sites.anywhere(("tea", 6)))
    for no in (here, both):
        await tags.add(no, "vip")
    wanted = Wanted(tag="vip")
    for seen, found in ((None, [both, here]), (["s1"], [both, here]), (["s2"], [both]), (["s9"], [])):
        rows = await queries.orders(before=None, limit=10, wanted=wanted, sites=seen)
        assert [row.no for row in rows] == found, seen
        assert await count(wanted, seen) == len(found)
    assert await count(Wanted(tag="VIP"), None) == 0
    assert await tagged(here, other) == [("vip",), ()]


async def test_what_is_split_off_is_found_by_the_same_tags(sites: TwoSites) -> None:
    await sites.stocked("tea", 9, 0)
    order = await place(sites.order(("tea", 4)))
    await tags.add(order, "vip")
    child = await linking.split(order, {1: 1}, reason="two parcels")
    assert await tagged(order, child) == [("vip",), ("vip",)]


async def test_many_are_tagged_and_what_the_batch_did_is_taken_back_and_nothing_else(sites: TwoSites) -> None:
    orders = await placed(sites, 4)
    await tags.add(orders[0], "vip", reason="somebody's own reason")
    await cancel(orders[1], reason="a tag goes on what is over, too")
    number = await done(Bulk.TAG, orders, "ｖｉｐ")
    found = await batches.batch(number)
    assert (found.tag, found.done, found.failed, found.may_be_undone) == ("vip", 4, 0, True)
    await tags.remove(orders[2], "vip")
    await tags.add(orders[2], "vip")  # it is somebody else's by now
    await tags.add(orders[3], "later")  # another one has nothing to do with it
    undoing = await batches.undo(number, reason="the wrong list")
    await batch_work.work()
    back = await batches.batch(undoing)
    assert (back.action, back.tag, back.done, back.failed) == (Bulk.UNTAG, "vip", 2, 2)
    assert await tagged(*orders) == [("vip",), (), ("vip",), ("later",)]
    with pytest.raises(NotUndone):
        await batches.undo(number, reason="twice")


async def test_a_tag_that_many_lost_comes_back_to_those_who_had_it(sites: TwoSites) -> None:
    orders = await placed(sites, 3)
    for no in orders[:2]:
        await tags.add(no, "vip")
    number = await done(Bulk.UNTAG, orders, "vip")
    assert await tagged(*orders) == [(), (), ()]
    undoing = await batches.undo(number, reason="still needed")
    await batch_work.work()
    assert await tagged(*orders) == [("vip",), ("vip",), ()]
    assert [(one.order, one.code) for one in await batches.failures(undoing, after=0, limit=9)] == [
        (orders[2], "batch_not_undoable")
    ]


async def test_one_that_has_too_many_is_told_and_holds_up_nobody(sites: TwoSites) -> None:
    full, other = await placed(sites, 2)
    for number in range(MOST_TAGS):
        await tags.add(full, f"t{number:02}")
    batch = await done(Bulk.TAG, [full, other], "vip")
    assert [(one.order, one.code) for one in await batches.failures(batch, after=0, limit=9)] == [(full, "too_many_tags")]
    assert await tagged(other) == [("vip",)]
    assert "vip" not in (await tagged(full))[0]
