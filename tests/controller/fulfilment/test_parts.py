"""An order of two sites: a pick list each, and one end, whatever the order of what their boxes tell."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller import db
from controller.fulfilment import lists, queries
from controller.fulfilment.ending import NothingOut, give_up_rest
from controller.fulfilment.numbers import PARCELS
from controller.fulfilment.operations import HandedOverAlready, cancel, release, withdraw
from controller.fulfilment.releasing import NotReleasable
from controller.fulfilment.states import ParcelState, PickListState
from controller.ingest import ingest
from controller.orders import queries as orders
from controller.orders.operations import approve, hold, place
from controller.orders.states import OrderState, WhenShort
from controller.orders.wanting import fill_wanting
from controller.payments.policies import PayTerms
from controller.payments.stored import balance_of
from controller.stock.operations import move
from edge_agent.wire.facts import Fact
from tests.controller.orders_shop import books_add_up, settle, told
from tests.controller.two_sites import TwoSites, levels
from tests.shopday.invariants import Evidence, check


async def parcel_of(pick_list: str) -> str:
    return str((await queries.pick_list(pick_list)).parcel)


async def test_each_site_has_its_own_list_and_the_order_closes_with_the_last(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    order = await place(sites.anywhere(("tea", 5)))
    assert len(await release(order)) == 2
    assert await release(order) == sorted((await sites.lists(order)).values())
    here, there = (await sites.lists(order))["s1"], (await sites.lists(order))["s2"]
    assert await levels(tea) == {"s1": (3, 0, 3), "s2": (5, 0, 2)}
    assert await sites.report(sites.picked(there, "tea", 2)) == ["unknown_pick_list"]  # it is the other site's

    await sites.report(sites.picked(here, "tea", 3), sites.packed(here, 300))
    await sites.report(sites.handed_over(await parcel_of(here)))
    assert (await orders.order(order)).state is OrderState.APPROVED
    await sites.report2(sites.picked(there, "tea", 2), sites.packed(there, 200))
    await sites.report2(sites.handed_over(await parcel_of(there)))
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert await levels(tea) == {"s1": (0, 0, 0), "s2": (3, 0, 0)}
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []


async def test_one_site_is_released_and_the_other_later(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    order = await place(sites.anywhere(("tea", 5)))
    (there,) = await release(order, site="s2")
    assert await levels(tea) == {"s1": (3, 3, 0), "s2": (5, 0, 2)}
    await sites.report2(sites.picked(there, "tea", 2), sites.packed(there, 200))
    await sites.report2(sites.handed_over(await parcel_of(there)))
    assert (await orders.order(order)).state is OrderState.APPROVED  # the other site's part is to come
    with pytest.raises(NotReleasable):
        await release(order, site="s9")
    (here,) = await release(order, site="s1")
    await sites.report(sites.picked(here, "tea", 3), sites.packed(here, 300), sites.short(here))
    await sites.report(sites.handed_over(await parcel_of(here)))
    assert (await orders.order(order)).state is OrderState.CLOSED


async def test_only_what_is_approved_is_released(sites: TwoSites) -> None:
    await sites.stocked("tea", 3, 5)
    order = await place(sites.anywhere(("tea", 5)))
    await hold(order, reason="customer on the telephone")
    with pytest.raises(NotReleasable, match="on_hold"):
        await release(order)
    await approve(order)
    assert len(await release(order)) == 2


async def test_a_withdrawn_list_is_tried_again_with_a_number_of_its_own(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 0)
    order = await place(sites.order(("tea", 2)))
    (first,) = await release(order)
    await sites.report(sites.picked(first, "tea"))
    async with db.transaction():
        await withdraw(await lists.by_order((await orders.order(order)).id))
    assert await told("put_back_needed") == 1
    (second,) = await release(order)
    assert second != first
    assert [one.attempt for one in await queries.pick_lists_of(order)] == [1, 2]
    await sites.report(sites.picked(second, "tea", 2), sites.packed(second, 200))
    await sites.report(sites.handed_over(await parcel_of(second)))
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert (await levels(tea))["s1"] == (1, 0, 0)


async def test_what_waits_for_goods_keeps_its_order_open_and_gets_a_further_list(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 2, 0)
    order = await place(replace(sites.order(("tea", 3)), when_short=WhenShort.ACCEPT))
    await db.execute("UPDATE order_flag SET cleared_at = ?, clear_reason = 'send what is there'", db.now())
    (first,) = await release(order)
    await sites.report(sites.picked(first, "tea", 2), sites.packed(first, 200))
    await sites.report(sites.handed_over(await parcel_of(first)))
    assert (await orders.order(order)).state is OrderState.APPROVED
    await move([sites.shop.arrival(tea, 1)])
    await fill_wanting()
    second = (await release(order))[-1]
    await sites.report(sites.picked(second, "tea"), sites.packed(second, 100))
    await sites.report(sites.handed_over(await parcel_of(second)))
    assert (await orders.order(order)).state is OrderState.CLOSED
    assert await check(db.fetch, Evidence()) == []


# --- cancelled at each node -----------------------------------------------------------------------------------------------------

NODES = ("placed", "released", "picking", "picked", "packed")


@pytest.mark.parametrize("node", NODES)
async def test_cancelled_at_any_node_everything_is_free_and_what_was_fetched_goes_back(sites: TwoSites, node: str) -> None:
    tea = await sites.stocked("tea", 3, 5)
    order = await place(sites.anywhere(("tea", 5)))
    fetched = {"placed": 0, "released": 0, "picking": 1, "picked": 3, "packed": 3}[node]
    here = there = ""
    if node != "placed":
        await release(order)
        here, there = (await sites.lists(order))["s1"], (await sites.lists(order))["s2"]
    if fetched:
        await sites.report(sites.picked(here, "tea", fetched))
    if node == "packed":
        await sites.report(sites.packed(here, 300))
    await cancel(order, reason="customer asked")
    await cancel(order, reason="customer asked again")
    assert (await orders.order(order)).state is OrderState.CANCELLED
    assert await levels(tea) == {"s1": (3, 0, 0), "s2": (5, 0, 0)}
    assert await told("put_back_needed") == (1 if fetched else 0)
    assert {one.state for one in await queries.pick_lists_of(order)} <= {PickListState.WITHDRAWN}
    if node == "packed":
        assert (await queries.parcel(await parcel_of(here))).state is ParcelState.WITHDRAWN
    if there:
        # the picker there had not heard of it yet
        assert await sites.report2(sites.picked(there, "tea", 2)) == ["applied"]
        assert await told("put_back_needed") == (2 if fetched else 1)
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []


async def test_an_order_with_a_parcel_out_is_not_cancelled(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    order = await place(sites.anywhere(("tea", 5)))
    await release(order)
    here = (await sites.lists(order))["s1"]
    await sites.report(sites.picked(here, "tea", 3), sites.packed(here, 300))
    parcel = await parcel_of(here)
    await sites.report(sites.handed_over(parcel))
    with pytest.raises(HandedOverAlready, match=f"{parcel} of {order} is handed over"):
        await db.in_transaction(lambda: cancel(order, reason="too late"))
    assert await levels(tea) == {"s1": (0, 0, 0), "s2": (5, 0, 2)}


async def test_an_order_ends_with_what_is_out_and_that_is_due(sites: TwoSites) -> None:
    tea = await sites.stocked("tea", 3, 5)
    order = await place(replace(sites.anywhere(("tea", 5)), pay_terms=PayTerms.ON_DELIVERY))
    await release(order)
    here, there = (await sites.lists(order))["s1"], (await sites.lists(order))["s2"]
    with pytest.raises(NothingOut):
        await give_up_rest(order, reason="nobody wants it")
    await sites.report(sites.picked(here, "tea", 3), sites.packed(here, 300))
    await sites.report(sites.handed_over(await parcel_of(here)))
    await sites.report2(sites.picked(there, "tea"))
    await give_up_rest(order, reason="the rest is broken")
    await give_up_rest(order, reason="again")
    found = await orders.order(order)
    assert (found.state, found.is_stock_short) == (OrderState.CLOSED, True)
    assert (await queries.pick_list(there)).state is PickListState.WITHDRAWN
    assert await told("put_back_needed") == 1
    assert await levels(tea) == {"s1": (0, 0, 0), "s2": (5, 0, 0)}
    assert (await balance_of(found.id)).due_minor == 750
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []


# --- in any order ---------------------------------------------------------------------------------------------------------------


async def end_of(order: str) -> object:
    """All that anybody could see of it in the end."""
    found = await orders.order(order)
    parts = []
    for one in await queries.pick_lists_of(order):
        parcel = await queries.parcel(one.parcel) if one.parcel else None
        lines = await db.fetch("SELECT quantity, picked, out, is_short FROM pick_line WHERE pick_list_id = ? ORDER BY id", one.id)
        parts.append(
            (
                one.site,
                one.state,
                parcel and (parcel.state, parcel.expected_grams),
                [tuple(map(int, line.values())) for line in lines],
            )
        )
    of_order = (await orders.lines([found.id]))[found.id]
    return (found.state, sorted(parts, key=lambda part: part[0]), [(line.is_short, line.wanting) for line in of_order])


HERE = ("pick here", "pick here", "packed here", "out here")
THERE = ("pick there", "short there", "packed there", "out there")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=st.permutations(HERE + THERE))
async def test_facts_of_two_sites_end_the_same_in_any_order(sequence: Sequence[str], sites: TwoSites) -> None:
    code = f"t{len(sites.codes)}"
    sku = await sites.stocked(code, 2, 9)
    order = await place(sites.anywhere((code, 4)))
    await release(order)
    by_site = await sites.lists(order)
    here, there = by_site["s1"], by_site["s2"]
    rows = await db.fetch("SELECT COALESCE(MAX(id), 0) AS last FROM parcel")
    packed = [here, there] if _packable(sequence, "here") < _packable(sequence, "there") else [there, here]
    number = {pick_list: PARCELS.number(rows[0]["last"] + 1 + place) for place, pick_list in enumerate(packed)}
    made: dict[str, Fact] = {
        "pick here": sites.picked(here, code),
        "packed here": sites.packed(here, 200),
        "out here": sites.handed_over(number[here]),
        "pick there": sites.picked(there, code),
        "short there": sites.short(there, code),
        "packed there": sites.packed(there, 100),
        "out there": sites.handed_over(number[there]),
    }
    for name in sequence:
        await (sites.report if name.endswith("here") and not name.endswith("there") else sites.report2)(made[name])
    expected = [
        ("s1", PickListState.PACKED, (ParcelState.HANDED_OVER, 200), [(2, 2, 2, 0)]),
        ("s2", PickListState.PACKED, (ParcelState.HANDED_OVER, 100), [(2, 1, 1, 1)]),
    ]
    assert await end_of(order) == (OrderState.CLOSED, expected, [(True, 0)])
    assert await levels(sku) == {"s1": (0, 0, 0), "s2": (8, 0, 0)}
    assert await books_add_up()


def _packable(sequence: Sequence[str], where: str) -> int:
    """When a list becomes a parcel: after its last pick (or the word that it is short) and its packing, whichever is later."""
    return max(
        place for place, name in enumerate(sequence) if name.split()[1] == where and name.split()[0] in ("pick", "short", "packed")
    )


async def test_all_that_both_sites_tell_at_once_is_one_end(sites: TwoSites) -> None:
    await sites.stocked("tea", 40, 40)
    found = [await place(sites.anywhere(("tea", 8))) for _ in range(8)]
    for order in found:
        await release(order)
    by_site = {order: await sites.lists(order) for order in found}

    async def fetch(order: str, site: str) -> None:
        box = sites.box if site == "s1" else sites.box2
        if pick_list := by_site[order].get(site):
            lines = await queries.pick_lines((await queries.pick_list(pick_list)).id)
            wanted = sum(line.quantity for line in lines)
            await ingest(box.messages(sites.picked(pick_list, "tea", wanted)))
            await ingest(box.messages(sites.packed(pick_list, 100 * wanted)))
            await ingest(box.messages(sites.handed_over(await parcel_of(pick_list))))

    await asyncio.gather(*(fetch(order, site) for order, site in itertools.product(found, ("s1", "s2"))))
    await settle()
    assert {(await orders.order(order)).state for order in found} == {OrderState.CLOSED}
    assert await books_add_up()
    assert await check(db.fetch, Evidence()) == []
