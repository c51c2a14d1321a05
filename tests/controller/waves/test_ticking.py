"""Waves by the clock: each turn is one wave, however many look, and a turn that was missed is not made up for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import db
from controller.orders.operations import place
from controller.waves import queries
from controller.waves.composing import compose_due
from controller.waves.rules import Rule, next_turn, put_rule
from controller.waves.rules import rule as rule_of
from controller.waves.states import Timing, WaveState
from controller.waves.ticking import COMPOSED_EVERY, look
from tests.controller.orders_shop import OrderShop
from tests.doubles import FixedClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def clock(schema_url: str) -> AsyncIterator[FixedClock]:
    found = FixedClock(NOON)
    await db.connect(schema_url, clock=found)
    yield found
    await db.close()


@pytest.fixture
async def shop(clock: FixedClock) -> OrderShop:
    shop = await OrderShop.open()
    await shop.stock("tea", 100)
    return shop


async def states() -> list[WaveState]:
    return [one.state for one in reversed(await queries.waves(before=None, limit=50))]


async def test_every_so_many_minutes_and_once_however_many_look(clock: FixedClock, shop: OrderShop) -> None:
    rule = await put_rule(Rule(site="s1", name="often", timing=Timing.EVERY, every_minutes=30))
    await place(shop.order(("tea", 1)))
    assert await compose_due() == []
    clock.at += timedelta(minutes=30)
    turns = await asyncio.gather(*(compose_due() for _ in range(3)))
    assert sorted(map(len, turns)) == [0, 0, 1]
    assert (await rule_of(rule.id)).due_at == clock.at + timedelta(minutes=30)
    clock.at += timedelta(hours=9)
    await place(shop.order(("tea", 1)))
    assert len(await compose_due()) == 1
    assert (await rule_of(rule.id)).due_at == clock.at + timedelta(minutes=30)


async def test_when_so_many_wait_and_released_at_once(clock: FixedClock, shop: OrderShop) -> None:
    await put_rule(Rule(site="s1", name="three", timing=Timing.WAITING, waiting=3, releases=True))
    for _ in range(2):
        await place(shop.order(("tea", 1)))
    looked = await look(None)
    await place(shop.order(("tea", 1)))
    assert await states() == []
    assert await look(looked) == looked, "not each second"
    clock.at += COMPOSED_EVERY
    assert await look(looked) == clock.at
    assert await states() == [WaveState.RELEASED]
    (wave,) = await queries.waves(before=None, limit=1)
    assert wave.progress.waiting == 3
    assert (wave.composed_by, wave.released_by) == ("system", "system")


async def test_a_rule_that_rests_does_nothing(clock: FixedClock, shop: OrderShop) -> None:
    rule = await put_rule(Rule(site="s1", name="rests", timing=Timing.EVERY, every_minutes=1, is_active=False))
    assert rule.due_at is None
    await place(shop.order(("tea", 1)))
    clock.at += timedelta(hours=1)
    assert await compose_due() == []
    await put_rule(replace(rule, is_active=True))
    clock.at += timedelta(minutes=1)
    assert len(await compose_due()) == 1


AT = Rule(site="s1", name="at", timing=Timing.AT, times=(time(8), time(14, 30)))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-22T07:59:00+08:00", "2026-11-22T08:00:00+08:00"),
        ("2026-11-22T08:00:00+08:00", "2026-11-22T14:30:00+08:00"),
        ("2026-11-22T23:00:00+08:00", "2026-11-23T08:00:00+08:00"),
    ],
)
def test_times_are_those_of_the_wall(at: str, expected: str) -> None:
    assert next_turn(AT, datetime.fromisoformat(at).astimezone(UTC), "Asia/Shanghai") == datetime.fromisoformat(expected)


@given(st.integers(0, 366 * 24 * 60), st.sets(st.integers(0, 24 * 60 - 1), min_size=1, max_size=5))
def test_the_next_turn_is_later_and_within_a_day(minutes: int, times: set[int]) -> None:
    instant = NOON + timedelta(minutes=minutes)
    rule = replace(AT, times=tuple(time(minute // 60, minute % 60) for minute in sorted(times)))
    turn = next_turn(rule, instant, "Europe/Berlin")
    assert turn is not None
    assert instant < turn <= instant + timedelta(hours=26), "a day of 25 hours, and an hour that clocks skip"
