from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from controller import db, events
from controller.catalog.categories import categorise, save_category
from controller.catalog.substitutes import Reason, name_substitute
from controller.errors import NotFound, StaleVersion
from controller.fulfilment.operations import release
from controller.orders import queries
from controller.orders.errors import BadOrder, NotChangeable
from controller.orders.flags import FlagKind, blocking, clear_flag
from controller.orders.operations import cancel, place
from controller.orders.queries import StoredLine
from controller.orders.states import WhenShort
from controller.orders.substituting import Pricing, Taking, offers, shortness, substitute
from controller.stock.operations import InsufficientStock
from tests.controller.goods import numbers
from tests.controller.orders_shop import books_add_up
from tests.controller.two_sites import TwoSites, levels


async def lines(no: str) -> list[StoredLine]:
    order = await queries.order(no)
    return (await queries.lines([order.id]))[order.id]


async def short(sites: TwoSites, *wanted: tuple[str, int]) -> str:
    """An order that was taken though there is too little."""
    return await place(replace(sites.order(*wanted), when_short=WhenShort.ACCEPT))


def take(
    sku: str, replaces: int, *, pricing: Pricing = Pricing.KEPT, quantity: int | None = None, version: int | None = None
) -> Taking:
    return Taking(
        position=1, sku=sku, replaces=replaces, reason="customer agreed", pricing=pricing, quantity=quantity, version=version
    )


async def priced(code: str, price_minor: int) -> None:
    await db.execute("UPDATE sku SET price_minor = ? WHERE code = ?", price_minor, code)


async def test_offers_say_stock_reason_and_by_how_much_the_sum_changes(sites: TwoSites) -> None:
    for code, here, there in (("tea", 2, 0), ("mint", 9, 0), ("green", 1, 0), ("black", 0, 9), ("other", 9, 0)):
        await sites.stocked(code, here, there)
    await save_category("hot", name_en="Hot", name_zh="热饮")
    await categorise(["tea", "mint", "green", "black"], "hot")
    await priced("mint", 300)
    await name_substitute("tea", "other", numerator=2, note="two small ones")
    no = await short(sites, ("tea", 5))
    found = await shortness(no, 1)
    assert (found.lacking, found.replaceable) == (3, 5)
    made = await offers(found)
    told = [(one.sku.code, one.proposal.reason, one.proposal.quantity, one.proposal.replaces) for one in made]
    assert told == [("other", Reason.NAMED, 6, 3), ("mint", Reason.CATEGORY, 3, 3), ("green", Reason.CATEGORY, 1, 1)]
    assert [(one.proposal.available, one.proposal.dearer_minor) for one in made] == [(9, 750), (9, 150), (1, 0)]
    assert made[0].note == "two small ones"
    with pytest.raises(NotFound):
        await shortness(no, 2)


async def test_taken_it_is_promised_at_the_price_of_what_it_stands_for(sites: TwoSites) -> None:
    tea, mint = await sites.stocked("tea", 2, 0), await sites.stocked("mint", 9, 0)
    await priced("mint", 300)
    no = await short(sites, ("tea", 5))
    assert await blocking([(await queries.order(no)).id])
    await substitute(no, take("mint", 3))
    assert [(line.sku, line.quantity, line.amount_minor, line.wanting) for line in await lines(no)] == [
        ("tea", 2, 500, 0),
        ("mint", 3, 750, 0),
    ]
    assert (await numbers(tea), await numbers(mint)) == ((2, 2, 0), (9, 3, 0))
    order = await queries.order(no)
    assert (order.total_minor, order.is_stock_short) == (1250, False)
    assert not await blocking([order.id])
    told = [event for event in await events.history(no) if event.name == "order_line_substituted"]
    assert [(event.data["sku"], event.data["substitute"], event.data["dearer_minor"]) for event in told] == [("tea", "mint", 0)]
    assert await books_add_up()


async def test_or_at_its_own_price(sites: TwoSites) -> None:
    await sites.stocked("tea", 0, 0)
    await sites.stocked("mint", 9, 0)
    await priced("mint", 300)
    no = await short(sites, ("tea", 2))
    await substitute(no, take("mint", 2, pricing=Pricing.OWN))
    assert [(line.sku, line.amount_minor) for line in await lines(no)] == [("mint", 600)]
    assert (await queries.order(no)).total_minor == 600


async def test_a_kept_price_is_never_dearer(sites: TwoSites) -> None:
    await sites.stocked("tea", 0, 0)
    await sites.stocked("small", 9, 0)
    await name_substitute("tea", "small", numerator=3)
    no = await short(sites, ("tea", 1))
    await substitute(no, take("small", 1))
    assert [(line.quantity, line.unit_price_minor, line.amount_minor) for line in await lines(no)] == [(3, 83, 249)]


async def test_what_is_being_fetched_stays_and_the_rest_is_given(sites: TwoSites) -> None:
    tea, mint = await sites.stocked("tea", 2, 0), await sites.stocked("mint", 9, 0)
    no = await short(sites, ("tea", 5))
    await clear_flag((await queries.order(no)).id, FlagKind.STOCK_SHORT, "it goes in two parcels")
    (first,) = await release(no)
    assert (await shortness(no, 1)).replaceable == 3
    with pytest.raises(BadOrder, match="1 to 3"):
        await substitute(no, take("mint", 4))
    await substitute(no, take("mint", 3))
    assert (await numbers(tea), await numbers(mint)) == ((2, 0, 2), (9, 3, 0))
    assert set(await release(no)) - {first}
    assert await numbers(mint) == (9, 0, 3)
    with pytest.raises(NotChangeable):
        await substitute(no, take("mint", 1))
    assert await books_add_up()


async def test_what_cannot_be_promised_changes_nothing(sites: TwoSites) -> None:
    tea, mint = await sites.stocked("tea", 2, 0), await sites.stocked("mint", 2, 0)
    no = await short(sites, ("tea", 5))
    with pytest.raises(InsufficientStock):
        await db.in_transaction(lambda: substitute(no, take("mint", 3)))
    assert [(line.sku, line.quantity) for line in await lines(no)] == [("tea", 5)]
    assert (await numbers(tea), await numbers(mint)) == ((2, 2, 0), (2, 0, 0))
    with pytest.raises(StaleVersion):
        await db.in_transaction(lambda: substitute(no, take("mint", 1, version=7)))
    with pytest.raises(BadOrder):
        await substitute(no, take("tea", 1))
    with pytest.raises(NotFound):
        await substitute(no, take("cocoa", 1))
    await cancel(no, reason="asked")
    with pytest.raises(NotChangeable):
        await substitute(no, take("mint", 1))


async def test_a_sourced_order_is_given_what_lies_anywhere(sites: TwoSites) -> None:
    await sites.stocked("tea", 0, 0)
    mint = await sites.stocked("mint", 2, 4)
    await name_substitute("tea", "mint")
    no = await place(replace(sites.anywhere(("tea", 5)), when_short=WhenShort.ACCEPT))
    (offer,) = await offers(await shortness(no, 1))
    assert (offer.proposal.available, offer.proposal.replaces) == (6, 5)
    await substitute(no, take("mint", 5))
    assert await levels(mint) == {"s1": (2, 2, 0), "s2": (4, 3, 0)}


async def test_two_clerks_at_once_give_it_once(sites: TwoSites) -> None:
    await sites.stocked("tea", 0, 0)
    mint = await sites.stocked("mint", 9, 0)
    no = await short(sites, ("tea", 3))
    twice = [db.in_transaction(lambda: substitute(no, take("mint", 3))) for _ in range(2)]
    found = await asyncio.gather(*twice, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["NoneType", "NotFound"]
    assert await numbers(mint) == (9, 3, 0)
    assert await books_add_up()
