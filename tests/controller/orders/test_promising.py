from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller import db
from controller.orders import queries
from controller.orders.allocations import open_allocations
from controller.orders.channels import set_when_short
from controller.orders.errors import BadOrder
from controller.orders.flags import FlagKind, blocking
from controller.orders.operations import cancel, place
from controller.orders.seams import NotSourced, Portion, SourceRequest, seams
from controller.orders.states import Delivery, OrderState, WhenShort
from controller.orders.wanting import fill_wanting
from controller.stock.channels import add_channel
from controller.stock.operations import InsufficientStock, move
from tests.controller.goods import numbers
from tests.controller.orders_shop import books_add_up, told
from tests.controller.two_sites import TwoSites, levels


async def where(no: str) -> list[tuple[int, str, int]]:
    order = await queries.order(no)
    return [(one.position, one.site, one.quantity) for one in await open_allocations([order.id])]


async def test_a_line_comes_from_several_sites_each_with_a_hold_of_its_own(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    no = await place(sites.anywhere(("tea", 6)))
    assert await where(no) == [(1, "s1", 3), (1, "s2", 3)]
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 3, 0)}
    order = await queries.order(no)
    assert (order.site, order.sites, order.state) == (None, ("s1", "s2"), OrderState.APPROVED)
    assert await cancel(no, reason="asked")
    assert await levels(tea) == {"s1": (3, 0, 0), "s2": (5, 0, 0)}
    assert await books_add_up()


async def test_what_is_nowhere_is_refused_and_nothing_is_written(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    with pytest.raises(InsufficientStock):
        await place(sites.anywhere(("tea", 9)))
    assert await levels(tea) == {"s1": (3, 0, 0), "s2": (5, 0, 0)}
    assert not await db.fetch(
        "SELECT id FROM order_allocation UNION ALL SELECT id FROM sales_order UNION ALL SELECT id FROM order_site"
    )


async def test_without_sourcing_an_order_names_its_site(sites: TwoSites) -> None:
    await sites.stocked("tea", 3, 5)
    plain = type(seams())()
    seams().source = plain.source
    with pytest.raises(NotSourced):
        await place(sites.anywhere(("tea", 1)))


async def test_a_site_that_lost_the_race_is_not_asked_again(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    asked: list[frozenset[tuple[int, str]]] = []

    async def hopes(request: SourceRequest) -> Sequence[Portion]:
        """Thinks that `s1` has more than it has."""
        asked.append(request.refused)
        site = "s2" if (tea, "s1") in request.refused else "s1"
        return [Portion(line.position, site, line.quantity) for line in request.lines]

    seams().source = hopes
    no = await place(sites.anywhere(("tea", 4)))
    assert await where(no) == [(1, "s2", 4)]
    assert asked == [frozenset(), frozenset({(tea, "s1")})]
    assert await levels(tea) == {"s1": (3, 0, 0), "s2": (5, 4, 0)}


async def test_many_buyers_at_once_get_what_both_sites_have_and_no_more(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 10, 10)

    async def buy(number: int) -> bool:
        try:
            await db.in_transaction(lambda: place(sites.anywhere(("tea", 1), reference=f"b{number}")))
        except InsufficientStock:
            return False
        return True

    assert sum(await asyncio.gather(*(buy(number) for number in range(24)))) == 20
    assert await levels(tea) == {"s1": (10, 10, 0), "s2": (10, 10, 0)}
    assert await books_add_up()


async def test_a_channel_that_sold_it_already_waits_for_goods_the_oldest_first(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 0)
    await add_channel("market", name_en="Market", name_zh="平台")
    with pytest.raises(InsufficientStock):
        await place(replace(sites.order(("tea", 5)), channel="market"))
    await set_when_short("market", WhenShort.ACCEPT)
    first = await place(replace(sites.order(("tea", 5)), channel="market"))
    second = await place(replace(sites.order(("tea", 2)), channel="market"))
    found = await queries.order(first)
    assert (found.is_stock_short, (await queries.lines([found.id]))[found.id][0].wanting) == (True, 2)
    assert (await blocking([found.id]))[found.id] == [FlagKind.STOCK_SHORT]
    assert await fill_wanting() == 0

    await move([sites.shop.arrival(tea, 3)])
    assert await fill_wanting() == 3
    assert await where(first) == [(1, "s1", 3), (1, "s1", 2)]
    assert await where(second) == [(1, "s1", 1)]
    assert not await blocking([found.id])
    assert not (await queries.order(first)).is_stock_short
    assert (await queries.order(second)).is_stock_short
    assert await told("order_line_promised") == 2
    await cancel(first, reason="asked")
    assert await fill_wanting() == 1
    assert await numbers(tea) == (6, 2, 0)
    assert await books_add_up()


async def test_what_waits_for_any_site_is_promised_where_it_arrives(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 1, 1)
    no = await place(replace(sites.anywhere(("tea", 4)), when_short=WhenShort.ACCEPT))
    assert await where(no) == [(1, "s1", 1), (1, "s2", 1)]
    await move([sites.arrival2(tea, 1)])
    assert await fill_wanting() == 1
    assert await where(no) == [(1, "s1", 1), (1, "s2", 1), (1, "s2", 1)]
    await move([sites.shop.arrival(tea, 7)])
    assert await fill_wanting() == 1
    assert await levels(tea) == {"s1": (8, 2, 0), "s2": (2, 2, 0)}


async def test_an_order_that_a_person_must_see_is_in_review_and_holds_its_goods(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 0)

    async def suspicious(_: int, __: object) -> bool:
        return False

    seams().judge = suspicious
    no = await place(sites.order(("tea", 2)))
    assert (await queries.order(no)).state is OrderState.IN_REVIEW
    assert await numbers(tea) == (3, 2, 0)
    assert await told("order_review_needed") == 1


async def test_what_is_fetched_names_its_site(sites: TwoSites) -> None:
    await sites.stocked("tea", 3, 0)
    with pytest.raises(BadOrder, match="names its site"):
        await place(replace(sites.anywhere(("tea", 1)), delivery=Delivery.COUNTER))
