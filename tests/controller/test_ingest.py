"""Ingest: each fact once, whatever is sent, however often, in whatever order."""

from __future__ import annotations

from random import Random

import pytest

from controller.db import fetch
from controller.ingest import ingest
from edge_agent.wire.messages import Rejection
from tests.controller.boxes import WireBox, register, scan


async def stored() -> list[int]:
    return [row["seq"] for row in await fetch("SELECT seq FROM fact ORDER BY seq")]


async def test_facts_are_stored_and_acked_as_one_range(database: str) -> None:
    await register()
    box = WireBox()
    (answer,) = await ingest(box.messages(scan(), scan(), scan()))
    assert (answer.topic, answer.ack.ranges, answer.ack.rejected) == ("shelfwire/1/sh-01/b1/_/ack", [(1, 3)], [])
    assert await stored() == [1, 2, 3]


async def test_a_replay_is_acked_again_and_stored_once(database: str) -> None:
    await register()
    box = WireBox()
    messages = box.messages(scan(), scan())
    await ingest(messages)
    (answer,) = await ingest([*messages, *messages])
    assert answer.ack.ranges == [(1, 2)]
    assert await stored() == [1, 2]


async def test_any_order_and_any_grouping_give_the_same_facts(database: str) -> None:
    await register()
    box = WireBox()
    messages = box.messages(*[scan()] * 20)
    random = Random(3)
    for _ in range(6):
        await ingest(random.sample(messages, 8))
    await ingest(messages)
    assert await stored() == list(range(1, 21))


async def test_a_used_identity_with_another_id_is_refused_and_kept_for_inspection(database: str) -> None:
    await register()
    box = WireBox()
    await ingest([box.message(box.envelope(scan("first"), seq=1))])
    (answer,) = await ingest([box.message(box.envelope(scan("second"), seq=1))])
    assert answer.ack.rejected == [Rejection(seq=1, code="seq_reused")]
    assert answer.ack.ranges == [(1, 1)]
    assert len(await stored()) == 1
    rows = await fetch("SELECT code FROM rejected_message")
    assert [row["code"] for row in rows] == ["seq_reused"]


async def test_a_fact_with_a_second_identity_has_no_second_effect(database: str) -> None:
    await register()
    box = WireBox()
    envelope = box.envelope(scan())
    await ingest([box.message(envelope)])
    salvaged = WireBox(random=Random(8))
    again = salvaged.envelope(scan(), id=envelope.id)
    for _ in range(2):
        (answer,) = await ingest([salvaged.message(again)])
        assert (answer.ack.epoch, answer.ack.ranges, answer.ack.rejected) == (salvaged.epoch, [(1, 1)], [])
    assert len(await fetch("SELECT id FROM fact")) == 1
    assert len(await fetch("SELECT fact FROM fact_again")) == 1


@pytest.mark.parametrize("code", ["wrong_box", "unknown_box"])
async def test_foreign_and_unknown_boxes_are_told_so(database: str, code: str) -> None:
    await register()
    sender = WireBox(box="b2")
    envelope = WireBox().envelope(scan()) if code == "wrong_box" else sender.envelope(scan())
    (answer,) = await ingest([sender.message(envelope)])
    assert answer.box == "b2"
    assert answer.ack.rejected == [Rejection(seq=1, code=code)]
    assert await stored() == []
