"""From MQTT messages to readings.  Pure: any bytes may come in, nothing is raised, nothing is stored.

A message holds one envelope (`fact/{name}`, `job/{id}/res`, `cmd/{id}/res`) or a batch of them.  Each becomes a `Reading` of its
own, so that one that cannot be read never takes its neighbours along.  Nothing behind this module meets U+0000, which PostgreSQL's
text cannot hold: it becomes U+FFFD.
"""

from __future__ import annotations

import re
from functools import lru_cache
from uuid import UUID

import msgspec
from msgspec import Struct

from controller.facts import Rejected
from edge_agent.wire.codec import MAX_PAYLOAD, decode, decode_fact
from edge_agent.wire.errors import WireError
from edge_agent.wire.facts import Fact
from edge_agent.wire.messages import Batch, Envelope, Positive, Stream
from edge_agent.wire.session import Incoming
from edge_agent.wire.topics import BoxTopic, Family, parse

UNREADABLE_KEPT = 64 * 1024
"""Bytes of an unreadable message that are stored."""


class Slot(Struct, frozen=True):
    """Where an ack goes and what it names: the box that published, at the site it listens at, and the place in its outbox."""

    site: str
    box: str
    epoch: UUID
    stream: Stream
    seq: int


class Readable(Struct, frozen=True):
    """An envelope; `fact` is its typed data, or why there is none."""

    slot: Slot
    envelope: Envelope
    fact: Fact | Rejected
    topic: str


class Unreadable(Struct, frozen=True):
    """What is no envelope of its box; `slot` if at least its place in the outbox could be read, so that the box hears of it."""

    topic: str
    payload: bytes
    why: Rejected
    slot: Slot | None = None


Reading = Readable | Unreadable


class _Place(Struct, frozen=True):
    """The least that an ack needs."""

    epoch: UUID
    stream: Stream
    seq: Positive


_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""The escape of U+0000 in JSON, but not a backslash that is escaped itself, before `u0000` (RFC 8259, section 7)."""
_place = msgspec.json.Decoder(_Place)


@lru_cache(maxsize=4096)
def box_topic(topic: str) -> BoxTopic | None:
    """The topic, parsed; None if it is no box's."""
    try:
        parsed = parse(topic)
    except WireError:
        return None
    return parsed if isinstance(parsed, BoxTopic) else None


def carries_facts(topic: BoxTopic) -> bool:
    """Whether messages of this topic come through the box's outbox and wait for our ack."""
    return topic.family in (Family.FACT, Family.BATCH) or topic.leg == "res"


def read(message: Incoming) -> list[Reading]:
    """All that a message says, in its order."""
    topic = box_topic(message.topic)
    if topic is None or not carries_facts(topic):
        return [_unreadable(message.topic, message.payload, "bad_topic", f"{message.topic[:200]!r} carries no facts of a box")]
    if topic.family is not Family.BATCH:
        return [_read_one(topic, message.topic, message.payload)]
    try:
        batch = decode(Batch, message.payload)
    except WireError as error:
        return [_unreadable(message.topic, message.payload, error.code, str(error))]
    return [_read_one(topic, message.topic, raw) for raw in batch.messages]


def _read_one(topic: BoxTopic, name: str, payload: bytes | msgspec.Raw) -> Reading:
    payload = _without_nul(payload)
    try:
        envelope = decode(Envelope, payload)
    except WireError as error:
        return _unreadable(name, bytes(payload), error.code, str(error), _slot_of(topic, payload))
    slot = Slot(topic.site, topic.box, envelope.epoch, envelope.stream, envelope.seq)
    if envelope.box != topic.box:
        detail = f"the payload is of box {envelope.box}, the topic of {topic.box}"
        return _unreadable(name, bytes(payload), "wrong_box", detail, slot)
    try:
        fact: Fact | Rejected = decode_fact(envelope)
    except WireError as error:
        fact = Rejected(error.code, str(error)[:1000])
    return Readable(slot, envelope, fact, name)


def _without_nul(payload: bytes | msgspec.Raw) -> bytes:
    raw = bytes(payload)
    return _NUL.sub(rb"\1\\ufffd", raw) if b"\\u0000" in raw and len(raw) <= MAX_PAYLOAD else raw


def _unreadable(topic: str, payload: bytes, code: str, detail: str, slot: Slot | None = None) -> Unreadable:
    return Unreadable(topic[:500], payload[:UNREADABLE_KEPT], Rejected(code, detail[:1000]), slot)


def _slot_of(topic: BoxTopic, payload: bytes | msgspec.Raw) -> Slot | None:
    if len(payload) > UNREADABLE_KEPT:
        return None
    try:
        place = _place.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Slot(topic.site, topic.box, place.epoch, place.stream, place.seq)
