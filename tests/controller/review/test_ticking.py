from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from controller import db
from controller.errors import NotFound
from controller.orders.numbers import ORDERS
from controller.orders.operations import place
from controller.review.clocks import BadTerm, ClockKind, Counts, Span, Term
from controller.review.opening import Opening, opening_of, set_opening, set_term, terms_of
from controller.review.queries import kept
from controller.review.ticking import begin, end, sweep
from tests.controller.orders_shop import OrderShop, told

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PROBLEM = ClockKind.PROBLEM


async def order(shop: OrderShop) -> int:
    return ORDERS.row_id(await place(shop.order(("tea", 1))))


async def tasks() -> list[tuple[str, str]]:
    rows = await db.fetch("SELECT kind, state FROM task WHERE kind LIKE 'clock%' ORDER BY id")
    return [(row["kind"], row["state"]) for row in rows]


async def test_a_deadline_is_told_when_it_is_near_and_when_it_is_over_once_each(shop: OrderShop) -> None:
    no = await order(shop)
    await begin(no, [PROBLEM], site="s1", at=AT)
    await begin(no, [PROBLEM], site="s1", at=AT + timedelta(hours=2))
    assert await sweep(AT + timedelta(hours=2, minutes=59)) == 0
    assert await sweep(AT + timedelta(hours=3)) == 1
    assert await sweep(AT + timedelta(hours=3, minutes=1)) == 0
    assert await tasks() == [("clock_problem_near", "open")]
    assert await sweep(AT + timedelta(hours=4)) == 1
    assert await sweep(AT + timedelta(days=9)) == 0
    assert await tasks() == [("clock_problem_near", "done"), ("clock_problem_over", "open")]
    assert (await told("clock_near"), await told("clock_over")) == (1, 1)
    assert await end(no, [PROBLEM], at=AT + timedelta(hours=5)) == 1
    assert (await tasks())[1] == ("clock_problem_over", "done")


async def test_many_sweeps_at_once_tell_once(shop: OrderShop) -> None:
    for _ in range(5):
        await begin(await order(shop), [PROBLEM], site="s1", at=AT)
    counts = await asyncio.gather(*(sweep(AT + timedelta(hours=9)) for _ in range(4)))
    assert sum(counts) == 5
    assert await told("clock_over") == 5


async def test_what_ended_is_told_no_more_and_what_is_void_counts_for_nothing(shop: OrderShop) -> None:
    kept_one, missed, void = [await order(shop) for _ in range(3)]
    for no in (kept_one, missed, void):
        await begin(no, [PROBLEM], site="s1", at=AT)
    await end(kept_one, [PROBLEM], at=AT + timedelta(hours=1))
    await end(missed, [PROBLEM], at=AT + timedelta(hours=6))
    await end(void, [PROBLEM], at=AT + timedelta(hours=9), void=True)
    assert await sweep(AT + timedelta(days=1)) == 0
    found = next(row for row in await kept(since=AT, until=AT + timedelta(days=1), sites=None) if row.kind is PROBLEM)
    assert (found.ended, found.within, found.share, found.p50, found.p90) == (2, 1, 5000, 3600, 21600)


async def test_percentiles_are_of_the_nearest_rank(shop: OrderShop) -> None:
    for minutes in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100):
        no = await order(shop)
        await begin(no, [PROBLEM], site="s1", at=AT)
        await end(no, [PROBLEM], at=AT + timedelta(minutes=minutes))
    found = next(row for row in await kept(since=AT, until=AT + timedelta(days=1), sites=None) if row.kind is PROBLEM)
    assert (found.p50, found.p90) == (50 * 60, 90 * 60)


async def test_a_site_has_terms_and_hours_of_its_own(shop: OrderShop) -> None:
    hour = Term(length=timedelta(hours=1), near=timedelta(0), counts=Counts.OPENING)
    await set_term("", PROBLEM, Term(length=timedelta(hours=2), near=timedelta(minutes=5)))
    await set_term("s1", PROBLEM, hour)
    await set_opening("s1", Opening(spans={day: (Span(600, 720),) for day in range(5)}, closed=[]))
    assert (await terms_of("s1"))[PROBLEM] == hour
    assert (await terms_of(None))[PROBLEM].length == timedelta(hours=2)
    assert (await opening_of("s1")).spans[0] == [Span(600, 720)]
    no = await order(shop)
    await begin(no, [PROBLEM], site="s1", at=AT)
    rows = await db.fetch("SELECT due_at FROM order_clock WHERE order_id = ? AND kind = 'problem'", no)
    until = rows[0]["due_at"]
    until = datetime.fromisoformat(until) if isinstance(until, str) else until
    assert until == datetime(2026, 11, 23, 3, 0, tzinfo=UTC), "11:00 in Shanghai on Monday"
    await set_term("s1", PROBLEM, None)
    assert (await terms_of("s1"))[PROBLEM].length == timedelta(hours=2)


async def test_terms_of_no_site_and_bad_hours_are_refused(shop: OrderShop) -> None:
    with pytest.raises(NotFound):
        await set_term("nowhere", PROBLEM, None)
    with pytest.raises(BadTerm):
        await set_opening("s1", Opening(spans={9: (Span(0, 1),)}, closed=[]))


async def test_an_order_that_passes_was_looked_at_at_once(shop: OrderShop) -> None:
    no = await order(shop)
    rows = await db.fetch("SELECT kind, took FROM order_clock WHERE order_id = ?", no)
    assert [(row["kind"], row["took"]) for row in rows] == [("touch", 0)]
