from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from edge_agent.acks import SEQ_REUSED, RejectedRow
from edge_agent.errors import FactTooLarge, OutboxFull
from edge_agent.facts import MIB, FactsDb, FactsLimits
from edge_agent.outbox import Outbox
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import RESTARTED, CommandDone, Counted, CountLine, EpochClosed, FactDraft, Scan
from edge_agent.wire.messages import Ack, ClockState, Envelope, Rejection, Stream, Symbol
from tests.edge_agent.conftest import IDENTITY, FixedClock


def scan(text: str = "4006381333931") -> FactDraft:
    return FactDraft(data=Scan(symbol=Symbol(text=text)), device="scanner", station="till")


def result(command: str = "c1") -> FactDraft:
    return FactDraft(data=CommandDone(command=command, code="ok"), stream=Stream.RESULT)


def pending(outbox: Outbox, stream: Stream = Stream.FACT) -> list[Envelope]:
    return [decode(Envelope, row.payload) for row in outbox.window(stream, limit=10_000)]


def seqs(outbox: Outbox, stream: Stream = Stream.FACT) -> list[int]:
    return [row.seq for row in outbox.window(stream, limit=10_000)]


def ack(outbox: Outbox, *ranges: tuple[int, int], rejected: list[Rejection] | None = None, stream: Stream = Stream.FACT) -> Ack:
    return Ack(epoch=outbox.epoch, stream=stream, ranges=list(ranges), rejected=rejected or [])


class SettingClock(FixedClock):
    """It is set right just after it was read."""

    is_synced = False

    def now(self) -> datetime:
        read, self.is_synced = self.wall, True
        return read


def test_a_time_read_just_before_the_clock_was_set_is_not_called_right(facts: FactsDb, random: Random) -> None:
    clock = SettingClock()
    outbox = Outbox(facts, IDENTITY, clock, random, lambda: ClockState(synced=clock.is_synced))
    clock.is_synced = False
    (envelope,) = outbox.append([scan()])
    assert not envelope.clock.synced


def test_a_fact_gets_identity_and_time(outbox: Outbox, clock: FixedClock) -> None:
    (envelope,) = outbox.append([scan()])
    assert (envelope.box, envelope.stream, envelope.seq, envelope.epoch) == ("b1", Stream.FACT, 1, outbox.epoch)
    assert envelope.at.microsecond == 123000
    assert envelope.mono_ms == 1000
    assert envelope.id.version == 7
    (row,) = outbox.window(Stream.FACT)
    assert decode(Envelope, row.payload) == envelope


def test_each_stream_counts_by_itself_without_gaps(outbox: Outbox) -> None:
    outbox.append([scan(), result(), scan()])
    outbox.append([result("c2")])
    assert seqs(outbox) == [1, 2]
    assert seqs(outbox, Stream.RESULT) == [1, 2]


def test_a_failed_transaction_leaves_no_gap(outbox: Outbox, facts: FactsDb) -> None:
    def fail(_: object) -> None:
        outbox.append([scan()])
        raise ValueError

    with pytest.raises(ValueError):
        facts.write(fail)
    outbox.append([scan()])
    assert seqs(outbox) == [1]


def test_station_state_is_stored_with_its_facts(outbox: Outbox) -> None:
    outbox.append([scan()], station_state={"till": b"{}"})
    outbox.append([], station_state={"till": b"1", "desk": b"2"})
    assert outbox.station_states() == {"till": b"1", "desk": b"2"}


def test_acks_free_ranges_in_any_order_and_repeated_ones_do_nothing(outbox: Outbox) -> None:
    outbox.append([scan() for _ in range(10)])
    assert outbox.apply(ack(outbox, (6, 8))).freed == 3
    assert seqs(outbox) == [1, 2, 3, 4, 5, 9, 10]
    assert outbox.apply(ack(outbox, (1, 2), (5, 7))).freed == 3
    assert outbox.apply(ack(outbox, (1, 8))).freed == 2
    assert outbox.apply(ack(outbox, (1, 8))).freed == 0
    assert seqs(outbox) == [9, 10]


def test_an_ack_of_another_epoch_or_stream_frees_nothing(outbox: Outbox) -> None:
    outbox.append([scan()])
    assert outbox.apply(Ack(epoch=UUID(int=5), stream=Stream.FACT, ranges=[(1, 9)])).freed == 0
    assert outbox.apply(ack(outbox, (1, 9), stream=Stream.AUX)).freed == 0
    assert seqs(outbox) == [1]


def test_rejected_facts_are_kept_visibly(outbox: Outbox) -> None:
    outbox.append([replace(scan("bad"), id=str(UUID(int=7))), scan()])
    outcome = outbox.apply(ack(outbox, (1, 2), rejected=[Rejection(seq=1, code="unknown_document")]))
    assert outcome.freed == 2
    assert outcome.rejected == (RejectedRow("scan", 1, "unknown_document", str(UUID(int=7))),)
    assert outbox.refused([str(UUID(int=7)), str(UUID(int=8))]) == {str(UUID(int=7)): "unknown_document"}
    assert outbox.refused([]) == {}
    assert seqs(outbox) == []
    ((row, code),) = outbox.rejected()
    assert (row.seq, code) == (1, "unknown_document")


def test_a_reused_seq_opens_a_new_epoch_and_keeps_the_ids(outbox: Outbox) -> None:
    first, second, third = outbox.append([scan("a"), scan("b"), scan("c")])
    old = outbox.epoch
    outcome = outbox.apply(ack(outbox, (1, 2), rejected=[Rejection(seq=2, code=SEQ_REUSED)]))
    assert outcome.has_new_epoch
    assert outbox.epoch != old
    again = [decode(Envelope, row.payload) for row in outbox.window(Stream.FACT)]
    assert [(e.id, e.epoch, e.seq) for e in again] == [(second.id, outbox.epoch, 1), (third.id, outbox.epoch, 2)]
    assert first.id not in {e.id for e in again}
    closed = decode_fact(decode(Envelope, outbox.window(Stream.AUX)[0].payload))
    assert closed == EpochClosed(epoch=old, last_seq={"fact": 3}, salvaged=0, reason=SEQ_REUSED)
    late = Ack(epoch=old, stream=Stream.FACT, ranges=[(3, 3)], rejected=[Rejection(seq=3, code=SEQ_REUSED)])
    assert not outbox.apply(late).has_new_epoch
    assert seqs(outbox) == [1, 2]


def test_a_seq_that_was_reused_in_an_epoch_that_is_over_is_numbered_anew(outbox: Outbox, facts: FactsDb, clock: FixedClock) -> None:
    first, second = outbox.append([scan("a"), scan("b")])
    facts.close()
    again = reopened(facts, clock, 9)
    outcome = again.apply(ack(outbox, (1, 2), rejected=[Rejection(seq=2, code=SEQ_REUSED)]))
    assert (outcome.freed, outcome.has_new_epoch, outcome.has_new_identities) == (1, False, True)
    assert [(e.id, e.epoch, e.seq) for e in pending(again)] == [(second.id, again.epoch, 1)]
    assert first.id not in {e.id for e in pending(again)}
    assert not again.apply(ack(outbox, (1, 2), rejected=[Rejection(seq=2, code=SEQ_REUSED)])).has_new_identities


def test_acked_facts_can_be_sent_again_for_a_week(outbox: Outbox, clock: FixedClock) -> None:
    outbox.append([scan() for _ in range(4)])
    outbox.apply(ack(outbox, (1, 4)))
    assert outbox.resend(outbox.epoch, Stream.FACT, 3) == 2
    assert seqs(outbox) == [3, 4]
    clock.advance(timedelta(days=7, seconds=1))
    assert outbox.forget_acked() == 2
    assert outbox.resend(outbox.epoch, Stream.FACT, 1) == 0
    assert seqs(outbox) == [3, 4]


def test_the_backlog_tells_how_many_and_since_when(outbox: Outbox, clock: FixedClock) -> None:
    assert outbox.backlog().waiting == 0
    since = clock.now()
    outbox.append([scan(), result()])
    clock.advance(timedelta(hours=1))
    outbox.append([scan()])
    backlog = outbox.backlog()
    assert (backlog.waiting, backlog.streams) == (3, {Stream.FACT: 2, Stream.RESULT: 1})
    assert backlog.oldest_at == since.replace(microsecond=123000)


def test_a_window_is_bounded_by_rows_and_by_bytes(outbox: Outbox) -> None:
    outbox.append([scan() for _ in range(5)])
    assert [row.seq for row in outbox.window(Stream.FACT, limit=2)] == [1, 2]
    (first,) = outbox.window(Stream.FACT, limit_bytes=1)
    assert [row.seq for row in outbox.window(Stream.FACT, after=first.position)] == [2, 3, 4, 5]


def reopened(facts: FactsDb, clock: FixedClock, seed: int) -> Outbox:
    return Outbox(FactsDb(facts.path, FactsLimits(ballast_bytes=0)), IDENTITY, clock, Random(seed))


def test_a_reopened_outbox_keeps_what_waits_and_numbers_anew(outbox: Outbox, facts: FactsDb, clock: FixedClock) -> None:
    (first,) = outbox.append([scan()])
    facts.close()
    again = reopened(facts, clock, 9)
    (second,) = again.append([scan()])
    assert again.epoch != outbox.epoch
    assert [(e.id, e.epoch, e.seq) for e in pending(again)] == [(first.id, outbox.epoch, 1), (second.id, again.epoch, 1)]
    (told,) = pending(again, Stream.AUX)
    assert decode_fact(told) == EpochClosed(epoch=outbox.epoch, last_seq={"fact": 1}, salvaged=0, reason=RESTARTED)


def test_an_epoch_that_was_not_used_is_not_told_of(outbox: Outbox, facts: FactsDb, clock: FixedClock) -> None:
    facts.close()
    again = reopened(facts, clock, 9)
    assert again.epoch != outbox.epoch
    assert again.backlog().waiting == 0


def test_an_ack_from_before_a_card_was_put_back_frees_nothing_that_came_after(
    outbox: Outbox, facts: FactsDb, clock: FixedClock, tmp_path: Path
) -> None:
    outbox.append([scan()])
    image = tmp_path / "image.db"
    with closing(sqlite3.connect(image)) as copy:
        facts.db.backup(copy)
    (lost,) = outbox.append([scan()])
    facts.close()
    for file in facts.path.parent.glob("facts.db*"):
        file.unlink()
    shutil.copy(image, facts.path)
    again = reopened(facts, clock, 9)
    (new,) = again.append([scan()])
    again.apply(Ack(epoch=lost.epoch, stream=Stream.FACT, ranges=[(1, lost.seq)]))
    assert [envelope.id for envelope in pending(again)] == [new.id]


def test_what_was_acked_in_any_epoch_is_sent_again_when_none_is_named(outbox: Outbox, facts: FactsDb, clock: FixedClock) -> None:
    outbox.append([scan(), scan()])
    outbox.apply(ack(outbox, (1, 2)))
    facts.close()
    again = reopened(facts, clock, 9)
    again.append([scan()])
    again.apply(ack(again, (1, 1)))
    assert again.resend(None, Stream.FACT) == 3
    assert len(pending(again)) == 3


def test_at_the_limit_facts_are_refused_and_unacked_ones_kept(tmp_path: Path, clock: FixedClock, random: Random) -> None:
    facts = FactsDb(tmp_path / "facts.db", FactsLimits(max_bytes=MIB, ballast_bytes=0))
    outbox = Outbox(facts, IDENTITY, clock, random)
    stored = 0
    with pytest.raises(OutboxFull):
        while True:
            outbox.append([scan("x" * 400) for _ in range(20)])
            stored += 20
    assert outbox.backlog().waiting == stored > 300
    with pytest.raises(OutboxFull):  # inside another store's transaction too
        facts.write(lambda _: outbox.append([scan()]))
    outbox.append([result()])  # results have the reserve
    outbox.apply(ack(outbox, (1, stored)))
    outbox.append([scan()])  # acked facts went, and with them the trouble
    assert seqs(outbox) == [stored + 1]


def test_at_the_limit_rejected_facts_go_too_since_the_controller_has_them(
    tmp_path: Path, clock: FixedClock, random: Random
) -> None:
    facts = FactsDb(tmp_path / "facts.db", FactsLimits(max_bytes=MIB, ballast_bytes=0))
    outbox = Outbox(facts, IDENTITY, clock, random)
    for first in range(1, 3000, 20):  # more than the file may hold
        outbox.append([scan("x" * 400) for _ in range(20)])
        outbox.apply(
            ack(outbox, (first, first + 19), rejected=[Rejection(seq=seq, code="bad") for seq in range(first, first + 20)])
        )
    assert 0 < len(outbox.rejected(5000)) < 3000


def test_a_fact_that_could_never_travel_is_refused_and_leaves_no_gap(outbox: Outbox) -> None:
    lines = [CountLine(symbol=Symbol(text=f"{number:0>40}"), quantity=1) for number in range(1500)]
    with pytest.raises(FactTooLarge):
        outbox.append([FactDraft(data=Counted(bin="A-01", lines=lines))])
    assert outbox.append([scan()])[0].seq == 1


class OutboxModel(RuleBasedStateMachine):
    """The outbox against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock()
        self.outbox = self.opened()
        self.states: dict[tuple[Stream, int], str] = {}
        self.last: dict[Stream, int] = dict.fromkeys(Stream, 0)

    def opened(self) -> Outbox:
        self.folder = tempfile.TemporaryDirectory()
        return Outbox(FactsDb(Path(self.folder.name) / "facts.db", FactsLimits(ballast_bytes=0)), IDENTITY, self.clock, Random(1))

    def teardown(self) -> None:
        self.outbox._facts.close()
        self.folder.cleanup()

    @rule(streams=st.lists(st.sampled_from([Stream.FACT, Stream.RESULT]), max_size=4))
    def append(self, streams: list[Stream]) -> None:
        for envelope in self.outbox.append([scan() if stream is Stream.FACT else result() for stream in streams]):
            self.last[envelope.stream] += 1
            assert envelope.seq == self.last[envelope.stream]
            self.states[envelope.stream, envelope.seq] = "pending"

    @rule(
        stream=st.sampled_from([Stream.FACT, Stream.RESULT]),
        ranges=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=3),
        rejected=st.sets(st.integers(1, 12), max_size=2),
    )
    def acknowledge(self, stream: Stream, ranges: list[tuple[int, int]], rejected: set[int]) -> None:
        self.outbox.apply(ack(self.outbox, *ranges, rejected=[Rejection(seq=seq, code="bad") for seq in rejected], stream=stream))
        for seq in range(1, self.last[stream] + 1):
            if self.states[stream, seq] != "pending":
                continue
            if seq in rejected:
                self.states[stream, seq] = "rejected"
            elif any(first <= seq <= last for first, last in ranges):
                self.states[stream, seq] = "acked"

    @rule(stream=st.sampled_from([Stream.FACT, Stream.RESULT]), start=st.integers(1, 12))
    def resend(self, stream: Stream, start: int) -> None:
        self.outbox.resend(self.outbox.epoch, stream, start)
        for key, state in self.states.items():
            if key[0] is stream and key[1] >= start and state == "acked":
                self.states[key] = "pending"

    @invariant()
    def what_waits_is_what_the_model_says(self) -> None:
        for stream in (Stream.FACT, Stream.RESULT):
            assert seqs(self.outbox, stream) == sorted(
                seq for (of, seq), state in self.states.items() if of is stream and state == "pending"
            )
        assert len(self.outbox.rejected()) == sum(state == "rejected" for state in self.states.values())


TestOutboxModel = OutboxModel.TestCase
TestOutboxModel.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
