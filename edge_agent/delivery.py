"""Delivery: from the outbox to the controller, and freed only by the controller's own ack.

A live fact goes alone, at once, also while a backlog drains in batches: what was appended since the link came up has a window of
its own.  Streams have priority among each other (result, fact, aux).  What is not acked after 10 s, or when a gateway comes with a
new session, is sent again: the controller takes each identity once, in any order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from uuid import UUID

import msgspec

from edge_agent.acks import AckResult
from edge_agent.disk import Disk
from edge_agent.outbox import Identity, Outbox, Waiting
from edge_agent.seams import failpoint
from edge_agent.wire.codec import MAX_PAYLOAD, batches, decode, decode_fact, encode
from edge_agent.wire.errors import NotConnected, Refused, WireError
from edge_agent.wire.facts import CommandDone, JobChanged
from edge_agent.wire.messages import Ack, Envelope, GatewayState, Stream
from edge_agent.wire.session import Session
from edge_agent.wire.topics import BOX_ITSELF, BoxTopic, Family

ACK_SECONDS = 10.0
"""Unacked for this long: sent again.  Also the longest wait for one PUBACK."""
WINDOW = 1000
"""Rows of a stream that may be on their way at once."""
LIVE_WINDOW = 100
"""So many rows more, for what was appended since the link came up: a backlog that fills its window does not hold them back."""
LIVE_ROWS = 3
"""Up to so many waiting rows go one by one; more are a backlog and travel in batches."""
READ_ROWS = 250

Key = tuple[UUID, Stream, int]

_log = logging.getLogger(__name__)


class Gateways:
    """Which gateways are online.  Births count in the order they come; the will of an older session is ignored."""

    def __init__(self) -> None:
        self._sessions: dict[str, UUID] = {}
        self._online: set[str] = set()

    @property
    def is_linked(self) -> bool:
        return bool(self._online)

    def apply(self, gateway: str, state: GatewayState) -> bool:
        """True when a gateway began a new session: whatever was on its way to the old one may be lost."""
        known = self._sessions.get(gateway)
        if not state.online:
            if known in (None, state.session):
                self._online.discard(gateway)
            return False
        self._sessions[gateway] = state.session
        self._online.add(gateway)
        return known != state.session

    def forget(self) -> None:
        """Nothing is known any more: the connection went, their retained states come again."""
        self._sessions.clear()
        self._online.clear()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One MQTT message and the identities in it."""

    topic: str
    payload: bytes
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class _Sent:
    position: int
    deadline: float


class Delivery:
    """See the module's docstring.  `run` is the one task that sends; the others tell it what happened."""

    def __init__(
        self, outbox: Outbox, disk: Disk, session: Session, *, on_refused: Callable[[Refused], None] = lambda _: None
    ) -> None:
        self.gateways = Gateways()
        self.working: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        """Around each reading of what is next."""
        self._outbox = outbox
        self._disk = disk
        self._session = session
        self._on_refused = on_refused
        self._wake = asyncio.Event()
        self._in_flight: dict[Key, _Sent] = {}
        self._cursor = dict.fromkeys(Stream, 0)
        self._highest = dict.fromkeys(Stream, 0)
        self._unread = set(Stream)
        self._live: dict[Stream, int] = {}
        self._unread_live: set[Stream] = set()
        self._generation = 0

    @property
    def is_linked(self) -> bool:
        """Whether the controller can hear this box: connected, and any gateway online."""
        return self._session.is_connected and self.gateways.is_linked

    def notify(self, streams: Iterable[Stream]) -> None:
        """Something new waits in these streams."""
        for stream in streams:
            self._unread.add(stream)
            self._unread_live.add(stream)
        self._wake.set()

    def start_over(self) -> None:
        """Send all that waits again: a new connection or a new gateway session."""
        self._generation += 1
        self._in_flight.clear()
        self._cursor = dict.fromkeys(Stream, 0)
        self._live = {}
        self._unread = set(Stream)
        self._wake.set()

    def look_again(self) -> None:
        """Something that had been acked waits again; what is on its way stays so."""
        self._cursor = dict.fromkeys(Stream, 0)
        self.notify(Stream)

    def on_disconnected(self) -> None:
        self.gateways.forget()

    def on_gateway(self, gateway: str, state: GatewayState) -> None:
        if self.gateways.apply(gateway, state):
            self.start_over()

    async def on_ack(self, ack: Ack) -> AckResult:
        """Free what the controller has; on return it is on disk.  Raises OutboxFull (the disk cannot even note it)."""
        result = await self._disk.run(lambda: self._outbox.apply(ack))
        for key in [key for key in self._in_flight if _is_covered(key, ack)]:
            del self._in_flight[key]
        if result.has_new_identities:
            self.start_over()
        for row in result.rejected:
            told = {"seq": row.seq, "code": row.code}
            _log.warning(
                "the controller rejected a message: %s, %s %d: %s", row.name, ack.stream.value, row.seq, row.code, extra=told
            )
        self._wake.set()
        return result

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                self._forget_overdue()
                while self.is_linked and (parcels := await self._in_time()):
                    for parcel in parcels:
                        tasks.create_task(self._publish(parcel), name="delivery.publish")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._until_overdue()):
                        await self._wake.wait()

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _in_time(self) -> list[Parcel]:
        with self.working():
            return await self._next()

    async def _next(self) -> list[Parcel]:
        """What is to be sent now, from the first stream that has any; marked as on its way."""
        for stream in Stream:
            if rows := await self._read_live(stream):
                return self._pack(stream, rows)
            while stream in self._unread:
                room = WINDOW - self._count(stream)
                if room <= 0:
                    break
                rows = await self._read(stream, min(room, READ_ROWS))
                if rows:
                    return self._pack(stream, rows)
        return []

    def _count(self, stream: Stream) -> int:
        """Rows on their way."""
        return sum(key[1] is stream for key in self._in_flight)

    async def _read_live(self, stream: Stream) -> list[Waiting]:
        """What was appended since this link came up.  What is overdue of it, the reading of the backlog finds."""
        if stream not in self._live:
            generation = self._generation
            last = await self._disk.run(self._outbox.last_position)
            if generation == self._generation:
                self._live[stream] = last
            return []
        room = WINDOW + LIVE_WINDOW - self._count(stream)
        if stream not in self._unread_live or room <= 0:
            return []
        self._unread_live.discard(stream)
        generation, after, limit = self._generation, self._live[stream], min(room, LIVE_WINDOW)
        rows = await self._disk.run(lambda: self._outbox.window(stream, after, limit=limit, limit_bytes=MAX_PAYLOAD))
        if generation != self._generation:
            return []
        if rows:
            self._live[stream] = rows[-1].position
            self._unread_live.add(stream)
        return [row for row in rows if (row.epoch, stream, row.seq) not in self._in_flight]

    async def _read(self, stream: Stream, limit: int) -> list[Waiting]:
        """The next rows that are not on their way.  Empty: there may be more only while the stream is still in `_unread`."""
        generation, cursor = self._generation, self._cursor[stream]
        self._unread.discard(stream)
        rows = await self._disk.run(lambda: self._outbox.window(stream, cursor, limit=limit, limit_bytes=MAX_PAYLOAD))
        if generation != self._generation or self._cursor[stream] != cursor:
            self._unread.add(stream)
            return []
        if rows:
            self._cursor[stream] = rows[-1].position
            self._unread.add(stream)
        return [row for row in rows if (row.epoch, stream, row.seq) not in self._in_flight]

    def _pack(self, stream: Stream, rows: list[Waiting]) -> list[Parcel]:
        deadline = asyncio.get_running_loop().time() + ACK_SECONDS
        was_sent = self._highest[stream]
        self._highest[stream] = max(was_sent, rows[-1].position)
        for row in rows:
            self._in_flight[row.epoch, stream, row.seq] = _Sent(row.position, deadline)
        if len(rows) > LIVE_ROWS:
            return list(batch_parcels(self._outbox.identity, stream, rows))
        return [live_parcel(self._outbox.identity, stream, row, replay=row.position <= was_sent) for row in rows]

    async def _publish(self, parcel: Parcel) -> None:
        """What fails here stays on its way until it is overdue, or until the next connection starts over."""
        try:
            failpoint("box.before_publish")
            async with asyncio.timeout(ACK_SECONDS):
                await self._session.publish(parcel.topic, parcel.payload, qos=1)
        except (NotConnected, TimeoutError):
            return
        except Refused as refused:
            self._on_refused(refused)
            return
        failpoint("box.after_publish")

    def _forget_overdue(self) -> None:
        now = asyncio.get_running_loop().time()
        for key in [key for key, sent in self._in_flight.items() if sent.deadline <= now]:
            sent = self._in_flight.pop(key)
            stream = key[1]
            self._cursor[stream] = min(self._cursor[stream], sent.position - 1)
            self._unread.add(stream)

    def _until_overdue(self) -> float | None:
        if not self._in_flight or not self.is_linked:
            return None
        first = next(iter(self._in_flight.values())).deadline  # they were added in the order of their deadlines
        return max(0.0, first - asyncio.get_running_loop().time())


def live_parcel(identity: Identity, stream: Stream, row: Waiting, *, replay: bool) -> Parcel:
    """One envelope in a message of its own, on the topic of what it is."""
    payload = _as_replay(row.payload) if replay else row.payload
    return Parcel(_topic(identity, row), payload, ((row.epoch, stream, row.seq),))


def batch_parcels(identity: Identity, stream: Stream, rows: list[Waiting]) -> Iterator[Parcel]:
    """Rows in batches of one epoch and at most 64 KiB each; all marked as replayed."""
    topic = str(BoxTopic(site=identity.site, box=identity.box, family=Family.BATCH))
    for _, group in groupby(rows, key=lambda row: row.epoch):
        members = list(group)
        for payload, count in batches(_as_replay(row.payload) for row in members):
            yield Parcel(topic, payload, tuple((row.epoch, stream, row.seq) for row in members[:count]))
            members = members[count:]


def _as_replay(payload: bytes) -> bytes:
    return encode(msgspec.structs.replace(decode(Envelope, payload), replay=True))


def _topic(identity: Identity, row: Waiting) -> str:
    """Results go where their request came from, everything else is a fact."""
    topic = partial(BoxTopic, site=identity.site, box=identity.box, device=row.device or BOX_ITSELF)
    with contextlib.suppress(WireError):
        match decode_fact(decode(Envelope, row.payload)) if row.name in (JobChanged.name, CommandDone.name) else None:
            case JobChanged(job=job):
                return str(topic(family=Family.JOB, name=job, leg="res"))
            case CommandDone(command=command):
                return str(topic(family=Family.CMD, name=command, leg="res"))
    return str(topic(family=Family.FACT, name=row.name))


def _is_covered(key: Key, ack: Ack) -> bool:
    epoch, stream, seq = key
    return epoch == ack.epoch and stream is ack.stream and any(first <= seq <= last for first, last in ack.ranges)
