"""The print job's state table, and its journal on a real facts.db."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.faults import IN_DOUBT
from edge_agent.jobs import IN_FLIGHT, JOB, TERMINAL, Action, IllegalTransition, UnknownJob, after
from edge_agent.journal import Change, Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.wire.codec import decode, decode_fact
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Ack, Envelope, Fault, JobRequest, Stream

REQUEST = JobRequest(template="shelf-label", version="0" * 64, data={"name": "Milk 1 L"})
TEST_REQUEST = JobRequest(template="shelf-label", version="0" * 64, data={}, test=True)
PAPER_OUT = Fault(code="paper_out", message="Load paper.")


class FixedClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def mono_ms(self) -> int:
        return int(self.time.timestamp() * 1000)


class Store:
    """A facts.db that can be closed and opened again, as after a crash."""

    def __init__(self, path: Path) -> None:
        self.clock = FixedClock()
        self._path = path
        self.facts = self._open()

    def _open(self) -> FactsDb:
        facts = FactsDb(self._path, FactsLimits(ballast_bytes=0))
        self.outbox = Outbox(facts, Identity(site="sh-01", box="b1", boot="boot"), self.clock, Random(1))
        self.journal = Journal(facts, self.outbox, self.clock)
        return facts

    def restart(self) -> None:
        self.facts.close()
        self.facts = self._open()

    def all_acked(self) -> None:
        ranges = [(1, 10_000)]
        self.outbox.apply(Ack(epoch=self.outbox.epoch, stream=Stream.RESULT, ranges=ranges))

    def told(self) -> list[JobChanged]:
        waiting = self.outbox.window(Stream.RESULT, limit=10_000)
        facts = [decode_fact(decode(Envelope, row.payload)) for row in waiting]
        return [fact for fact in facts if isinstance(fact, JobChanged)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "facts.db")
    yield store
    store.facts.close()


def bring_to(journal: Journal, job_id: str, state: JobState, request: JobRequest = REQUEST) -> None:
    journal.accept(job_id, "label", request)
    path = {
        JobState.QUEUED: [],
        JobState.SENDING: [Action.SEND],
        JobState.SENT: [Action.SEND, Action.WROTE],
        JobState.PRINTED: [Action.SEND, Action.WROTE, Action.PROVE],
        JobState.FAILED: [Action.FAIL],
        JobState.EXPIRED: [Action.EXPIRE],
        JobState.CANCELLED: [Action.CANCEL],
        JobState.UNCERTAIN: [Action.SEND, Action.DOUBT],
    }[state]
    for action in path:
        journal.advance(job_id, action)


class TestTable:
    def test_has_every_state(self) -> None:
        assert set(JOB) == set(JobState)

    def test_every_state_is_reachable(self) -> None:
        reached = {JobState.ACCEPTED}
        for _ in JobState:
            reached |= {to for state in reached for to in JOB[state].values()}
        assert reached == set(JobState)

    def test_only_the_four_ends_are_final(self) -> None:
        assert set(TERMINAL) == {JobState.PRINTED, JobState.FAILED, JobState.EXPIRED, JobState.CANCELLED}

    def test_every_state_leads_to_an_end(self) -> None:
        ending = set(TERMINAL)
        for _ in JobState:
            ending |= {state for state, edges in JOB.items() if set(edges.values()) & ending}
        assert ending == set(JobState)

    @pytest.mark.parametrize("state", [JobState.SENDING, JobState.SENT, JobState.UNCERTAIN, *TERMINAL])
    @pytest.mark.parametrize("action", [Action.CANCEL, Action.EXPIRE])
    def test_nothing_is_cancelled_or_expires_once_bytes_may_be_out(self, state: JobState, action: Action) -> None:
        with pytest.raises(IllegalTransition):
            after(state, action)

    def test_bytes_leave_only_from_the_queue(self) -> None:
        assert [state for state, edges in JOB.items() if Action.SEND in edges] == [JobState.QUEUED]


class TestJournal:
    def test_accepting_queues_and_tells_both_edges(self, store: Store) -> None:
        job = store.journal.accept("j1", "label", REQUEST)
        assert (job.state, job.step) == (JobState.QUEUED, 2)
        assert [(fact.step, fact.state, fact.printer) for fact in store.told()] == [
            (1, JobState.ACCEPTED, "label"),
            (2, JobState.QUEUED, "label"),
        ]

    def test_a_repeated_request_is_the_same_job(self, store: Store) -> None:
        bring_to(store.journal, "j1", JobState.PRINTED)
        told = store.told()
        assert store.journal.accept("j1", "label", REQUEST).state is JobState.PRINTED
        assert store.told() == told

    def test_a_way_to_paper_is_told_step_by_step_with_its_proof(self, store: Store) -> None:
        store.journal.accept("j1", "label", REQUEST)
        store.journal.advance("j1", Action.SEND)
        store.journal.advance("j1", Action.WROTE)
        store.journal.advance("j1", Action.PROVE, Change(proof=Proof.CONFIRMED))
        assert [(fact.step, fact.state) for fact in store.told()][2:] == [
            (3, JobState.SENDING),
            (4, JobState.SENT),
            (5, JobState.PRINTED),
        ]
        assert store.told()[-1].proof is Proof.CONFIRMED

    def test_the_reason_to_wait_is_told_and_kept(self, store: Store) -> None:
        store.journal.accept("j1", "label", REQUEST)
        store.journal.advance("j1", Action.HOLD, Change(because=PAPER_OUT))
        store.restart()
        (job,) = store.journal.queued("label")
        assert job.fault == PAPER_OUT
        assert store.told()[-1].fault == PAPER_OUT

    def test_an_illegal_edge_changes_nothing(self, store: Store) -> None:
        bring_to(store.journal, "j1", JobState.SENDING)
        told = store.told()
        with pytest.raises(IllegalTransition, match="sending cannot cancel"):
            store.journal.advance("j1", Action.CANCEL)
        assert store.told() == told

    def test_an_unknown_job_is_named(self, store: Store) -> None:
        with pytest.raises(UnknownJob, match="j9"):
            store.journal.advance("j9", Action.CANCEL)

    def test_the_queue_keeps_its_order_per_printer(self, store: Store) -> None:
        for job_id, printer in [("b", "label"), ("x", "receipt"), ("a", "label")]:
            store.journal.accept(job_id, printer, REQUEST)
        assert [job.id for job in store.journal.queued("label")] == ["b", "a"]

    @pytest.mark.parametrize("state", IN_FLIGHT)
    def test_what_was_on_its_way_is_uncertain_after_a_crash(self, store: Store, state: JobState) -> None:
        bring_to(store.journal, "j1", state)
        store.restart()
        (job,) = store.journal.recover()
        assert job.state is JobState.UNCERTAIN
        assert job.fault is not None
        assert store.journal.queued("label") == []
        told = store.told()[-1]
        assert told.state is JobState.UNCERTAIN
        assert told.fault is not None
        assert (told.fault.code, told.fault.message) == ("interrupted", f"The box stopped while this was being printed. {IN_DOUBT}")

    def test_what_was_queued_goes_on_after_a_crash(self, store: Store) -> None:
        bring_to(store.journal, "j1", JobState.QUEUED)
        store.restart()
        assert store.journal.recover() == []
        assert [job.id for job in store.journal.queued("label")] == ["j1"]

    def test_a_test_job_repeats_once_with_a_copy_mark(self, store: Store) -> None:
        bring_to(store.journal, "j1", JobState.SENT, TEST_REQUEST)
        (job,) = store.journal.recover()
        assert (job.state, job.copy_mark) == (JobState.QUEUED, True)
        store.journal.advance("j1", Action.SEND)
        (job,) = store.journal.recover()
        assert job.state is JobState.UNCERTAIN

    def test_a_person_has_it_printed_again_with_a_copy_mark(self, store: Store) -> None:
        bring_to(store.journal, "j1", JobState.UNCERTAIN)
        job = store.journal.advance("j1", Action.AGAIN)
        assert (job.state, job.attempt, job.copy_mark, job.fault) == (JobState.QUEUED, 2, True, None)

    def test_what_is_asked_for_as_a_copy_has_the_mark_at_its_first_attempt(self, store: Store) -> None:
        store.journal.accept("j1", "label", replace(REQUEST, copy=True))
        store.restart()
        (job,) = store.journal.queued("label")
        assert (job.attempt, job.copy_mark) == (1, True)

    def test_ended_jobs_go_after_a_week_and_open_ones_never(self, store: Store) -> None:
        bring_to(store.journal, "ended", JobState.PRINTED)
        bring_to(store.journal, "open", JobState.UNCERTAIN)
        store.clock.time += timedelta(days=6)
        assert store.journal.forget_old() == 0
        store.clock.time += timedelta(days=2)
        store.all_acked()
        assert store.journal.forget_old() == 1
        assert [job.id for job in store.journal.unfinished()] == ["open"]
        assert store.journal.find("ended") is None

    def test_a_clock_that_jumps_forgets_no_job_whose_result_waits(self, store: Store) -> None:
        """Forgotten, it would be printed a second time when the controller asks again for what it has no answer to."""
        store.clock.time = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
        bring_to(store.journal, "printed", JobState.PRINTED)
        store.clock.time = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        assert store.journal.forget_old() == 0
        assert store.journal.accept("printed", "label", REQUEST).state is JobState.PRINTED

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(actions=st.lists(st.sampled_from([*Action, None]), max_size=12), name=st.uuids())
    def test_whatever_happens_every_edge_is_told_once_in_order(
        self, store: Store, actions: list[Action | None], name: object
    ) -> None:
        """None is a crash.  The journal's state is always the last fact's, and steps have no gap."""
        job_id = str(name)
        store.journal.accept(job_id, "label", REQUEST)
        for action in actions:
            if action is None:
                store.restart()
                store.journal.recover()
                continue
            try:
                store.journal.advance(job_id, action)
            except IllegalTransition:
                continue
        told = [fact for fact in store.told() if fact.job == job_id]
        job = store.journal.find(job_id)
        assert job is not None
        assert [fact.step for fact in told] == list(range(1, job.step + 1))
        assert told[-1].state is job.state
        for earlier, later in pairwise(told):
            assert later.state in JOB[earlier.state].values()
