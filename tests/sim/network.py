"""A broker and a network that do all that MQTT 5 allows, and more: drop, delay, duplicate, reorder, forget.

Kept from the standard: a QoS 1 message is delivered until it is acknowledged, retained messages and wills, shared subscriptions.
The order of a retained topic's messages on one connection (section 4.6).  Not kept, on purpose: any other order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from edge_agent.wire.errors import NotConnected
from edge_agent.wire.session import Connected, Disconnected, Event, Incoming, Will


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How bad the network is: probabilities per packet, delays in seconds."""

    drop_connection: float = 0.01
    duplicate: float = 0.05
    delay: float = 0.05
    long_delay: float = 0.02
    long_delay_seconds: float = 3.0


CALM = Weather(drop_connection=0, duplicate=0, long_delay=0, delay=0.005)


@dataclass
class _Stored:
    """What the broker keeps for one client id between connections."""

    filters: set[str]
    unacknowledged: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    next_mid: int = 1


@lru_cache(maxsize=8192)
def matches(filter_: str, topic: str) -> bool:
    """MQTT 5, section 4.7."""
    wanted, got = filter_.split("/"), topic.split("/")
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(got) or (part not in {"+", got[index]}):
            return False
    return len(wanted) == len(got)


class Broker:
    """One broker for all sessions of a world."""

    def __init__(self, random: Random, weather: Weather) -> None:
        self.random = random
        self.weather = weather
        self.is_up = True
        self._stored: dict[str, _Stored] = {}
        self._retained: dict[str, bytes] = {}
        self._connected: dict[str, SimSession] = {}

    def connect(self, session: SimSession) -> bool:
        """Returns whether the broker knew the session."""
        old = self._connected.get(session.client_id)
        if old is not None:
            old.cut("taken over")
        known = session.client_id in self._stored
        if not session.is_kept:
            self._stored.pop(session.client_id, None)
        stored = self._stored.setdefault(session.client_id, _Stored(set()))
        stored.filters = set(session.filters)
        self._connected[session.client_id] = session
        return known

    def after_connect(self, session: SimSession) -> None:
        for topic, payload in self._retained.items():
            if any(matches(own, topic) for own in session.filters if not own.startswith("$share/")):
                self._send(session, topic, payload, retain=True)
        stored = self._stored[session.client_id]
        for mid, (topic, payload) in list(stored.unacknowledged.items()):
            session.deliver(mid, topic, payload, retain=False, duplicate=True)

    def disconnected(self, session: SimSession, *, will: Will | None) -> None:
        if self._connected.get(session.client_id) is session:
            del self._connected[session.client_id]
            if not session.is_kept:
                self._stored.pop(session.client_id, None)
        if will is not None and self.is_up:
            self.publish(will.topic, will.payload, retain=will.retain)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        if retain:
            if payload:
                self._retained[topic] = payload
            else:
                self._retained.pop(topic, None)
        shared: dict[str, list[str]] = {}
        for client_id, stored in self._stored.items():
            for filter_ in stored.filters:
                if filter_.startswith("$share/"):
                    _, group, plain = filter_.split("/", 2)
                    if matches(plain, topic):
                        shared.setdefault(group, []).append(client_id)
                elif matches(filter_, topic):
                    self._queue(client_id, topic, payload)
                    break
        for members in shared.values():
            online = [member for member in members if member in self._connected]
            self._queue(self.random.choice(online or members), topic, payload)

    def is_retained(self, topic: str) -> bool:
        return topic in self._retained

    def acknowledged(self, client_id: str, mid: int) -> None:
        if client_id in self._stored:
            self._stored[client_id].unacknowledged.pop(mid, None)

    def cut_all(self) -> None:
        """Every connection breaks; what is stored stays."""
        for session in list(self._connected.values()):
            session.cut("broker gone", will=False)

    def wipe(self) -> None:
        """Power cut with an empty store: every session and retained message is gone."""
        self.cut_all()
        self._stored.clear()
        self._retained.clear()

    def _queue(self, client_id: str, topic: str, payload: bytes) -> None:
        stored = self._stored[client_id]
        mid, stored.next_mid = stored.next_mid, stored.next_mid + 1
        stored.unacknowledged[mid] = (topic, payload)
        session = self._connected.get(client_id)
        if session is not None:
            session.deliver(mid, topic, payload, retain=False, duplicate=False)

    def _send(self, session: SimSession, topic: str, payload: bytes, *, retain: bool) -> None:
        stored = self._stored[session.client_id]
        mid, stored.next_mid = stored.next_mid, stored.next_mid + 1
        session.deliver(mid, topic, payload, retain=retain, duplicate=False)


class SimSession:
    """`edge_agent.wire.session.Session` over the simulated broker.  `is_kept`: the broker keeps it while there is no connection."""

    def __init__(self, broker: Broker, client_id: str, filters: list[str], *, is_kept: bool) -> None:
        self.client_id = client_id
        self.filters = filters
        self.is_kept = is_kept
        self._broker = broker
        self._will: Will | None = None
        self._connection = 0
        self._is_connected = False
        self._is_dead = False
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._states: dict[str, float] = {}
        """By retained topic: when its latest message arrives."""

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    def set_will(self, will: Will) -> None:
        self._will = will

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._broker.random.uniform(0.01, 0.2))
                if self._broker.is_up and not self._is_dead:
                    self._lost.clear()
                    known = self._broker.connect(self)
                    self._connection += 1
                    self._is_connected = True
                    self._emit(Connected(self._connection, known))
                    self._broker.after_connect(self)
                    await self._lost.wait()
                await asyncio.sleep(self._broker.random.uniform(0, 2))
        finally:
            self.cut("ended")

    async def events(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if not self._is_connected:
            raise NotConnected("no connection")
        random, weather = self._broker.random, self._broker.weather
        done = asyncio.get_running_loop().create_future()
        self._waiting[done] = None
        connection = self._connection
        self._later(lambda: self._arrive(connection, topic, payload, retain, done))
        if random.random() < weather.duplicate:
            self._later(lambda: self._arrive(connection, topic, payload, retain, None))
        if random.random() < weather.drop_connection:
            self._later(lambda: self._cut_if(connection, "dropped"))
        if qos == 0:
            return
        try:
            await done
        finally:
            self._waiting.pop(done, None)
            if done.done() and not done.cancelled():
                done.exception()  # seen, also by a task that was cancelled meanwhile

    def deliver(self, mid: int, topic: str, payload: bytes, *, retain: bool, duplicate: bool) -> None:
        connection = self._connection

        def acknowledge() -> None:
            if self._is_connected and connection == self._connection:
                self._later(lambda: self._broker.acknowledged(self.client_id, mid) if connection == self._connection else None)

        def arrive() -> None:
            if self._is_connected and connection == self._connection:
                self._emit(Incoming(topic, payload, retain, duplicate, acknowledge))

        state = topic if self._broker.is_retained(topic) else None
        self._later(arrive, state=state)
        if self._broker.random.random() < self._broker.weather.duplicate:
            self._later(arrive, state=state)

    def cut(self, reason: str, *, will: bool = True) -> None:
        """The connection is gone, without a goodbye."""
        if not self._is_connected:
            return
        self._is_connected = False
        for future in self._waiting:
            if not future.done():
                future.set_exception(NotConnected(reason))
        self._waiting.clear()
        self._lost.set()
        self._emit(Disconnected(self._connection, reason))
        self._broker.disconnected(self, will=self._will if will else None)

    def kill(self) -> None:
        """The process that owns this session is gone."""
        self._is_dead = True
        self.cut("killed")

    def _cut_if(self, connection: int, reason: str) -> None:
        if connection == self._connection:
            self.cut(reason)

    def _arrive(
        self,
        connection: int,
        topic: str,
        payload: bytes,
        retain: bool,
        done: asyncio.Future[None] | None,
    ) -> None:
        if not self._broker.is_up or connection != self._connection or not self._is_connected:
            return
        self._broker.publish(topic, payload, retain=retain)

        def puback() -> None:
            if done is not None and not done.done():
                done.set_result(None)

        if done is not None:
            self._later(puback)

    def _later(self, call: Callable[[], None], *, state: str | None = None) -> None:
        """After a while; what is about the same retained `state` in its order."""
        weather, random = self._broker.weather, self._broker.random
        delay = random.uniform(0, weather.delay)
        if random.random() < weather.long_delay:
            delay += random.uniform(0, weather.long_delay_seconds)
        loop = asyncio.get_running_loop()
        due = loop.time() + delay
        if state is not None:
            due = self._states[state] = max(due, self._states.get(state, 0) + 1e-6)
        loop.call_at(due, call)

    def _emit(self, event: Event) -> None:
        self._events.append(event)
        self._wake.set()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is gone."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
