"""Two boxes under one identity: noticed by what each says of itself, and cleared when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from controller import db
from controller.fleet import clones, presence
from controller.fleet.clones import RETURNS, WITHIN, Seen
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import BoxDescription
from edge_agent.wire.session import Incoming
from tests.controller.boxes import register
from tests.doubles import FixedClock

ONE, OTHER, THIRD = (UUID(int=number) for number in (1, 2, 3))
START = datetime(2026, 11, 22, tzinfo=UTC)


def described(epoch: UUID) -> Incoming:
    payload = encode(BoxDescription(agent="0.1.0", epoch=epoch, speaks={}, devices=[]))
    return Incoming("shelfwire/1/sh-01/b1/_/desc", payload, retain=False, duplicate=False, acknowledge=lambda: None)


async def say(*epochs: UUID) -> list[str]:
    for epoch in epochs:
        async with db.transaction():
            await presence.note([described(epoch)])
    return [row["code"] for row in await db.fetch("SELECT code FROM alert")]


def test_a_box_that_starts_again_and_again_is_one() -> None:
    seen = Seen()
    assert not any(seen.hear(UUID(int=number), START) for number in range(1, 50))
    assert not any(seen.hear(UUID(int=49), START) for _ in range(50))


def test_what_a_broker_delivers_once_more_is_no_second_box() -> None:
    seen = Seen()
    assert not any(seen.hear(epoch, START) for epoch in (ONE, OTHER, ONE, OTHER))


def test_returns_of_many_hours_are_no_second_box() -> None:
    seen = Seen()
    hours = [START + timedelta(hours=number) for number in range(40)]
    assert not any(seen.hear(ONE if number % 2 else OTHER, at) for number, at in enumerate(hours))


async def test_two_that_take_turns_are_told_of_once_and_cleared_when_one_is_off(schema_url: str) -> None:
    clock = FixedClock()
    await db.connect(schema_url, clock=clock)
    try:
        await register()
        assert await say(*[ONE, OTHER] * (RETURNS // 2), ONE) == []
        assert await say(OTHER) == ["two_boxes"]
        clock.pass_time(60)
        assert await say(ONE, OTHER, THIRD, ONE) == ["two_boxes"]
        clock.pass_time(WITHIN.total_seconds() - 30)
        assert await sweep() == ["two_boxes"]
        clock.pass_time(60)
        assert await sweep() == []
        events = [row["name"] for row in await db.fetch("SELECT name FROM event WHERE name LIKE 'alert%' ORDER BY id")]
        assert events == ["alert_raised", "alert_cleared"]
    finally:
        await db.close()


async def sweep() -> list[str]:
    async with db.transaction():
        await clones.tell_when_over()
    return await say()
