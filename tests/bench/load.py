"""What boxes say in a bench: facts as their outboxes number them, as single messages and as a backlog's batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from random import Random

from edge_agent.seams import SystemClock, uuid4, uuid7
from edge_agent.wire.codec import batches, encode, encode_data
from edge_agent.wire.facts import Fact, Received, Scan
from edge_agent.wire.messages import ClockState, Envelope, Stream, Symbol
from edge_agent.wire.topics import BoxTopic, Family

SITE = "bench"
BOXES = tuple(f"b{number:02}" for number in range(10))
SYMBOLS = tuple(f"BENCH-{number:04}" for number in range(1000))
"""One SKU each, in the catalogue that `chain.prepare` makes."""

Message = tuple[str, bytes]
"""Topic and payload."""


def scans(count: int) -> list[Fact]:
    return [Scan(symbol=Symbol(text=text)) for text in itertools.islice(itertools.cycle(SYMBOLS), count)]


def deliveries(count: int) -> list[Fact]:
    lines = zip(itertools.cycle(SYMBOLS), range(count), strict=False)
    return [Received(document=f"D-{number // 40}", symbol=Symbol(text=text), quantity=1 + number % 5) for text, number in lines]


def singles(facts: Sequence[Fact], seed: int) -> list[Message]:
    """A message each, of all boxes in turn."""
    by_box = [_envelopes(box, facts[place :: len(BOXES)], seed) for place, box in enumerate(BOXES)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_box))
    return [(_fact_topic(envelope), encode(envelope)) for envelope in turns if envelope is not None]


def backlog(facts: Sequence[Fact], seed: int) -> list[Message]:
    """Batches of 64 KiB, of all boxes in turn."""
    by_box = [_batches(box, facts[place :: len(BOXES)], seed) for place, box in enumerate(BOXES)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_box))
    return [message for message in turns if message is not None]


def _batches(box: str, facts: Sequence[Fact], seed: int) -> Iterator[Message]:
    topic = str(BoxTopic(site=SITE, box=box, family=Family.BATCH))
    for payload, _ in batches(encode(envelope) for envelope in _envelopes(box, facts, seed)):
        yield topic, payload


def _fact_topic(envelope: Envelope) -> str:
    return str(BoxTopic(site=SITE, box=envelope.box, device=envelope.device or "_", family=Family.FACT, name=envelope.name))


def _envelopes(box: str, facts: Sequence[Fact], seed: int) -> list[Envelope]:
    clock, random = SystemClock(), Random(f"{box}-{seed}")
    epoch = uuid4(random)
    return [
        Envelope(
            v=fact.version,
            name=fact.name,
            id=uuid7(clock, random),
            box=box,
            station="desk",
            device="scanner",
            stream=Stream.FACT,
            epoch=epoch,
            seq=seq,
            boot="0b1c8e0e-52f3-4ad6-a0ee-3d7f8a9c1e55",
            at=clock.now().replace(microsecond=0),
            mono_ms=clock.mono_ms(),
            clock=ClockState(synced=True, error_ms=4),
            data=encode_data(fact),
        )
        for seq, fact in enumerate(facts, 1)
    ]
