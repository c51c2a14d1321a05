"""An order is sourced once more: it comes from where it would now, it gets no less, and who cannot be is told why."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from controller import db
from controller.fulfilment.operations import cancel, release
from controller.fulfilment.withdrawing import withdraw_release
from controller.orders import batch_work, batches
from controller.orders.errors import ReleasedAlready
from controller.orders.flags import FlagKind, blocking
from controller.orders.listing import Wanted
from controller.orders.operations import place
from controller.orders.seams import seams
from controller.orders.states import Bulk
from controller.sourcing import changing
from controller.sourcing.again import NotMovable, ReasonNeeded, SiteIsNamed
from controller.sourcing.anew import LessPromised, NothingToSource, source_anew
from controller.sourcing.deciding import Cause, decisions
from controller.stock.operations import Reason, move
from controller.tasks.queries import waiting
from tests.controller.orders_shop import books_add_up, told
from tests.controller.sourcing.chain import Chain, order_id, promised, wanting


@pytest.fixture
async def chain(database: str) -> Chain:
    return await Chain.open("a", "b", "c")


async def asked_last(site: str) -> None:
    await changing.set_rank("", site, 1, reason="the campaign is elsewhere")


async def test_it_comes_from_where_it_would_if_it_came_now(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=5)
    no = await chain.placed(("tea", 2))
    assert await promised(no) == [(1, "a", 2)]
    await asked_last("a")
    await source_anew(no, reason="the campaign is there")
    assert await promised(no) == [(1, "b", 2)]
    first, *_ = await decisions(order_id(no))
    assert (first.cause, first.reason) == (Cause.ANEW, "the campaign is there")
    assert await told("order_sourced") == 1
    await source_anew(no, reason="once more is as once")
    assert await promised(no) == [(1, "b", 2)]
    levels = await db.fetch("SELECT site_id, reserved FROM availability WHERE reserved > 0")
    assert [(row["site_id"], row["reserved"]) for row in levels] == [("b", 2)]
    assert await books_add_up()


async def test_what_it_waits_for_is_looked_for_and_nobody_is_asked(chain: Chain) -> None:
    await chain.stock("tea", a=1)
    no = await chain.waiting(("tea", 3))
    await source_anew(no, reason="look again")
    assert (await promised(no), await wanting(no), await waiting()) == ([(1, "a", 1)], [2], {})
    await chain.stock("tea", b=9)
    await source_anew(no, reason="look again")
    assert (await promised(no), await wanting(no)) == ([(1, "b", 3)], [0])
    assert await blocking([order_id(no)]) == {}
    assert await books_add_up()


async def test_what_a_physical_fact_took_back_comes_from_elsewhere(chain: Chain) -> None:
    sku = await chain.stock("tea", a=2)
    no = await chain.placed(("tea", 2))
    gone = replace(
        chain.arrival("tea", "a", 2), from_location_id=chain.bins["a"], to_location_id=chain.suppliers["a"], reason=Reason.RECEIVED
    )
    await move([gone])
    assert await told("commitment_withdrawn") == 1
    await source_anew(no, reason="nothing is there")  # no less than it has, which is nothing
    assert (await promised(no), await wanting(no)) == ([], [2])
    assert await blocking([order_id(no)]) == {order_id(no): [FlagKind.STOCK_SHORT]}
    await chain.stock("tea", b=4)
    await source_anew(no, reason="it is there by now")
    assert (await promised(no), await wanting(no)) == ([(1, "b", 2)], [0])
    levels = await db.fetch("SELECT site_id, reserved FROM availability WHERE sku_id = ? ORDER BY site_id", sku)
    assert [(row["site_id"], row["reserved"]) for row in levels] == [("a", 0), ("b", 2)]
    assert await books_add_up()


async def test_an_order_that_would_get_less_keeps_what_it_has(chain: Chain) -> None:
    await chain.stock("tea", a=5, b=1)
    no = await chain.placed(("tea", 2))
    await changing.set_rank("", "a", None, used=False, reason="closes")
    with pytest.raises(LessPromised):
        await source_anew(no, reason="not from there")
    assert (await promised(no), await wanting(no)) == ([(1, "a", 2)], [0])
    assert (await told("order_line_wanting"), await blocking([order_id(no)])) == (0, {})
    assert [kept.cause for kept in await decisions(order_id(no))] == [Cause.PLACED]
    assert await books_add_up()


async def test_who_cannot_be_sourced_again_is_told_why(chain: Chain) -> None:
    await chain.stock("tea", a=9)
    named = await place(replace(chain.order(("tea", 1)), site="a"))
    with pytest.raises(SiteIsNamed):
        await source_anew(named, reason="not from there")
    no = await chain.placed(("tea", 1))
    with pytest.raises(ReasonNeeded):
        await source_anew(no, reason=" ")
    await release(no)
    with pytest.raises(ReleasedAlready):
        await source_anew(no, reason="not from there")
    await withdraw_release(no)
    await source_anew(no, reason="nobody has begun")
    await cancel(no, reason="asked")
    with pytest.raises(NotMovable):
        await source_anew(no, reason="not from there")
    with pytest.raises(NotMovable):
        await source_anew(await place(replace(chain.order(("tea", 1)), is_draft=True)), reason="not from there")


async def test_an_order_without_goods_has_nothing_to_source(chain: Chain) -> None:
    await chain.stock("tea", a=9)
    no = await chain.placed(("tea", 1))
    await db.execute("UPDATE order_allocation SET is_ended = ? WHERE order_id = ?", True, order_id(no))
    with pytest.raises(NothingToSource):
        await source_anew(no, reason="not from there")


async def test_many_are_sourced_again_each_by_itself(chain: Chain) -> None:
    seams().bulk = {Bulk.SOURCE: lambda no, reason: source_anew(no, reason=reason)}
    await chain.stock("tea", a=9, b=2)
    orders = [await chain.placed(("tea", 1)) for _ in range(4)]
    await release(orders[3])
    await asked_last("a")
    number = await batches.start(Bulk.SOURCE, Wanted(ids=[order_id(no) for no in orders]), reason="the campaign is there")
    await asyncio.gather(batch_work.work(), batch_work.work())
    found = await batches.batch(number)
    assert (found.done, found.failed, found.may_be_undone) == (3, 1, False)
    assert [(one.order, one.code) for one in await batches.failures(number, after=0, limit=9)] == [(orders[3], "released_already")]
    assert sorted([site for no in orders for _, site, _ in await promised(no)]) == ["a", "a", "b", "b"]
    assert await told("order_sourced") == 3
    assert await books_add_up()
