"""Sessions that plan themselves: off until somebody says so, once a turn, when the site's business day begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from controller import db
from controller.counts.planning import BadPlan
from controller.counts.scheduling import Schedule, pause, plan_due, schedules, set_schedule
from controller.counts.states import SessionKind
from controller.errors import NotFound
from controller.stock.operations import move
from tests.controller.counts.counting import a_shop
from tests.controller.goods import at
from tests.doubles import FixedClock


@pytest.fixture
async def clock(schema_url: str) -> AsyncIterator[FixedClock]:
    found = FixedClock(at(0))
    await db.connect(schema_url, clock=found)
    yield found
    await db.close()


WEEKLY = Schedule(site="s1", kind=SessionKind.CLASS, every_days=7, most=50)


async def stocked() -> None:
    shop, skus = await a_shop("milk")
    await move([shop.arrival(skus["milk"], 10)])


async def test_nothing_is_planned_where_nobody_asked_for_it(database: str) -> None:
    await stocked()
    assert await plan_due() == []
    assert await schedules("s1") == []


async def test_a_session_each_turn_when_the_business_day_begins(clock: FixedClock) -> None:
    await stocked()
    await db.execute("UPDATE site SET day_starts = '04:00'")
    saved = await set_schedule(WEEKLY)
    assert saved.next_at is not None
    assert (saved.next_at - db.now()) <= timedelta(days=1)
    assert saved.next_at.astimezone().minute == 0
    assert await plan_due() == []
    clock.pass_time(86_400)
    assert await plan_due() == ["CT-100001"]
    assert await plan_due() == []
    (after,) = await schedules("s1")
    assert after.next_at == saved.next_at + timedelta(days=7)
    assert after.last_no == "CT-100001"
    clock.pass_time(30 * 86_400)
    assert await plan_due() == [], "its bin is still to be counted; turns that were missed are not made up for"
    (session,) = await db.fetch("SELECT kind, created_by FROM count_session")
    assert session == {"kind": "class", "created_by": "system"}


async def test_a_turn_is_taken_once_by_many(clock: FixedClock) -> None:
    await stocked()
    await set_schedule(WEEKLY)
    clock.pass_time(86_400)
    found = await asyncio.gather(*(plan_due() for _ in range(4)))
    assert sorted(number for numbers in found for number in numbers) == ["CT-100001"]


async def test_it_is_changed_and_ended(database: str) -> None:
    await stocked()
    first = await set_schedule(WEEKLY)
    again = await set_schedule(Schedule(site="s1", kind=SessionKind.CLASS, every_days=7, counters=2))
    assert (again.next_at, again.counters) == (first.next_at, 2), "the turn stays"
    await set_schedule(Schedule(site="s1", kind=SessionKind.CLASS, every_days=0))
    assert await schedules("s1") == []


@pytest.mark.parametrize(
    "bad",
    [
        Schedule(site="s1", kind=SessionKind.CHOSEN, every_days=1),
        Schedule(site="s1", kind=SessionKind.ZONE, every_days=1),
        Schedule(site="s1", kind=SessionKind.SUSPICION, scope="x", every_days=1),
        Schedule(site="s1", kind=SessionKind.CLASS, scope="D", every_days=1),
        Schedule(site="s1", kind=SessionKind.CLASS, every_days=367),
        Schedule(site="s1", kind=SessionKind.CLASS, every_days=1, counters=0),
    ],
)
async def test_what_cannot_be_planned_is_refused(database: str, bad: Schedule) -> None:
    await stocked()
    with pytest.raises(BadPlan):
        await set_schedule(bad)
    with pytest.raises(NotFound):
        await set_schedule(Schedule(site="s9", kind=SessionKind.CLASS, every_days=1))


async def test_what_is_paused_plans_nothing_until_it_goes_on(clock: FixedClock) -> None:
    await stocked()
    await set_schedule(WEEKLY)
    await pause("s1", SessionKind.CLASS, "", is_paused=True)
    clock.pass_time(20 * 86_400)
    assert await plan_due() == []
    await set_schedule(replace(WEEKLY, most=9))
    (paused,) = await schedules("s1")
    assert (paused.is_paused, paused.most) == (True, 9)
    await pause("s1", SessionKind.CLASS, "", is_paused=False)
    assert await plan_due() == [], "a turn that was missed is not made up for"
    clock.pass_time(86_400)
    assert await plan_due() == ["CT-100001"]
    with pytest.raises(NotFound):
        await pause("s1", SessionKind.ZONE, "cold", is_paused=True)
