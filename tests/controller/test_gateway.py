"""The gateway on a session in memory: when it acks, when it frees the broker, what it sends and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from controller import db
from controller.backlog import TRIES
from controller.gateway import Gateway
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.messages import Ack, GatewayState
from tests.controller.boxes import WireBox, register, scan
from tests.doubles import FixedClock, MemorySession

MANY = 13
"""Failures: down to single messages, and more tries than a message that is at fault would get."""


@pytest.fixture
async def session(database: str) -> AsyncIterator[MemorySession]:
    """A connected session with a gateway on it."""
    session = MemorySession()
    session.connect()
    gateway = asyncio.create_task(Gateway(session, FixedClock(), Random(1), "gw-1").run())
    yield session
    gateway.cancel()
    await asyncio.gather(gateway, return_exceptions=True)


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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
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
