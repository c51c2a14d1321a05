"""Stand-ins that tests share: a session in memory, a clock that is set by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge_agent.wire.errors import NotConnected
from edge_agent.wire.session import Connected, Disconnected, Event, Incoming, Will

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class FixedClock:
    """A clock that moves only by `pass_time`."""

    at: datetime = NOON
    boot_ms: int = 1_000_000

    def now(self) -> datetime:
        return self.at

    def mono_ms(self) -> int:
        return self.boot_ms

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.boot_ms += int(seconds * 1000)


@dataclass(frozen=True)
class Published:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass
class MemorySession:
    """A `Session` without a broker: the test says what arrives and sees what leaves.

    `deliver` hands a message to the consumer and returns it; `acknowledged` holds those whose PUBACK was given while the
    connection that delivered them was up.  `connect`, `disconnect` are the connection's turns; `published` is what left, in order.
    With `holds_pubacks` no publish comes back.
    """

    published: list[Published] = field(default_factory=list)
    acknowledged: list[Incoming] = field(default_factory=list)
    wills: list[Will] = field(default_factory=list)
    connection: int = 0
    is_connected: bool = False
    holds_pubacks: bool = False
    _events: deque[Event] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    # --- what the product sees -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        await asyncio.sleep(0)
        if not self.is_connected:
            raise NotConnected("the test has not connected this session")
        self.published.append(Published(topic, payload, qos, retain))
        self._left.set()
        if self.holds_pubacks:
            await asyncio.Event().wait()

    def set_will(self, will: Will) -> None:
        self.wills.append(will)

    # --- what the test does --------------------------------------------------------------------------------------------------

    def connect(self, *, session_present: bool = False) -> None:
        self.connection += 1
        self.is_connected = True
        self._put(Connected(self.connection, session_present))

    def disconnect(self, reason: str = "the test cut it") -> None:
        self.is_connected = False
        self._put(Disconnected(self.connection, reason))

    def deliver(self, topic: str, payload: bytes, *, retain: bool = False, duplicate: bool = False) -> Incoming:
        connection = self.connection

        def acknowledge() -> None:
            if self.is_connected and self.connection == connection:
                self.acknowledged.append(message)

        message = Incoming(topic, payload, retain, duplicate, acknowledge)
        self._put(message)
        return message

    async def until_published(self, topic_end: str, count: int = 1, seconds: float = 5) -> list[Published]:
        """The first messages that left on topics with this end, once there are `count` of them."""
        async with asyncio.timeout(seconds):
            while len(found := [one for one in self.published if one.topic.endswith(topic_end)]) < count:
                self._left.clear()
                await self._left.wait()
        return list(itertools.islice(found, count))

    def _put(self, event: Event) -> None:
        self._events.append(event)
        self._wake.set()
