"""A session's way: parts of several people, lines that count once, what nobody can read, what comes late, what is booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from msgspec import structs

from controller import db, events
from controller.catalog.operations import NewBarcode, add_barcode, link_barcode
from controller.counts import queries as count_queries
from controller.counts import reviewing, sessions
from controller.counts.open_work import open_sessions
from controller.counts.planning import BadPlan, NothingToCount, Plan, plan
from controller.counts.policies import Policy
from controller.counts.sessions import BinsUncounted, cancel, submit
from controller.counts.states import SessionKind
from controller.errors import IllegalTransition
from controller.facts import APPLIED, Parked
from controller.proofs.proving import reconcile
from controller.stock import queries
from controller.stock.lots import lot_of
from controller.stock.operations import move
from edge_agent.wire.facts import CountLine
from edge_agent.wire.messages import Symbol
from tests.controller.counts.counting import a_shop, accept_everything, all_sessions, line, part, planned, rows_of, state_of, take
from tests.controller.goods import at, newest_entry, numbers

LOOSE = Policy(units=10, value_minor=2000, approve_minor=10_000)


async def test_parts_of_two_people_add_up_and_are_submitted_together(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 12)])
    number = await planned("A-1", counters=2)
    await take(part([line("milk", 5, 11)], done=12, person="wang", session=number))
    assert await state_of(number) == "open"
    assert await numbers(skus["milk"]) == (12, 0, 0)
    await take(part([line("milk", 6, 13)], done=14, person="li", session=number))
    assert await state_of(number) == "booked", "one short of twelve is within tolerance"
    assert await numbers(skus["milk"]) == (11, 0, 0)
    newest = await newest_entry(skus["milk"])
    assert (newest.reason, newest.document, newest.person, newest.device) == ("counted", number, "wang, li", "b1/gun")
    assert newest.occurred_at == at(13)
    assert await reconcile() == []


async def test_the_same_line_counts_once_whichever_fact_brings_it(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    number, own = await planned("A-1", counters=2), uuid4()
    again = line("milk", 5, 11, id_=own)
    for person in ("wang", "li"):
        fact = part([again], done=12, person=person, session=number)
        for _ in range(3):
            await take(fact)
    (row,) = await rows_of(number)
    assert (row.counted, row.expected, row.state) == (5, 5, "accepted")


async def test_a_serial_number_is_one_piece_however_often_it_is_told(database: str) -> None:
    await a_shop("milk")
    lines = [CountLine(symbol=Symbol(text="MILK"), quantity=1, serial="S-1", at=at(minute)) for minute in (1, 2)]
    await take(part([*lines, CountLine(symbol=Symbol(text="MILK"), quantity=1, serial="S-2", at=at(3))], done=4))
    (row,) = await rows_of("CT-100001")
    assert row.counted == 2


async def test_each_sku_is_expected_as_of_its_own_scan(database: str) -> None:
    """Milk is scanned at 10, a sale follows at 12, rice is scanned at 14 and was sold at 13: nothing differs."""
    shop, skus = await a_shop("milk", "rice", "tea")
    await move([shop.arrival(sku, 8) for sku in skus.values()])
    await move([shop.sale(skus["milk"], 3, minute=12), shop.sale(skus["rice"], 2, minute=13), shop.sale(skus["tea"], 8, minute=15)])
    await take(part([line("milk", 8, 10), line("rice", 6, 14)], done=16, began=9))
    assert {row.sku: (row.variance, row.moved) for row in await rows_of("CT-100001")} == {"milk": (0, False), "rice": (0, True)}
    assert await all_sessions() == {"CT-100001": "booked"}
    await move([shop.sale(skus["milk"], 1, minute=11)])  # late, and after milk's scan: no business of the count
    await move([shop.sale(skus["tea"], 1, minute=14)])  # late, and before the bin was done without tea
    assert await numbers(skus["milk"]) == (4, 0, 0)
    assert await numbers(skus["tea"]) == (0, 0, 0)
    assert await queries.counts_needed("s1") == []
    assert await reconcile() == []


async def test_what_moved_meanwhile_is_not_booked_unseen(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 8), shop.sale(skus["milk"], 1, minute=11)])
    await take(part([line("milk", 6, 12)], done=13, began=10))
    (row,) = await rows_of("CT-100001")
    assert (row.variance, row.moved, row.needs, row.state) == (-1, True, "review", "open")


async def test_unknown_symbols_wait_and_do_not_hold_up_the_others(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 5)])
    fact = part([line("milk", 5, 1), line("what", 2, 2)], done=3)
    assert await take(fact) == Parked("unknown_barcode", "barcode:WHAT")
    assert await all_sessions() == {"CT-100001": "booked"}, "milk is right, and waits for nobody"
    assert (await count_queries.session("CT-100001")).unmatched == 1
    await link_barcode("WHAT", "milk", numerator=1)
    assert await take(fact) == APPLIED
    assert await numbers(skus["milk"]) == (7, 0, 0)
    assert (await count_queries.session("CT-100001")).unmatched == 0
    assert await queries.as_of(shop.bin, at(3)) == {skus["milk"]: 7}


async def test_while_a_symbol_is_unread_nothing_is_missing_by_itself(database: str) -> None:
    shop, skus = await a_shop("milk", "rice", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 5), shop.arrival(skus["rice"], 2)])
    await take(part([line("milk", 5, 1), line("what", 2, 2)], done=3))
    assert {row.sku: row.state for row in await rows_of("CT-100001")} == {"milk": "accepted", "rice": "open"}
    assert await numbers(skus["rice"]) == (2, 0, 0)
    await add_barcode("rice", NewBarcode(barcode="WHAT"))


async def test_half_a_piece_is_listed_and_holds_up_nothing(database: str) -> None:
    shop, skus = await a_shop("milk")
    await add_barcode("milk", NewBarcode(barcode="HALF", numerator=1, denominator=2))
    await move([shop.arrival(skus["milk"], 5)])
    assert await take(part([line("milk", 5, 1), line("half", 1, 2)], done=3)) == APPLIED
    assert (await count_queries.session("CT-100001")).unmatched == 1


async def test_a_late_part_of_a_booked_session_is_decided_anew(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 8)])
    number = await planned("A-1")
    await take(part([line("milk", 5, 10)], done=11, person="wang", session=number))
    await accept_everything(number)
    assert (await state_of(number), await numbers(skus["milk"])) == ("booked", (5, 0, 0))
    await take(part([line("milk", 3, 12)], done=13, person="zhao", session=number))
    assert await state_of(number) == "review"
    await accept_everything(number)
    assert (await state_of(number), await numbers(skus["milk"])) == ("booked", (8, 0, 0))
    assert await queries.as_of(shop.bin, at(12)) == {skus["milk"]: 8}
    assert await reconcile() == []


async def test_a_number_that_nobody_knows_and_a_cancelled_one_make_a_count_of_their_own(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    number = await planned("A-1")
    await cancel(number, reason="not today")
    await take(part([line("milk", 5, 1)], done=2, session=number))
    await take(part([line("milk", 5, 3)], done=4, session="CT-999999"))
    found = [await count_queries.session(each) for each in await all_sessions()]
    assert [(each.kind, each.asked, each.state) for each in found] == [
        ("chosen", None, "cancelled"),
        ("adhoc", number, "booked"),
        ("adhoc", "CT-999999", "booked"),
    ]


async def test_closing_asks_about_bins_that_nobody_counted(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 5)])
    number = await planned("A-1", "A-2")
    with pytest.raises(IllegalTransition):
        await submit(number)
    await take(part([line("milk", 5, 1)], done=2, session=number))
    with pytest.raises(BinsUncounted) as refused:
        await submit(number)
    assert refused.value.bins == ["A-2"]
    await submit(number, without_uncounted=True)
    await submit(number)
    assert await state_of(number) == "booked"


async def test_a_zero_check_is_a_count_of_its_own_kind(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 2), shop.sale(skus["milk"], 1, minute=1)])
    await take(part([], done=2, empty=True))
    assert (await count_queries.session("CT-100001")).kind == "zero_check"
    assert await numbers(skus["milk"]) == (0, 0, 0)


async def test_a_box_that_did_not_know_the_time_books_nothing_by_itself(database: str) -> None:
    shop, skus = await a_shop("milk", policy=LOOSE)
    await move([shop.arrival(skus["milk"], 5)])
    undated = structs.replace(part([line("milk", 4, 1)], done=2), uncertain_ms=None)
    await take(undated)
    (row,) = await rows_of("CT-100001")
    assert (row.dated, row.state, row.needs) == (False, "open", "review")


async def test_lots_that_were_all_told_are_counted_one_by_one(database: str) -> None:
    shop, skus = await a_shop("milk")
    milk = skus["milk"]
    early = await lot_of(milk, "L1", date(2026, 12, 1))
    late = await lot_of(milk, "L2", date(2027, 1, 1))
    await move([replace(shop.arrival(milk, 6), lot_id=early), replace(shop.arrival(milk, 4), lot_id=late)])
    await take(part([line("milk", 3, 1, lot="L1"), line("milk", 6, 2, lot="L2"), line("milk", 1, 3, lot="L3")], done=4))
    assert {row.lot: (row.counted, row.expected) for row in await rows_of("CT-100001")} == {
        "L1": (3, 6),
        "L2": (6, 4),
        "L3": (1, 0),
    }
    await accept_everything("CT-100001")
    assert await numbers(milk) == (10, 0, 0)
    there = await db.fetch(
        "SELECT o.code, b.on_hand FROM balance b JOIN lot o ON o.id = b.lot_id WHERE b.on_hand > 0 ORDER BY o.code"
    )
    assert [(row["code"], row["on_hand"]) for row in there] == [("L1", 3), ("L2", 6), ("L3", 1)]
    assert await reconcile() == []


async def test_where_lots_are_counted_what_nobody_knows_the_lot_of_was_not_there(database: str) -> None:
    shop, skus = await a_shop("milk")
    milk = skus["milk"]
    await move([replace(shop.arrival(milk, 3), lot_id=await lot_of(milk, "L1", date(2026, 12, 1))), shop.arrival(milk, 2)])
    await take(part([line("milk", 4, 1, lot="L1")], done=4))
    assert {row.lot: row.variance for row in await rows_of("CT-100001")} == {"L1": 1, None: -2}
    await accept_everything("CT-100001")
    there = await db.fetch("SELECT o.code, b.on_hand FROM balance b LEFT JOIN lot o ON o.id = b.lot_id WHERE b.on_hand > 0")
    assert [(row["code"], row["on_hand"]) for row in there] == [("L1", 4)]
    assert await reconcile() == []


async def test_blind_sessions_leave_without_expectations_and_recounts_say_who_may_not(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    blind = await planned("A-1")
    seen = await planned("A-2", blind=False)
    found = {each.no: each for each in await open_sessions("s1")}
    assert found[blind].bins[0].expected is None
    assert found[seen].bins[0].expected == {}
    await take(part([line("milk", 4, 1)], done=2, session=blind))
    (row,) = await rows_of(blind)
    with events.acting("person:li"):
        await reviewing.recount(blind, row.id)
    found = {each.no: each for each in await open_sessions("s1")}
    (bin_,) = found[blind].bins
    assert (bin_.round, bin_.counted, list(bin_.not_by), bin_.expected) == (2, False, ["wang"], None)


async def test_plans_leave_alone_what_others_count_and_refuse_what_cannot_be(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    await planned("A-1")
    with pytest.raises(NothingToCount):
        await planned("A-1")
    with pytest.raises(BadPlan):
        await plan(Plan(site="s1", kind=SessionKind.CHOSEN, bins=["A-2"], counters=0))
    with pytest.raises(NothingToCount):
        await plan(Plan(site="s1", kind=SessionKind.SUSPICION))
    await move([replace(shop.sale(skus["milk"], 1, minute=3), from_location_id=shop.other)])
    number = await plan(Plan(site="s1", kind=SessionKind.SUSPICION))
    assert [each.code for each in await count_queries.bins((await count_queries.session(number)).id)] == ["A-2"]
    assert await sessions.refresh_all() == 0
