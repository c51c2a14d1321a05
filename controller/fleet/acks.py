"""Acks: what was committed, as ranges per outbox stream.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from controller.fleet.intake import Slot
from edge_agent.wire.messages import Ack, Rejection, Stream
from edge_agent.wire.topics import BoxTopic, Family

ENTRIES_PER_ACK = 500
"""Ranges, or rejections, of one ack, so that it stays below the 64 KiB of a payload."""
_CODE_LENGTH = 40

Verdict = tuple[Slot, str | None]
"""A place in an outbox, and the code if what was there is rejected."""


class AckOut(Struct, frozen=True):
    """An ack and the box it is for, at the site where the box listens."""

    site: str
    box: str
    ack: Ack

    @property
    def topic(self) -> str:
        return str(BoxTopic(site=self.site, box=self.box, family=Family.ACK))


def acks_of(verdicts: Sequence[Verdict]) -> list[AckOut]:
    """The acks that say it, one or more per (box, epoch, stream)."""
    streams: dict[tuple[str, str, UUID, Stream], dict[int, str | None]] = {}
    for slot, code in verdicts:
        streams.setdefault((slot.site, slot.box, slot.epoch, slot.stream), {})[slot.seq] = code
    return [AckOut(site, box, ack) for (site, box, epoch, stream), codes in streams.items() for ack in _acks(epoch, stream, codes)]


def _acks(epoch: UUID, stream: Stream, codes: dict[int, str | None]) -> list[Ack]:
    acks: list[Ack] = []
    ranges: list[tuple[int, int]] = []
    rejected: list[Rejection] = []
    for seq in sorted(codes):
        if len(ranges) >= ENTRIES_PER_ACK or len(rejected) >= ENTRIES_PER_ACK:
            acks.append(Ack(epoch=epoch, stream=stream, ranges=ranges, rejected=rejected))
            ranges, rejected = [], []
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
        if (code := codes[seq]) is not None:
            rejected.append(Rejection(seq=seq, code=code[:_CODE_LENGTH]))
    acks.append(Ack(epoch=epoch, stream=stream, ranges=ranges, rejected=rejected))
    return acks
