from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

from edge_agent.health import Health, Retained
from edge_agent.timekeeping import kernel_clock_state
from edge_agent.wire.codec import decode
from edge_agent.wire.messages import Alert, ClockState
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession, settle


@asynccontextmanager
async def running(retained: Retained) -> AsyncIterator[None]:
    task = asyncio.create_task(retained.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_only_what_the_broker_lacks_is_published(session: MemorySession) -> None:
    retained = Retained(session)
    async with running(retained):
        retained.put("a", b"1")
        retained.put("b", b"1")
        await settle()
        assert session.topics() == []
        session.connect()
        retained.publish_again()
        await settle()
        assert session.topics() == ["a", "b"]
        retained.put("a", b"2")
        retained.put("b", b"1")
        await settle()
        assert session.published[2:] == [("a", b"2", True)]
        retained.publish_again()
        await settle()
        assert session.published[3:] == [("a", b"2", True), ("b", b"1", True)]


async def test_a_refused_topic_does_not_stop_the_others(session: MemorySession) -> None:
    retained = Retained(session)
    session.refuse = {"a"}
    session.connect()
    async with running(retained):
        retained.put("a", b"1")
        retained.put("b", b"1")
        await settle()
        assert session.topics() == ["b"]


async def test_an_alert_is_raised_once_and_cleared_by_an_empty_payload(
    session: MemorySession, clock: FixedClock, random: Random
) -> None:
    health = Health(IDENTITY, session, clock, random)
    session.connect()
    async with running(health.retained):
        topic = "shelfwire/1/sh-01/b1/_/alert/disk-full"
        health.clear("disk-full")
        health.alert("disk-full", "outbox_full", "The disk is full.")
        health.alert("disk-full", "outbox_full", "The disk is still full.")
        await settle()
        health.clear("disk-full")
        await settle()
        payloads = [payload for name, payload, _ in session.published if name == topic]
        assert decode(Alert, payloads[0]).message == "The disk is full."
        assert payloads[1:] == [b""]


async def test_an_alert_of_an_earlier_run_does_not_stay_at_the_broker(
    session: MemorySession, clock: FixedClock, random: Random
) -> None:
    health = Health(IDENTITY, session, clock, random)
    session.connect()
    async with running(health.retained):
        await settle()
    told = {name: payload for name, payload, _ in session.published}
    told = {name.rpartition("/")[2]: told[name] for name in told if "/alert/" in name}
    assert told == {"disk-full": b"", "mqtt-refused": b"", "stuck": b"", "same-id": b""}


def test_the_kernel_tells_whether_its_clock_is_right() -> None:
    assert isinstance(kernel_clock_state(), ClockState)
