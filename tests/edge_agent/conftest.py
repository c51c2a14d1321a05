"""A box's seams with fixed values: a clock that stands still until it is told, a seeded random source."""

from __future__ import annotations

import asyncio
import sqlite3
import weakref
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.outbox import Identity, Outbox
from edge_agent.wire.errors import NotConnected, Refused
from edge_agent.wire.session import Connected, Disconnected, Event, Incoming, Will

IDENTITY = Identity(site="sh-01", box="b1", boot="boot-1")
NO_BALLAST = FactsLimits(ballast_bytes=0)


class FixedClock:
    """Wall and boot time that only `advance` moves."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
        self.milliseconds = 1000

    def now(self) -> datetime:
        return self.wall

    def mono_ms(self) -> int:
        return self.milliseconds

    def advance(self, by: timedelta) -> None:
        self.wall += by
        self.milliseconds += int(by.total_seconds() * 1000)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def random() -> Random:
    return Random(7)


@pytest.fixture
def facts(tmp_path: Path) -> FactsDb:
    return FactsDb(tmp_path / "facts.db", NO_BALLAST)


@pytest.fixture
def outbox(facts: FactsDb, clock: FixedClock, random: Random) -> Outbox:
    return Outbox(facts, IDENTITY, clock, random)


class MemorySession:
    """A session whose other end is the test: what was published, and events pushed in by hand."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, bool]] = []
        self.will: Will | None = None
        self.refuse: set[str] = set()
        self.holds_pubacks = False
        self._is_connected = False
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._connections = 0

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self._events.get()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if not self._is_connected:
            raise NotConnected("the test says so")
        if topic in self.refuse:
            raise Refused(topic, 0x87, "Not authorized")
        self.published.append((topic, payload, retain))
        await (asyncio.Event().wait() if self.holds_pubacks and qos else asyncio.sleep(0))

    def set_will(self, will: Will) -> None:
        self.will = will

    def connect(self) -> None:
        self._connections += 1
        self._is_connected = True
        self._events.put_nowait(Connected(self._connections, session_present=False))

    def disconnect(self) -> None:
        self._is_connected = False
        self._events.put_nowait(Disconnected(self._connections, "the test says so"))

    def deliver(self, topic: str, payload: bytes, acknowledged: list[str] | None = None) -> None:
        acknowledge = (lambda: None) if acknowledged is None else (lambda: acknowledged.append(topic))
        self._events.put_nowait(Incoming(topic, payload, retain=False, duplicate=False, acknowledge=acknowledge))

    def topics(self) -> list[str]:
        return [topic for topic, _, _ in self.published]


async def settle() -> None:
    """Let every task run until nothing is ready; no time passes."""
    for _ in range(60):
        await asyncio.sleep(0)


async def let_pass(seconds: float) -> None:
    """Time passes on the running loop's clock, at once."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]  # a loop of this test's own
    await settle()


@pytest.fixture
def session() -> MemorySession:
    return MemorySession()


@pytest.fixture(autouse=True)
def a_crash_leaves_no_file_open() -> Iterator[None]:
    """A box that a test lets go of without a word, as kill -9 would, gives its facts.db back when it is collected."""
    connect = FactsDb._connect

    def given_back(self: FactsDb) -> sqlite3.Connection:
        connection = connect(self)
        weakref.finalize(self, connection.close)
        return connection

    with pytest.MonkeyPatch.context() as own:  # not the test's: that one may be undone in its middle
        own.setattr(FactsDb, "_connect", given_back)
        yield
