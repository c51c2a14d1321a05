from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.orders import listing, queries
from controller.orders.flags import FlagKind, set_flag
from controller.orders.listing import Wanted
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold, place
from controller.orders.states import OrderState
from tests.controller.two_sites import TwoSites


@pytest.fixture
def few() -> Iterator[None]:
    """As if few were many."""
    before = listing._FEW_SITES, listing._FEW_FOUND
    listing._FEW_SITES, listing._FEW_FOUND = 0, 1
    yield
    listing._FEW_SITES, listing._FEW_FOUND = before


async def chain(sites: TwoSites) -> list[str]:
    """Orders of both sites, some held, due, flagged, sourced from both."""
    await sites.stocked("tea", 50, 50)
    due = db.now() + timedelta(hours=1)
    found = [
        await place(replace(sites.order(("tea", 1), reference="A-1"), due_at=due)),
        await place(replace(sites.order(("tea", 1), reference="A-2"), site="s2", channel="shop")),
        await place(sites.anywhere(("tea", 60), reference="B-3")),
        await place(replace(sites.order(("tea", 1), reference="A-4"), site="s2", due_at=due + timedelta(days=1))),
    ]
    await hold(found[3], reason="asked")
    await set_flag(ORDERS.row_id(found[1]), FlagKind.CREDIT, "owes")
    return found


async def found(wanted: Wanted, sites: list[str] | None = None) -> list[str]:
    return [order.no for order in await queries.orders(before=None, limit=10, wanted=wanted, sites=sites)]


async def check(sites: TwoSites) -> None:
    first, second, both, held = await chain(sites)
    assert await found(Wanted()) == [held, both, second, first]
    assert await found(Wanted(site="s1")) == [both, first]
    assert await found(Wanted(site="s2", state=OrderState.ON_HOLD)) == [held]
    assert await found(Wanted(), ["s1", "s2"]) == [held, both, second, first]
    assert await found(Wanted(site="s2"), ["s1"]) == []
    assert await found(Wanted(), []) == []
    assert await found(Wanted(channel="shop")) == [second]
    assert await found(Wanted(flag=FlagKind.CREDIT)) == [second]
    assert await found(Wanted(due_before=db.now() + timedelta(hours=2))) == [first]
    assert await found(Wanted(q="A-")) == [held, second, first]
    assert await found(Wanted(q="A-", site="s2")) == [held, second]
    assert await found(Wanted(q="%")) == []
    assert await found(Wanted(ids=[ORDERS.row_id(first), 999])) == [first]
    page = await queries.orders(before=ORDERS.row_id(both), limit=1, wanted=Wanted(), sites=["s2"])
    assert [order.no for order in page] == [second]


async def test_each_filter_finds_what_it_names(sites: TwoSites) -> None:
    await check(sites)


async def test_and_the_same_where_there_are_many(sites: TwoSites, few: None) -> None:
    await check(sites)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=st.integers(1, 5), site=st.sampled_from([None, "s1", "s2"]), scope=st.sampled_from([None, ["s1"], ["s1", "s2"]]))
async def test_pages_of_any_size_are_the_whole_list(size: int, site: str | None, scope: list[str] | None, sites: TwoSites) -> None:
    if not sites.codes:
        await chain(sites)
    whole = await found(Wanted(site=site), scope)
    paged: list[str] = []
    while batch := await queries.orders(
        before=ORDERS.row_id(paged[-1]) if paged else None, limit=size, wanted=Wanted(site=site), sites=scope
    ):
        paged += [order.no for order in batch]
    assert paged == whole
