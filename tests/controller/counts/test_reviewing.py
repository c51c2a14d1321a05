"""Deciding about differences: by whom, once, as of the count's instant, and back again."""

from __future__ import annotations

import asyncio

import pytest

from controller import db, events
from controller.counts import reviewing, unmatched
from controller.counts.errors import (
    AlreadyDecided,
    BadNote,
    ChangedMeanwhile,
    NeedsApproval,
    NotCountedYet,
    OwnCount,
    WrongCount,
)
from controller.counts.limits import DEFAULT_REASONS, BadReason, Reason, reasons, set_policy, set_reason
from controller.counts.planning import TREND, classify_site, due_bins, suspects
from controller.counts.policies import Policy
from controller.counts.reviewing import Verdict
from controller.counts.sessions import refresh
from controller.counts.shrinkage import shrinkage
from controller.facts import APPLIED
from controller.proofs.proving import reconcile
from controller.stock import queries
from controller.stock.operations import move
from controller.tasks.queries import waiting
from tests.controller.counts.counting import a_shop, accept_everything, line, part, planned, rows_of, state_of, take
from tests.controller.goods import Shop, at, numbers

THEFT = Verdict(reason="theft", may_approve=True)
NUMBER = "CT-100001"


async def a_difference(found: int = 6, *, approve_minor: int = 10**12) -> tuple[Shop, int, int]:
    """Wang finds so many of ten; the shop, the SKU and the row that waits."""
    shop, skus = await a_shop("milk", policy=Policy(units=0, value_minor=0, approve_minor=approve_minor))
    await move([shop.arrival(skus["milk"], 10)])
    await take(part([line("milk", found, 10)], done=11))
    (row,) = await rows_of(NUMBER, "open")
    return shop, skus["milk"], row.id


async def as_li(row: int, verdict: Verdict = THEFT) -> None:
    with events.acting("person:li"):
        await reviewing.accept(NUMBER, row, verdict)


async def test_an_approval_days_later_is_booked_as_of_the_count(database: str) -> None:
    shop, sku, row = await a_difference()
    assert await waiting() == {"count_review": 1}
    await move([shop.sale(sku, 2, minute=30), shop.sale(sku, 1, minute=5)])  # one after the count, one from before that comes late
    await as_li(row)
    assert await numbers(sku) == (4, 0, 0)
    assert await queries.as_of(shop.bin, at(10)) == {sku: 6}
    await move([shop.sale(sku, 1, minute=7)])
    assert await numbers(sku) == (4, 0, 0), "the counting eyes had seen that, too"
    assert (await state_of(NUMBER), await waiting()) == ("booked", {})
    assert await reconcile() == []


async def test_who_counted_does_not_decide(database: str) -> None:
    _, sku, row = await a_difference()
    with events.acting("person:wang"):
        for verb in (reviewing.accept, reviewing.reject):
            with pytest.raises(OwnCount):
                await verb(NUMBER, row, Verdict(reason="theft", note="mine"))
        assert await reviewing.acceptable(NUMBER, may_approve=True) == 0
    assert await numbers(sku) == (10, 0, 0)


async def test_above_the_limit_a_manager_decides(database: str) -> None:
    _, sku, row = await a_difference(approve_minor=300)
    with pytest.raises(NeedsApproval):
        await as_li(row, Verdict(reason="theft"))
    await as_li(row)
    assert await numbers(sku) == (6, 0, 0)


async def test_of_two_reviewers_the_second_is_told_who_was_quicker(database: str) -> None:
    _, sku, row = await a_difference()

    async def accept(person: str) -> str:
        with events.acting(f"person:{person}"):
            try:
                await db.in_transaction(lambda: reviewing.accept(NUMBER, row, THEFT))
            except AlreadyDecided as error:
                return f"{error.name} {error.state} it"
        return "mine"

    said = await asyncio.gather(accept("li"), accept("bo"))
    assert sorted(said) in (["li accepted it", "mine"], ["bo accepted it", "mine"])
    assert await numbers(sku) == (6, 0, 0)


async def test_a_difference_that_changed_is_looked_at_again(database: str) -> None:
    shop, sku, row = await a_difference()
    await move([shop.sale(sku, 1, minute=5)])
    with pytest.raises(ChangedMeanwhile) as refused:
        await as_li(row, Verdict(reason="theft", seen=-4))
    assert refused.value.variance == -3
    await as_li(row, Verdict(reason="theft", seen=-3))
    assert await numbers(sku) == (6, 0, 0)


async def test_late_facts_may_leave_nothing_to_decide(database: str) -> None:
    shop, sku, _ = await a_difference()
    await move([shop.sale(sku, 4, minute=5)])
    assert await refresh(NUMBER)
    assert not await refresh(NUMBER)
    assert (await state_of(NUMBER), await numbers(sku)) == ("booked", (6, 0, 0))


async def test_reasons_are_of_the_list_and_other_says_what(database: str) -> None:
    _, _, row = await a_difference()
    for reason, note in (("pests", None), (None, None), ("other", " ")):
        with pytest.raises(BadReason):
            await as_li(row, Verdict(reason=reason, note=note))
    await set_reason(Reason("pests", "Pests", "虫鼠害"))
    await set_reason(Reason("theft", "Theft", "失窃"), active=False)
    assert {"pests"} == {each.code for each in await reasons()} - {each.code for each in DEFAULT_REASONS}
    with pytest.raises(BadReason):
        await as_li(row)
    await as_li(row, Verdict(reason="pests"))
    (loss,) = await shrinkage("s1", since=at(0), until=at(60))
    assert (loss.reason, loss.rows, loss.net_minor, loss.lost_minor, loss.found_minor) == ("pests", 1, -400, 400, 0)


async def test_a_count_that_is_not_believed_leaves_the_books_alone(database: str) -> None:
    shop, sku, row = await a_difference()
    with events.acting("person:li"):
        with pytest.raises(BadNote):
            await reviewing.reject(NUMBER, row, Verdict())
        await reviewing.reject(NUMBER, row, Verdict(note="the shelf behind was left out"))
    assert (await state_of(NUMBER), await numbers(sku)) == ("rejected", (10, 0, 0))
    await move([shop.sale(sku, 1, minute=5)])
    assert await numbers(sku) == (9, 0, 0), "late facts count as if nobody had looked"


async def test_undone_is_as_if_it_had_never_been(database: str) -> None:
    shop, sku, row = await a_difference()
    await as_li(row)
    await move([shop.sale(sku, 1, minute=5)])
    assert await numbers(sku) == (6, 0, 0)
    with events.acting("person:li"):
        for _ in range(2):
            await reviewing.undo(NUMBER, row, "wrong bin")
    assert await numbers(sku) == (9, 0, 0)
    await move([shop.sale(sku, 1, minute=6)])
    assert await numbers(sku) == (8, 0, 0)
    assert await reconcile() == []


async def test_a_recount_is_another_person_s_and_replaces_the_first(database: str) -> None:
    shop, sku, row = await a_difference()
    with events.acting("person:li"):
        await reviewing.recount(NUMBER, row)
    assert await state_of(NUMBER) == "review"
    assert await take(part([line("milk", 9, 20)], done=21, person="wang", session=NUMBER, round_=2)) == APPLIED
    assert await waiting() == {"count_refused": 1, "count_review": 1}
    await take(part([line("milk", 10, 22)], done=23, person="zhao", session=NUMBER, round_=2))
    assert await state_of(NUMBER) == "booked"
    assert {(each.round, each.state) for each in await rows_of(NUMBER)} == {(2, "accepted")}
    assert await numbers(sku) == (10, 0, 0)
    await move([shop.sale(sku, 2, minute=5)])
    assert await numbers(sku) == (10, 0, 0)


async def test_a_recount_that_nobody_needs_is_withdrawn(database: str) -> None:
    _, sku, row = await a_difference()
    with events.acting("person:li"):
        await reviewing.recount(NUMBER, row)
        (bin_,) = await db.fetch("SELECT id FROM count_bin")
        await reviewing.withdraw_recount(NUMBER, bin_["id"])
        await reviewing.accept(NUMBER, row, THEFT)
    assert (await state_of(NUMBER), await numbers(sku)) == ("booked", (6, 0, 0))


async def test_many_at_once_take_their_number(database: str) -> None:
    shop, skus = await a_shop("milk", "rice", "tea", policy=Policy(units=0, value_minor=0, approve_minor=500))
    await move([shop.arrival(sku, 10) for sku in skus.values()])
    await take(part([line("milk", 9, 1), line("rice", 8, 2), line("tea", 1, 3)], done=4))
    with events.acting("person:li"):
        assert await reviewing.acceptable(NUMBER, may_approve=False) == 2
        with pytest.raises(WrongCount):
            await reviewing.accept_all(NUMBER, 3, Verdict(reason="damage"))
        assert await reviewing.accept_all(NUMBER, 2, Verdict(reason="damage")) == 2
        assert [row.sku for row in await rows_of(NUMBER, "open")] == ["tea"]
        assert await reviewing.accept_all(NUMBER, 1, THEFT) == 1
    assert [(await numbers(sku))[0] for sku in skus.values()] == [9, 8, 1]


async def test_nothing_is_decided_before_it_is_submitted(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 5)])
    number = await planned("A-1", "A-2")
    await take(part([line("milk", 4, 1)], done=2, session=number))
    (row,) = await rows_of(number)
    with pytest.raises(NotCountedYet):
        await reviewing.accept(number, row.id, THEFT)


async def test_a_scan_is_set_aside_or_linked(database: str) -> None:
    shop, skus = await a_shop("milk", "rice")
    await move([shop.arrival(skus["milk"], 5)])
    fact = part([line("milk", 5, 1), line("bottle", 1, 2), line("sack", 2, 3)], done=4)
    await take(fact)
    scans = {row["symbol"]: row["id"] for row in await db.fetch("SELECT id, symbol FROM count_line WHERE state = 'unknown'")}
    with pytest.raises(BadNote):
        await unmatched.set_aside(NUMBER, scans["BOTTLE"], " ")
    await unmatched.set_aside(NUMBER, scans["BOTTLE"], "a customer's")
    await unmatched.link(NUMBER, scans["SACK"], "rice", units=3)
    assert await take(fact) == APPLIED
    assert {row.sku: row.counted for row in await rows_of(NUMBER)} == {"milk": 5, "rice": 6}
    with pytest.raises(unmatched.LineSettled):
        await unmatched.set_aside(NUMBER, scans["SACK"], "too late")


async def test_what_sells_most_is_class_a_and_due_first(database: str) -> None:
    shop, skus = await a_shop("milk", "rice", "tea")
    await move([shop.arrival(sku, 100) for sku in skus.values()])
    await move([shop.sale(skus["milk"], 80, minute=1), shop.sale(skus["rice"], 16, minute=2)])
    assert await classify_site("s1") == {skus["milk"]: "A", skus["rice"]: "B"}
    (bin_,) = await due_bins("s1")
    assert (bin_.code, bin_.abc, bin_.counted_at) == ("A-1", "A", None)
    await set_policy(Policy(site="s1", abc="A", days=7))
    await take(part([line("milk", 20, 5), line("rice", 84, 6), line("tea", 100, 7)], done=8))
    (bin_,) = await due_bins("s1")
    assert bin_.counted_at == at(8)
    assert bin_.due is not None
    assert (bin_.due - at(8)).days == 7


async def test_bins_that_were_short_again_and_again_are_suspects(database: str) -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 30)])
    for turn in range(TREND):
        assert await suspects("s1") == []
        await take(part([line("milk", 20 - turn, 10 * turn + 1)], done=10 * turn + 2))
        await accept_everything(f"CT-{100001 + turn}")
    (found,) = await suspects("s1")
    assert found.code == "A-1"
    assert found.why == {"trend"}
