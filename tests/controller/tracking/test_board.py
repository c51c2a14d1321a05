"""The board: each order in the stage where it is, what burns first, within the sites that somebody sees; on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller import db
from controller.fulfilment.operations import release
from controller.orders import listing
from controller.orders.flags import FlagKind, clear_flag, set_flag
from controller.orders.listing import Wanted
from controller.orders.numbers import ORDERS
from controller.orders.operations import hold, place
from controller.orders.seams import seams
from controller.tracking import board
from controller.tracking.board import Column, Stage, Urgency
from tests.controller.two_sites import TwoSites, from_both


@pytest.fixture
async def shop(database: str) -> TwoSites:
    seams().source = from_both
    return await TwoSites.open()


async def columns(sites: list[str] | None = None, at: datetime | None = None) -> dict[Stage, Column]:
    return {column.stage: column for column in await board.board(sites, at or db.now())}


async def counts(sites: list[str] | None = None, at: datetime | None = None) -> dict[Stage, int]:
    return {stage: column.count for stage, column in (await columns(sites, at)).items() if column.count}


async def clock(no: str, *, due_in: timedelta, near: timedelta = timedelta(hours=1)) -> None:
    due = db.now() + due_in
    await db.execute(
        "INSERT INTO order_clock (order_id, site, kind, began_at, near_at, due_at, told, is_void) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(ORDERS.row_id(no), "s1", "ship", due - timedelta(days=1), due - near, due, 0, False),
    )


async def test_an_order_is_in_the_stage_that_its_pick_list_and_parcel_say(shop: TwoSites) -> None:
    await shop.stocked("tea", 50, 50)
    waiting, picked, packed, out = [await place(shop.order(("tea", 1))) for _ in range(4)]
    other = await place(replace(shop.order(("tea", 1)), site="s2"))
    assert await counts() == {Stage.RELEASE: 5}
    lists = {no: (await release(no))[0] for no in (picked, packed, out)}
    assert await counts() == {Stage.RELEASE: 2, Stage.PICK: 3}
    await shop.report(shop.picked(lists[picked], "tea", 1))
    for no in (packed, out):
        await shop.report(shop.picked(lists[no], "tea", 1), shop.packed(lists[no], 100))
    await shop.report(shop.handed_over("PC-100002"))
    (parcel,) = await db.fetch("SELECT handed_over_at FROM parcel WHERE state = 'handed_over'")
    then = parcel["handed_over_at"] + timedelta(hours=1)
    assert await counts(at=then) == {Stage.RELEASE: 2, Stage.PICKING: 1, Stage.PACKED: 1, Stage.OUT: 1}
    assert await counts(["s2"]) == {Stage.RELEASE: 1}
    for stage, expected in ((Stage.PICKING, picked), (Stage.PACKED, packed), (Stage.OUT, out)):
        wanted = board.at_stage(stage, then)
        rows = await listing.page_of(wanted, before=None, limit=5, sites=["s1"])
        assert [ORDERS.number(row["id"]) for row in rows] == [expected], stage
    later = then + board.OUT_FOR
    assert await listing.count(board.at_stage(Stage.OUT, later), None) == 0
    assert {waiting, other} == {card.order.no for card in (await columns())[Stage.RELEASE].cards}


async def test_what_is_held_or_flagged_is_a_problem_until_it_is_settled(shop: TwoSites) -> None:
    await shop.stocked("tea", 50, 0)
    held, flagged, fine = [await place(shop.order(("tea", 1))) for _ in range(3)]
    await hold(held, reason="asked")
    await set_flag(ORDERS.row_id(flagged), FlagKind.CREDIT, "owes")
    found = (await columns())[Stage.PROBLEM]
    assert (found.count, {card.order.no: list(card.flags) for card in found.cards}) == (
        2,
        {held: [], flagged: [FlagKind.CREDIT]},
    )
    await clear_flag(ORDERS.row_id(flagged), FlagKind.CREDIT, "paid")
    assert await counts() == {Stage.PROBLEM: 1, Stage.RELEASE: 2}
    assert fine in {card.order.no for card in (await columns())[Stage.RELEASE].cards}


async def test_what_missed_its_deadline_last_comes_first_then_what_misses_it_next(shop: TwoSites) -> None:
    await shop.stocked("tea", 50, 0)
    long_over, just_over, soon, later, none = [await place(shop.order(("tea", 1))) for _ in range(5)]
    await clock(long_over, due_in=-timedelta(hours=5))
    await clock(just_over, due_in=-timedelta(minutes=1))
    await clock(later, due_in=timedelta(minutes=40))
    await clock(soon, due_in=timedelta(minutes=10))
    found = (await columns())[Stage.RELEASE]
    assert [card.order.no for card in found.cards] == [just_over, long_over, soon, later, none]
    assert found.over == 2
    shown = [card.clock.urgency if card.clock else None for card in found.cards]
    assert shown == [Urgency.OVER, Urgency.OVER, Urgency.NEAR, Urgency.NEAR, None]
    assert await listing.count(Wanted(which=board.overdue(db.now())), ["s1"]) == 2


async def test_stages_filters_and_sites_are_asked_for_together_and_found_by_count_and_page_alike(shop: TwoSites) -> None:
    await shop.stocked("tea", 50, 50)
    first, second, third = [await place(replace(shop.order(("tea", 1)), due_at=db.now() + timedelta(hours=1))) for _ in range(3)]
    there = await place(replace(shop.order(("tea", 1)), site="s2"))
    for no in (first, second, there):
        await release(no)
    for no in (first, third, there):
        await clock(no, due_in=-timedelta(minutes=5))
    await set_flag(ORDERS.row_id(first), FlagKind.CREDIT, "owes")
    at = db.now()
    pick = board.at_stage(Stage.PICK, at)
    ids = [ORDERS.row_id(no) for no in (first, third)]
    for wanted, sites, expected in (
        (pick, None, [there, second, first]),
        (pick, ["s2"], [there]),
        (pick, [], []),
        (replace(pick, site="s1"), ["s2"], []),
        (replace(pick, ids=ids), None, [first]),
        (replace(pick, q=first), None, [first]),
        (replace(pick, due_before=at + timedelta(hours=2)), ["s1", "s2"], [second, first]),
        (replace(pick, flag=FlagKind.CREDIT), ["s1"], [first]),
        (board.late(pick, at), None, [there, first]),
        (board.late(pick, at), ["s1"], [first]),
        (board.late(board.at_stage(Stage.RELEASE, at), at), ["s1"], [third]),
        (board.late(board.at_stage(Stage.PROBLEM, at), at), None, [first]),
        (Wanted(due_before=at + timedelta(hours=2)), ["s1"], [third, second, first]),
        (Wanted(site="s1"), None, [third, second, first]),
    ):
        rows = await listing.page_of(wanted, before=None, limit=9, sites=sites)
        assert [ORDERS.number(row["id"]) for row in rows] == expected, (wanted, sites)
        assert await listing.count(wanted, sites) == len(expected), (wanted, sites)
