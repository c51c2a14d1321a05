"""A TCP proxy between an MQTT client and its broker that reads the packets and does to them what networks and bad brokers do.

`proxy.begin(fault, …)` holds for all connections, also those that are open, until `proxy.calm()`: then what was held back goes on,
and what can never be right again (a half-open connection, a cut packet) is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tests.chaos.mqtt_frames import Frame, Frames, Kind

CHUNK = 65536
THROTTLE = 4000
"""Bytes a second: a bad telephone line."""
LONGEST_DELAY = 0.3
DELAYED_CONNACK = 1.5
HELD_BACK = 0.05
"""Seconds until a packet that waits to be overtaken goes on all the same."""


class Fault(StrEnum):
    """What is done, to packets of either direction or of one."""

    DROP = "drop connection"
    HALF_OPEN = "half-open: accept, never forward"
    BLACKHOLE_UP = "blackhole towards the broker"
    BLACKHOLE_DOWN = "blackhole towards the client"
    DELAY = "delay and jitter"
    THROTTLE = "throttle"
    CUT = "cut inside a packet"
    NO_PUBACK = "swallow PUBACK"
    DUPLICATE = "duplicate PUBLISH with DUP"
    REORDER = "reorder PUBLISH"
    LATE_CONNACK = "delay CONNACK"
    FEW_BYTES = "close after N bytes"


ODDS = {Fault.DROP: 0.15, Fault.CUT: 0.1, Fault.NO_PUBACK: 0.5, Fault.DUPLICATE: 0.5, Fault.REORDER: 0.5}
"""How often, per packet that it may happen to."""
SILENT = {Fault.HALF_OPEN, Fault.BLACKHOLE_UP, Fault.BLACKHOLE_DOWN, Fault.NO_PUBACK}
"""After these a connection can never be right again: MQTT 5 delivers again only in the next one."""


AT_CONNECTING = {Fault.HALF_OPEN, Fault.LATE_CONNACK}


class _Cut(Exception):
    """The connection ends here."""


@dataclass(eq=False)
class _Pump:
    """One direction of a connection."""

    proxy: Proxy
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_up: bool
    held: Frame | None = None
    bytes_left: int = 0

    async def run(self) -> None:
        frames = Frames()
        while True:
            chunk = await self._read()
            if not chunk:
                return
            for frame in frames.feed(chunk):
                await self._pass(frame)
            await self.writer.drain()

    async def _read(self) -> bytes:
        if self.held is None:
            return await self.reader.read(CHUNK)
        reading = asyncio.ensure_future(self.reader.read(CHUNK))
        try:
            await asyncio.wait([reading], timeout=HELD_BACK)
            if not reading.done():
                self._release()
            return await reading
        finally:
            reading.cancel()

    def _release(self) -> None:
        if self.held is not None:
            held, self.held = self.held, None
            self.writer.write(held.raw)

    async def _pass(self, frame: Frame) -> None:
        """Raises _Cut."""
        proxy, fault = self.proxy, self.proxy.fault
        match fault:
            case Fault.HALF_OPEN | Fault.BLACKHOLE_UP | Fault.BLACKHOLE_DOWN if self._is_swallowed(fault):
                proxy.count()
            case Fault.DELAY:
                await self._slowly(frame, proxy.random.uniform(0, LONGEST_DELAY))
            case Fault.THROTTLE:
                await self._slowly(frame, len(frame.raw) / THROTTLE)
            case Fault.LATE_CONNACK if frame.kind is Kind.CONNACK:
                await self._slowly(frame, DELAYED_CONNACK)
            case Fault.NO_PUBACK if frame.kind is Kind.PUBACK and proxy.happens():
                pass
            case Fault.DROP if proxy.happens():
                raise _Cut
            case Fault.CUT if proxy.happens():
                self.writer.write(frame.raw[: proxy.random.randrange(len(frame.raw))])
                await self.writer.drain()
                raise _Cut
            case Fault.FEW_BYTES:
                self._count_bytes(frame)
            case Fault.DUPLICATE if frame.kind is Kind.PUBLISH and frame.qos and proxy.happens():
                self.writer.write(frame.raw + frame.as_duplicate().raw)
            case Fault.REORDER if frame.kind is Kind.PUBLISH and self.held is None and proxy.happens():
                self.held = frame
            case _:
                self.writer.write(frame.raw)
                self._release()

    def _is_swallowed(self, fault: Fault) -> bool:
        return fault is Fault.HALF_OPEN or (fault is Fault.BLACKHOLE_UP) == self.is_up

    async def _slowly(self, frame: Frame, seconds: float) -> None:
        self.proxy.count()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.proxy.is_calm.wait()
        self.writer.write(frame.raw)

    def _count_bytes(self, frame: Frame) -> None:
        self.bytes_left = self.bytes_left or self.proxy.random.randint(20, 4000)
        part = frame.raw[: self.bytes_left]
        self.writer.write(part)
        self.bytes_left -= len(part)
        if self.bytes_left <= 0:
            self.proxy.count()
            raise _Cut


@dataclass(eq=False)
class Proxy:
    """See the module's docstring.  `injected`: how often each fault did something."""

    broker_port: int
    random: Random
    port: int = 0
    fault: Fault | None = None
    injected: Counter[Fault] = field(default_factory=Counter)
    is_calm: asyncio.Event = field(default_factory=asyncio.Event)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, fault: Fault) -> None:
        """Those that happen to new connections end the old ones."""
        self.fault = fault
        self.is_calm.clear()
        if fault in AT_CONNECTING:
            self._end_all()

    def calm(self) -> None:
        """Faults end; who waits for what was swallowed is told so by the end of the connection, as a network does in the end."""
        was, self.fault = self.fault, None
        self.is_calm.set()
        if was in SILENT:
            self._end_all()

    def _end_all(self) -> None:
        for connection in self._connections:
            connection.cancel()

    def happens(self) -> bool:
        if self.fault is None or self.random.random() >= ODDS[self.fault]:
            return False
        self.count()
        return True

    def count(self) -> None:
        if self.fault is not None:
            self.injected[self.fault] += 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._join(reader, writer)
        except (asyncio.CancelledError, OSError):
            pass  # a proxy's connection just ends
        finally:
            await closed(writer)
            self._connections.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.broker_port)
        try:
            pumps = [_Pump(self, reader, back, is_up=True), _Pump(self, there, writer, is_up=False)]
            running = [asyncio.ensure_future(_ends(pump.run)) for pump in pumps]
            try:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in running:
                    each.cancel()
                await asyncio.wait(running)
        finally:
            await closed(back)


async def closed(writer: asyncio.StreamWriter) -> None:
    """What was written may still leave, but nobody is waited for who does not take it."""
    writer.close()
    try:
        async with asyncio.timeout(0.2):
            await writer.wait_closed()
    except (TimeoutError, OSError):
        writer.transport.abort()
        await asyncio.sleep(0)


async def _ends(run: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(_Cut, OSError, asyncio.CancelledError):
        await run()


@asynccontextmanager
async def running_proxy(broker_port: int, random: Random) -> AsyncIterator[Proxy]:
    """On a free port of loopback."""
    proxy = Proxy(broker_port, random)
    proxy.is_calm.set()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy._end_all()
        while proxy._connections:
            await asyncio.sleep(0.01)
