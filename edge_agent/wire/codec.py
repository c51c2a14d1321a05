"""JSON in and out.  `decode` raises only WireError; anything may come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeVar

import msgspec

from edge_agent.wire.errors import BadPayload, UnsupportedVersion
from edge_agent.wire.facts import FACTS, Fact
from edge_agent.wire.messages import Batch, Envelope

MAX_PAYLOAD = 64 * 1024
"""Bytes of one MQTT payload, batches included."""

T = TypeVar("T", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")
_names = frozenset(name for name, _ in FACTS)


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind)


def encode(message: msgspec.Struct) -> bytes:
    return _encoder.encode(message)


def decode(kind: type[T], payload: bytes | memoryview) -> T:
    """Raises BadPayload, UnsupportedVersion (a message with `v` other than 1, envelopes apart: their `v` is their fact's)."""
    if len(payload) > MAX_PAYLOAD:
        raise BadPayload(f"{len(payload)} bytes, expected at most {MAX_PAYLOAD}")
    try:
        message: T = _decoder(kind).decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(f"not a {kind.__name__}: {error}") from error
    version = getattr(message, "v", 1)
    if kind is not Envelope and version != 1:
        raise UnsupportedVersion(f"{kind.__name__} version {version}, expected 1")
    return message


def decode_fact(envelope: Envelope) -> Fact:
    """The typed `data` of an envelope.  Raises UnsupportedVersion (unknown name or version), BadPayload."""
    kind = FACTS.get((envelope.name, envelope.v))
    if kind is None:
        known = "known, but not in this version" if envelope.name in _names else "unknown"
        raise UnsupportedVersion(f"fact {envelope.name!r} version {envelope.v} is {known}")
    return decode(kind, bytes(envelope.data))


def encode_data(fact: Fact) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(fact))


def batches(envelopes: Iterable[bytes], limit: int = MAX_PAYLOAD) -> Iterator[tuple[bytes, int]]:
    """Pack encoded envelopes, in order, into encoded batches of at most `limit` bytes; yields (payload, how many)."""
    overhead = len(_encoder.encode(Batch(messages=[])))
    pending: list[msgspec.Raw] = []
    size = overhead
    for envelope in envelopes:
        if pending and size + len(envelope) + 1 > limit:
            yield _encoder.encode(Batch(messages=pending)), len(pending)
            pending, size = [], overhead
        pending.append(msgspec.Raw(envelope))
        size += len(envelope) + 1
    if pending:
        yield _encoder.encode(Batch(messages=pending)), len(pending)
