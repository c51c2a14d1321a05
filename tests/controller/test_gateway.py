"""The gateway on a session in memory: when it acks, when it frees the broker, what it sends and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random
from uuid import UUID

import pytest

from controller import db, gateway
from controller.backlog import TRIES
from controller.gateway import Gateway
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import Ack, BoxDescription, DeviceDescription, GatewayState
from edge_agent.wire.telemetry import Telemetry
from tests.controller.boxes import WireBox, register, scan
from tests.doubles import NOON, FixedClock, MemorySession

MANY = 13
"""Failures: down to single messages, and more tries than a message that is at fault would get."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def session(database: str, clock: FixedClock) -> AsyncIterator[MemorySession]:
    """A connected session with a gateway on it."""
    session = MemorySession()
    session.connect()
    running = asyncio.create_task(Gateway(session, clock, Random(1), "gw-1").run())
    yield session
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_scan_is_acked_and_only_then_is_the_broker_freed(session: MemorySession) -> None:
    await register()
    box = WireBox()
    envelope = box.envelope(scan())
    message = session.deliver(box.topic(), encode(envelope))
    (published,) = await session.until_published("/_/ack")
    assert decode(Ack, published.payload).ranges == [(1, 1)]
    assert session.acknowledged == [message]


async def test_each_connection_is_a_new_birth_with_its_will(session: MemorySession) -> None:
    (first,) = await session.until_published("/_host/gw-1/state".removeprefix("/_host"))
    session.disconnect()
    session.connect()
    births = await session.until_published("/gw-1/state", 2)
    states = [decode(GatewayState, one.payload) for one in births]
    assert [state.online for state in states] == [True, True]
    assert states[0].session != states[1].session
    assert [decode(GatewayState, will.payload).session for will in session.wills] == [state.session for state in states]
    assert first.retain


@pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)
async def test_the_state_is_told_again_so_that_a_broker_that_lost_it_has_it_back(
    session: MemorySession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "TEND_SECONDS", 0.01)
    await session.until_published("/gw-1/state")
    for times in (2, 3):
        clock.pass_time(gateway.SWEEP_SECONDS)
        told = await session.until_published("/gw-1/state", times)
    states = [decode(GatewayState, one.payload) for one in told]
    assert len({state.session for state in states}) == 1  # a new one would have every box send everything again
    assert all(state.online for state in states)
    assert all(one.retain for one in told)


@pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)
async def test_a_birth_that_the_broker_never_acknowledges_holds_up_no_reading(
    database: str, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> None:
    monkeypatch.setattr(gateway, "BIRTH_SECONDS", 0.01)
    monkeypatch.setattr(gateway, "TEND_SECONDS", 0.01)
    monkeypatch.setattr(gateway, "FAREWELL_SECONDS", 0.01)
    await register()
    session, box = MemorySession(holds_pubacks=True), WireBox()
    session.connect()
    running = asyncio.create_task(Gateway(session, clock, Random(1), "gw-1").run())
    session.deliver(box.topic(), encode(box.envelope(scan())))
    await session.until_published("/_/ack")
    clock.pass_time(gateway.SWEEP_SECONDS)
    await session.until_published("/gw-1/state", 2)
    clock.pass_time(gateway.SWEEP_SECONDS)
    await session.until_published("/gw-1/state", 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_garbage_blocks_nothing(session: MemorySession) -> None:
    await register()
    box = WireBox()
    garbage = session.deliver(box.topic(), b"\xff{]")
    session.deliver("shelfwire/1/sh-01/b1/_/state", b"[1]")
    session.deliver("no/topic/of/ours", b"")
    session.deliver(box.topic(), encode(box.envelope(scan())))
    await session.until_published("/_/ack")
    assert garbage in session.acknowledged
    rows = await db.fetch("SELECT code FROM rejected_message ORDER BY code")
    assert {"bad_payload", "bad_topic"} <= {row["code"] for row in rows}


@pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)
async def test_a_full_disk_costs_no_fact_and_not_the_gateway(session: MemorySession, caplog: pytest.LogCaptureFixture) -> None:
    await register()
    box = WireBox()
    await db.fetch("PRAGMA max_page_count = 1")  # no page more than there are now
    facts = [encode(box.envelope(scan("x" * 1000))) for _ in range(200)]
    messages = [session.deliver(box.topic(), fact) for fact in facts]

    def failures() -> int:
        return sum(record.message.startswith("facts could not be stored") for record in caplog.records)

    async with asyncio.timeout(20):
        while failures() < MANY:
            await asyncio.sleep(0.01)
    await db.fetch("PRAGMA max_page_count = 100000")
    async with asyncio.timeout(20):
        while len(session.acknowledged) < len(messages):
            await asyncio.sleep(0.01)
    rows = await db.fetch("SELECT outcome, COUNT(*) AS n FROM fact GROUP BY outcome")
    assert [(row["outcome"], row["n"]) for row in rows] == [("applied", 200)]
    assert await db.fetch("SELECT 1 AS one FROM rejected_message") == []


@pytest.mark.parametrize("schema_url", ["sqlite"], indirect=True)
async def test_news_of_a_box_outlives_a_full_disk_and_holds_nothing_back(
    session: MemorySession, caplog: pytest.LogCaptureFixture
) -> None:
    await register()
    await db.fetch("PRAGMA max_page_count = 1")  # no page more than there are now
    devices = [DeviceDescription(id=f"d{number}", kind="scanner", model="m" * 20, address="a" * 20) for number in range(400)]
    described = BoxDescription(agent="0", epoch=UUID(int=1), speaks={}, devices=devices)
    first = session.deliver("shelfwire/1/sh-01/b1/_/desc", encode(described), retain=True)
    async with asyncio.timeout(20):
        while sum(record.message.startswith("the state of boxes") for record in caplog.records) < TRIES + 2:
            await asyncio.sleep(0.01)
    await db.fetch("PRAGMA max_page_count = 100000")
    async with asyncio.timeout(20):
        while first not in session.acknowledged:
            await asyncio.sleep(0.01)
    assert len(await db.fetch("SELECT id FROM device")) == len(devices)


async def test_with_much_news_waiting_telemetry_goes_first(session: MemorySession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "NEWS_WAITING", 5)
    await register()
    for waiting in range(20):
        told = Telemetry(waiting=waiting, oldest_at=None, disk_free=1, at=NOON)
        session.deliver("shelfwire/1/sh-01/b1/_/tel", encode(told))
    async with asyncio.timeout(5):
        while len(session.acknowledged) < 20:
            await asyncio.sleep(0.01)
    (row,) = await db.fetch("SELECT waiting FROM box")
    assert row["waiting"] == 4
