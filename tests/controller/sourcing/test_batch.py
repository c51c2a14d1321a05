from __future__ import annotations

import asyncio

import pytest

from controller import db
from controller.orders.flags import blocking
from controller.sourcing import changing
from controller.sourcing.batch import Done, source_waiting
from controller.sourcing.deciding import Cause, decisions
from controller.sourcing.settings import TermsSetting
from controller.stock.channels import add_channel, set_buffer
from controller.stock.operations import InsufficientStock
from tests.controller.orders_shop import books_add_up
from tests.controller.sourcing.chain import Chain, order_id, promised, wanting


@pytest.fixture
async def chain(database: str) -> Chain:
    return await Chain.open("a", "b", "c")


async def test_what_waits_gets_what_arrived_the_oldest_first(chain: Chain) -> None:
    await chain.stock("tea")
    first, second, third = [await chain.waiting(("tea", 2)) for _ in range(3)]
    assert (await source_waiting()) == Done(0, 3)
    await chain.stock("tea", a=3, b=1)
    assert (await source_waiting()) == Done(2, 1)
    assert [await promised(no) for no in (first, second, third)] == [[(1, "a", 2)], [(1, "a", 1), (1, "b", 1)], []]
    assert (await wanting(third), await blocking([order_id(first)])) == ([2], {})
    assert (await decisions(order_id(first)))[0].cause is Cause.WAITING
    assert await source_waiting() == Done(0, 1)
    assert await books_add_up()


async def test_a_channel_that_comes_first_is_served_first_and_leaves_its_buffer(chain: Chain) -> None:
    await chain.stock("tea")
    for code in ("web", "vip"):
        await add_channel(code, name_en=code, name_zh=code)
    await changing.set_terms("vip", TermsSetting(priority=1), reason="they pay for it")
    await set_buffer("web", 1, reason="for the counter")
    plain = await chain.waiting(("tea", 2))
    vip = await chain.waiting(("tea", 2))
    await db.execute("UPDATE sales_order SET channel = 'vip' WHERE id = ?", order_id(vip))
    await chain.stock("tea", a=4)
    await source_waiting()
    assert (await promised(vip), await promised(plain), await wanting(plain)) == ([(1, "a", 2)], [(1, "a", 1)], [1])
    assert await books_add_up()


async def test_what_others_took_meanwhile_is_sourced_again(chain: Chain) -> None:
    """Twenty that wait and twenty that buy, over forty pieces at three sites: all of it goes, once."""
    sku = await chain.stock("tea")
    waiting_ones = [await chain.waiting(("tea", 2)) for _ in range(20)]
    await chain.stock("tea", a=13, b=14, c=13)

    async def buy() -> int:
        try:
            no = await db.in_transaction(lambda: chain.placed(("tea", 1)))
        except InsufficientStock:
            return 0
        return sum(quantity for _, _, quantity in await promised(no))

    results = await asyncio.gather(source_waiting(), source_waiting(), *(buy() for _ in range(20)))
    bought = sum(result for result in results if isinstance(result, int))
    await source_waiting()
    found = [await promised(no) for no in waiting_ones]
    given = sum(quantity for shares in found for _, _, quantity in shares)
    rows = await db.fetch("SELECT SUM(reserved) AS n FROM availability WHERE sku_id = ?", sku)
    assert given + bought == int(rows[0]["n"]) == 40
    assert await books_add_up()


async def test_a_batch_spreads_over_sites_with_a_limit_for_the_day(chain: Chain) -> None:
    await chain.stock("tea")
    orders = [await chain.waiting(("tea", 1)) for _ in range(5)]
    await chain.stock("tea", a=9, b=9)
    await changing.set_site("a", point=None, capacity=2, reason="small")
    await source_waiting()
    sites = sorted([(await promised(no))[0][1] for no in orders])
    assert sites.count("a") <= 2
    assert len(sites) == 5
