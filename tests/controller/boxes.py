"""Envelopes as boxes send them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from controller.db import execute
from edge_agent.seams import uuid4, uuid7
from edge_agent.wire.codec import batches, encode, encode_data
from edge_agent.wire.facts import Fact, Scan
from edge_agent.wire.messages import ClockState, Envelope, Stream, Symbol
from edge_agent.wire.session import Incoming
from edge_agent.wire.topics import BoxTopic, Family
from tests.doubles import NOON, FixedClock

SITE = "sh-01"


async def register(box: str = "b1", site: str = SITE) -> None:
    await execute("INSERT INTO box (id, site, name, link, created_at) VALUES (?, ?, ?, 'offline', ?)", box, site, box, NOON)


def scan(text: str = "4006381333931") -> Scan:
    return Scan(symbol=Symbol(text=text))


@dataclass
class WireBox:
    """Numbers facts as an outbox does, and wraps them as messages of this box."""

    box: str = "b1"
    site: str = SITE
    random: Random = field(default_factory=lambda: Random(7))
    clock: FixedClock = field(default_factory=FixedClock)
    boot: str = "boot-1"
    epoch: UUID = field(init=False)
    seqs: dict[Stream, itertools.count[int]] = field(default_factory=lambda: {stream: itertools.count(1) for stream in Stream})
    acknowledged: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.epoch = uuid4(self.random)

    def envelope(
        self,
        fact: Fact,
        *,
        stream: Stream = Stream.FACT,
        seq: int | None = None,
        id: UUID | None = None,  # noqa: A002 -- as the envelope names it
        at: datetime | None = None,
        synced: bool = True,
        mono_ms: int | None = None,
        device: str | None = "scanner",
    ) -> Envelope:
        return Envelope(
            v=fact.version,
            name=fact.name,
            id=id or uuid7(self.clock, self.random),
            box=self.box,
            station="till",
            device=device,
            stream=stream,
            epoch=self.epoch,
            seq=seq or next(self.seqs[stream]),
            boot=self.boot,
            at=at or self.clock.now(),
            mono_ms=self.clock.mono_ms() if mono_ms is None else mono_ms,
            clock=ClockState(synced=synced, error_ms=20 if synced else None),
            data=encode_data(fact),
        )

    def topic(self, name: str = "scan") -> str:
        return str(BoxTopic(site=self.site, box=self.box, device="scanner", family=Family.FACT, name=name))

    def message(self, envelope: Envelope) -> Incoming:
        return self.raw(self.topic(envelope.name), encode(envelope))

    def messages(self, *facts: Fact) -> list[Incoming]:
        return [self.message(self.envelope(fact)) for fact in facts]

    def batch(self, envelopes: list[Envelope]) -> list[Incoming]:
        topic = str(BoxTopic(site=self.site, box=self.box, family=Family.BATCH))
        return [self.raw(topic, payload) for payload, _ in batches(encode(one) for one in envelopes)]

    def raw(self, topic: str, payload: bytes) -> Incoming:
        return Incoming(topic, payload, False, False, lambda: self.acknowledged.append(payload))
