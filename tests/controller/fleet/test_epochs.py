"""Epochs that boxes closed: noted, and told of when something is wrong with them."""

from __future__ import annotations

import msgspec

from controller import db
from controller.fleet.facts import CARD_PUT_BACK
from controller.ingest import ingest
from edge_agent.wire.facts import RESTARTED, EpochClosed
from edge_agent.wire.messages import Stream
from tests.controller.boxes import WireBox, register, scan


async def closing(box: WireBox, reason: str, **last_seq: int) -> list[str]:
    """What the office hears when the box closes its epoch, knowing of so many facts."""
    closed = EpochClosed(epoch=box.epoch, last_seq=last_seq, salvaged=0, reason=reason)
    await ingest([box.message(box.envelope(closed, stream=Stream.AUX))])
    return [
        msgspec.json.decode(row["data"])["reason"] for row in await db.fetch("SELECT data FROM event WHERE name = 'epoch_ended'")
    ]


async def test_a_box_that_just_started_again_is_no_news(database: str) -> None:
    await register()
    box = WireBox()
    await ingest(box.messages(scan(), scan()))
    assert await closing(box, RESTARTED, fact=2, aux=1) == []
    assert len(await db.fetch("SELECT 1 AS one FROM closed_epoch")) == 1


async def test_a_box_that_knows_less_than_it_had_told_was_put_back(database: str) -> None:
    await register()
    box = WireBox()
    await ingest(box.messages(scan(), scan()))
    assert await closing(box, RESTARTED, fact=1, aux=1) == [CARD_PUT_BACK]


async def test_what_was_damaged_is_told_whatever_is_known_of_it(database: str) -> None:
    await register()
    assert await closing(WireBox(), "quarantined: the disk image is malformed", fact=9) == [
        "quarantined: the disk image is malformed"
    ]
