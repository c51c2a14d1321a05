"""Ingest: each fact once, whatever is sent, however often, in whatever order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest

from controller.db import COPIED_FROM, execute, fetch
from controller.dispatch import HANDLERS
from controller.facts import APPLIED, FactIn, Outcome
from controller.ingest import ingest, retry_parked
from controller.sites.operations import create_site
from controller.values import AT_ONCE
from edge_agent import seams
from edge_agent.wire.codec import decode
from edge_agent.wire.facts import ClockSynced, JobChanged, JobState, PrintRequested, Scan
from edge_agent.wire.messages import Envelope, JobRequest, Rejection, Stream
from tests.controller.boxes import SITE, WireBox, register, scan
from tests.doubles import NOON


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


async def test_many_facts_of_which_one_came_before_are_each_stored_once(database: str) -> None:
    await register()
    box = WireBox()
    messages = box.messages(*[scan()] * (2 * COPIED_FROM))
    await ingest(messages[COPIED_FROM : COPIED_FROM + 1])
    (answer,) = await ingest(messages)
    assert answer.ack.ranges == [(1, 2 * COPIED_FROM)]
    assert await stored() == list(range(1, 2 * COPIED_FROM + 1))


async def test_many_facts_of_which_some_came_before_fill_statements_and_a_rest(database: str) -> None:
    await register()
    rows_at_once = AT_ONCE // 22
    box = WireBox()
    messages = box.messages(*[scan()] * (2 * rows_at_once + 3))
    old = (0, rows_at_once - 1, rows_at_once, 2 * rows_at_once + 2)
    await ingest([messages[place] for place in old])
    (answer,) = await ingest(messages)
    assert answer.ack.ranges == [(1, len(messages))]
    rows = await fetch("SELECT id, seq, outcome FROM fact ORDER BY seq")
    sent = [decode(Envelope, message.payload) for message in messages]
    assert [(row["id"], row["seq"], row["outcome"]) for row in rows] == [(one.id, one.seq, "applied") for one in sent]


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


async def test_the_second_identity_of_a_fact_is_used_too(database: str) -> None:
    """A card that is put back twice may use a number again that its renumbered facts had."""
    await register()
    box = WireBox()
    envelope = box.envelope(scan("first"), seq=1)
    await ingest([box.message(envelope)])
    await ingest([box.message(msgspec.structs.replace(envelope, seq=7))])
    (answer,) = await ingest([box.message(box.envelope(scan("second"), seq=7))])
    assert answer.ack.rejected == [Rejection(seq=7, code="seq_reused")]
    assert await stored() == [1]


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


async def test_what_the_database_cannot_hold_as_it_is_blocks_nothing(database: str) -> None:
    await register()
    box = WireBox()
    odd = [
        box.envelope(scan("nul \0 inside")),
        msgspec.structs.replace(box.envelope(scan()), boot="\0", person="a\0b", mono_ms=2**63),
        box.envelope(scan(), at=datetime.fromisoformat("0001-01-01T00:00:00+14:00")),
        box.envelope(scan(), at=datetime.fromisoformat("9999-12-31T23:59:59-14:00"), synced=False),
        box.envelope(scan(), device="d" * 40 + "\n"),
        box.envelope(scan("the last")),
    ]
    (answer,) = await ingest([box.message(envelope) for envelope in odd])
    assert (answer.ack.ranges, answer.ack.rejected) == ([(1, 6)], [])
    assert await stored() == [1, 2, 3, 4, 5, 6]


async def test_bad_data_and_unknown_versions_are_rejected_kept_and_answered_the_same_again(database: str) -> None:
    await register()
    box = WireBox()
    envelopes = [
        msgspec.structs.replace(box.envelope(scan()), v=99),
        msgspec.structs.replace(box.envelope(scan()), name="never_heard_of"),
        msgspec.structs.replace(box.envelope(scan()), data=msgspec.Raw(b'{"symbol":7}')),
    ]
    for _ in range(2):
        (answer,) = await ingest([box.message(envelope) for envelope in envelopes])
        assert [rejection.code for rejection in answer.ack.rejected] == [
            "unsupported_version",
            "unsupported_version",
            "bad_payload",
        ]
    rows = await fetch("SELECT outcome FROM fact")
    assert [row["outcome"] for row in rows] == ["rejected"] * 3


async def test_a_fact_that_its_handler_cannot_take_holds_up_no_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def picky(facts: Sequence[FactIn[Scan]]) -> list[Outcome]:
        await execute("UPDATE box SET waiting = coalesce(waiting, 0) + ? WHERE id = 'b1'", len(facts))
        if any(fact.data.symbol.text == "poison" for fact in facts):
            raise ArithmeticError("cannot take this")
        return [APPLIED] * len(facts)

    monkeypatch.setitem(HANDLERS, Scan, picky)
    await register()
    box = WireBox()
    (answer,) = await ingest(box.messages(scan("a"), scan("b"), scan("poison"), scan("c"), scan("d")))
    assert answer.ack.ranges == [(1, 5)]
    assert answer.ack.rejected == [Rejection(seq=3, code="handler_error")]
    assert (await fetch("SELECT waiting FROM box"))[0]["waiting"] == 4  # what the failed tries did is undone


@pytest.mark.parametrize("place", ["ctl.after_receive", "ctl.before_commit", "ctl.after_commit_before_ack"])
async def test_a_crash_anywhere_before_the_ack_costs_nothing(database: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await register()
    box = WireBox()
    messages = box.messages(scan(), scan())
    with monkeypatch.context() as armed:
        armed.setitem(seams._ARMED, place, "raise")
        with pytest.raises(seams.FailpointTriggered):
            await ingest(messages)
    assert await stored() == ([1, 2] if place == "ctl.after_commit_before_ack" else [])
    (answer,) = await ingest(messages)
    assert answer.ack.ranges == [(1, 2)]
    assert await stored() == [1, 2]


async def test_a_clock_that_became_right_dates_what_came_before(database: str) -> None:
    await register()
    box = WireBox()
    lost = datetime(1970, 1, 1, tzinfo=UTC)
    await ingest([box.message(box.envelope(scan(), at=lost, synced=False, mono_ms=10_000))])
    assert (await fetch("SELECT uncertain_ms FROM fact"))[0]["uncertain_ms"] is None
    synced = ClockSynced(boot=box.boot, mono_ms=70_000, at=NOON, error_ms=30)
    await ingest([box.message(box.envelope(synced, stream=Stream.AUX))])
    (row,) = await fetch("SELECT occurred_at, uncertain_ms FROM fact WHERE name = 'scan'")
    assert (row["occurred_at"], row["uncertain_ms"]) == (NOON - timedelta(minutes=1), 30)


async def test_a_clock_and_what_has_no_date_find_each_other_though_two_gateways_take_them_at_once(database: str) -> None:
    lost = datetime(1970, 1, 1, tzinfo=UTC)
    batches = []
    for number in range(12):
        await register(f"b{number}")
        box = WireBox(f"b{number}", random=Random(number))
        synced = ClockSynced(boot=box.boot, mono_ms=70_000, at=NOON, error_ms=30)
        batches.append([box.message(box.envelope(scan(), at=lost, synced=False, mono_ms=10_000))])
        batches.append([box.message(box.envelope(synced, stream=Stream.AUX))])
    await asyncio.gather(*(ingest(batch) for batch in batches))
    rows = await fetch("SELECT box, occurred_at, uncertain_ms FROM fact WHERE name = 'scan'")
    assert {(row["occurred_at"], row["uncertain_ms"]) for row in rows} == {(NOON - timedelta(minutes=1), 30)}
    assert len(rows) == 12


async def test_an_unknown_symbol_is_noted_once_and_its_scan_is_kept(database: str) -> None:
    await create_site(SITE, name="Shop")
    await register()
    box = WireBox()
    messages = box.messages(scan("never-seen"))
    (answer,) = await ingest(messages)
    await ingest(messages)
    assert answer.ack.rejected == []
    rows = await fetch("SELECT text, count FROM unknown_barcode")
    assert [(row["text"], row["count"]) for row in rows] == [("never-seen", 1)]


async def test_a_fact_that_is_rejected_after_it_was_parked_is_told(database: str) -> None:
    await register()
    await register("b2")
    await ingest(WireBox().messages(JobChanged(job="j1", step=1, state=JobState.QUEUED, printer="label")))
    request = JobRequest(template="shelf-label", version="0" * 64, data={})
    await ingest(WireBox("b2", random=Random(8)).messages(PrintRequested(job="j1", request=request)))
    assert await retry_parked(due_only=True) == 0
    told = await fetch("SELECT subject FROM event WHERE name = 'fact_rejected'")
    assert told == await fetch("SELECT CAST(id AS TEXT) AS subject FROM fact WHERE code = 'job_of_another_box'")
    assert len(told) == 1
