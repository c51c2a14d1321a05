from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest

from edge_agent.acks import SEQ_REUSED
from edge_agent.delivery import WINDOW, Delivery, Gateways, batch_parcels
from edge_agent.disk import InlineDisk
from edge_agent.outbox import Outbox
from edge_agent.wire.codec import MAX_PAYLOAD, decode
from edge_agent.wire.errors import Refused
from edge_agent.wire.facts import CommandDone, FactDraft, JobChanged, JobState, Scan
from edge_agent.wire.messages import Ack, Batch, Envelope, Fault, GatewayState, Rejection, Stream, Symbol
from tests.edge_agent.conftest import IDENTITY, MemorySession, let_pass, settle

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FACT_TOPIC = "shelfwire/1/sh-01/b1/scanner/fact/scan"
BATCH_TOPIC = "shelfwire/1/sh-01/b1/_/batch"


def born(number: int = 1) -> GatewayState:
    return GatewayState(online=True, session=UUID(int=number), at=NOW)


def gone(number: int = 1) -> GatewayState:
    return GatewayState(online=False, session=UUID(int=number), at=NOW)


def scan(text: str = "x") -> FactDraft:
    return FactDraft(data=Scan(symbol=Symbol(text=text)), device="scanner")


class Bench:
    def __init__(self, outbox: Outbox, session: MemorySession) -> None:
        self.outbox = outbox
        self.session = session
        self.refused: list[Refused] = []
        self.delivery = Delivery(outbox, InlineDisk(), session, on_refused=self.refused.append)

    def link(self, number: int = 1) -> None:
        self.session.connect()
        self.delivery.on_gateway("gw", born(number))

    def append(self, *drafts: FactDraft) -> None:
        self.delivery.notify({envelope.stream for envelope in self.outbox.append(drafts)})

    async def acknowledge(self, *ranges: tuple[int, int], stream: Stream = Stream.FACT, **more: object) -> None:
        await self.delivery.on_ack(Ack(epoch=self.outbox.epoch, stream=stream, ranges=list(ranges), **more))  # type: ignore[arg-type]  # rejected only

    def sent(self) -> list[tuple[str, list[int], bool]]:
        """(topic, seqs, replay) of each message since the last call."""
        messages = [_read(topic, payload) for topic, payload, _ in self.session.published]
        self.session.published.clear()
        return messages


def _read(topic: str, payload: bytes) -> tuple[str, list[int], bool]:
    assert len(payload) <= MAX_PAYLOAD
    if topic.endswith("/batch"):
        envelopes = [decode(Envelope, bytes(raw)) for raw in decode(Batch, payload).messages]
        assert all(envelope.replay for envelope in envelopes)
        return topic, [envelope.seq for envelope in envelopes], True
    envelope = decode(Envelope, payload)
    return topic, [envelope.seq], envelope.replay


@asynccontextmanager
async def running(outbox: Outbox, session: MemorySession) -> AsyncIterator[Bench]:
    bench = Bench(outbox, session)
    task = asyncio.create_task(bench.delivery.run())
    try:
        yield bench
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_live_fact_goes_alone_at_once(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        await settle()
        bench.append(scan())
        await settle()
        assert bench.sent() == [(FACT_TOPIC, [1], False)]
        await bench.acknowledge((1, 1))
        await let_pass(60)
        assert bench.sent() == []


async def test_nothing_is_sent_while_no_gateway_is_online(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        session.connect()
        bench.append(scan())
        await settle()
        assert bench.sent() == []
        bench.delivery.on_gateway("gw", born())
        await settle()
        assert bench.sent() == [(FACT_TOPIC, [1], False)]


async def test_a_backlog_travels_in_batches_of_one_stream_results_first(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.append(*[scan("y" * 500) for _ in range(300)])
        bench.append(*[FactDraft(data=CommandDone(command=f"c{n}", code="ok"), stream=Stream.RESULT) for n in range(5)])
        bench.link()
        await settle()
        sent = bench.sent()
        assert sent[0] == (BATCH_TOPIC, [1, 2, 3, 4, 5], True)
        assert {topic for topic, _, _ in sent} == {BATCH_TOPIC}
        assert [seq for _, seqs, _ in sent[1:] for seq in seqs] == list(range(1, 301))


async def test_results_go_to_the_topic_of_their_request(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        changed = JobChanged(job="j1", step=1, state=JobState.QUEUED, printer="labels", fault=Fault(code="a", message="b"))
        bench.append(FactDraft(data=changed, stream=Stream.RESULT, device="labels"))
        bench.append(FactDraft(data=CommandDone(command="c1", code="ok"), stream=Stream.RESULT))
        await settle()
        assert [topic for topic, _, _ in bench.sent()] == [
            "shelfwire/1/sh-01/b1/labels/job/j1/res",
            "shelfwire/1/sh-01/b1/_/cmd/c1/res",
        ]


async def test_what_is_not_acked_in_ten_seconds_is_sent_again(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        bench.append(scan(), scan())
        await settle()
        assert bench.sent() == [(FACT_TOPIC, [1], False), (FACT_TOPIC, [2], False)]
        await bench.acknowledge((2, 2))
        await let_pass(9)
        assert bench.sent() == []
        await let_pass(1.1)
        assert bench.sent() == [(FACT_TOPIC, [1], True)]


async def test_a_lost_puback_holds_up_nothing(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        session.holds_pubacks = True
        bench.append(scan())
        await settle()
        bench.append(scan())
        await settle()
        assert [seqs for _, seqs, _ in bench.sent()] == [[1], [2]]
        await let_pass(10.1)
        assert [seqs for _, seqs, _ in bench.sent()] == [[1], [2]]


async def test_a_new_gateway_session_gets_what_the_old_one_may_have_lost(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link(1)
        bench.append(scan())
        await settle()
        bench.delivery.on_gateway("gw", born(1))  # the same session told again: nothing new
        await settle()
        assert len(bench.sent()) == 1
        bench.delivery.on_gateway("gw", born(2))
        await settle()
        assert bench.sent() == [(FACT_TOPIC, [1], True)]


async def test_the_window_is_bounded_and_moves_with_the_acks(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        for _ in range(4):
            bench.append(*[scan() for _ in range(WINDOW // 2)])
        bench.link()
        await settle()
        assert sum(len(seqs) for _, seqs, _ in bench.sent()) == WINDOW
        await bench.acknowledge((1, 10))
        await settle()
        assert [seq for _, seqs, _ in bench.sent() for seq in seqs] == list(range(WINDOW + 1, WINDOW + 11))


async def test_what_is_new_passes_a_backlog_that_fills_its_window(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.append(*[scan() for _ in range(WINDOW + 50)])
        bench.link()
        await settle()
        assert sum(len(seqs) for _, seqs, _ in bench.sent()) == WINDOW
        bench.append(scan("new"))
        await settle()
        assert bench.sent() == [(FACT_TOPIC, [WINDOW + 51], False)]
        await bench.acknowledge((WINDOW + 51, WINDOW + 51), (1, WINDOW))
        await settle()
        assert [seq for _, seqs, _ in bench.sent() for seq in seqs] == list(range(WINDOW + 1, WINDOW + 51))


async def test_what_is_new_and_overdue_is_sent_again_once(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        await settle()
        bench.append(scan())
        await settle()
        bench.sent()
        await let_pass(11)
        assert bench.sent() == [(FACT_TOPIC, [1], True)]


async def test_a_disconnect_ends_the_link_until_a_gateway_is_heard_again(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        session.disconnect()
        bench.delivery.on_disconnected()
        bench.append(scan())
        await let_pass(30)
        assert bench.sent() == []
        assert not bench.delivery.is_linked
        session.connect()
        bench.delivery.start_over()
        await settle()
        assert bench.sent() == []
        bench.delivery.on_gateway("gw", born())
        await settle()
        assert len(bench.sent()) == 1


async def test_a_refused_publish_is_told_and_tried_again(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        session.refuse = {FACT_TOPIC}
        bench.append(scan())
        await settle()
        assert [refused.reason_code for refused in bench.refused] == [0x87]
        session.refuse = set()
        await let_pass(10.1)
        assert bench.sent() == [(FACT_TOPIC, [1], True)]


async def test_a_reused_seq_is_sent_again_in_a_new_epoch(outbox: Outbox, session: MemorySession) -> None:
    async with running(outbox, session) as bench:
        bench.link()
        bench.append(scan())
        await settle()
        bench.sent()
        await bench.acknowledge((1, 1), rejected=[Rejection(seq=1, code=SEQ_REUSED)])
        await settle()
        assert [topic.rpartition("/")[2] for topic, _, _ in bench.sent()] == ["scan", "epoch_closed"]


async def test_the_log_says_once_which_message_was_rejected_and_why(
    outbox: Outbox, session: MemorySession, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(outbox, session) as bench:
        bench.append(scan("a"), scan("b"))
        for _ in range(2):
            await bench.acknowledge((1, 2), rejected=[Rejection(seq=2, code="unknown_document")])
    assert [record.getMessage() for record in caplog.records if "rejected" in record.getMessage()] == [
        "the controller rejected a message: scan, fact 2: unknown_document"
    ]


def test_a_box_is_linked_while_any_gateway_is_online_and_stale_wills_are_ignored() -> None:
    gateways = Gateways()
    assert [gateways.is_linked] == [False]
    assert gateways.apply("a", born(1))
    assert gateways.apply("b", born(5))
    gateways.apply("a", gone(1))
    assert gateways.is_linked
    gateways.apply("b", gone(5))
    assert [gateways.is_linked] == [False]
    assert gateways.apply("a", born(2))
    gateways.apply("a", gone(1))  # the will of the session before
    assert gateways.is_linked


def test_batches_hold_one_epoch_each(outbox: Outbox) -> None:
    outbox.append([scan("a"), scan("b")])
    outbox.apply(Ack(epoch=outbox.epoch, stream=Stream.FACT, ranges=[(1, 2)]))
    old = outbox.epoch
    outbox.append([scan("c")])
    outbox.apply(Ack(epoch=old, stream=Stream.FACT, ranges=[], rejected=[Rejection(seq=3, code=SEQ_REUSED)]))
    outbox.resend(old, Stream.FACT, 1)
    rows = outbox.window(Stream.FACT)
    parcels = list(batch_parcels(IDENTITY, Stream.FACT, rows))
    assert [[(epoch == old, seq) for epoch, _, seq in parcel.keys] for parcel in parcels] == [[(True, 1), (True, 2)], [(False, 1)]]
