"""Rules of printing taken out, one at a time: the play of `print_play.py` must notice each, or it proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest
from msgspec.structs import replace

from drivers.devices import Encoded
from drivers.errors import DriverError
from edge_agent.jobs import JOB, Action, Job
from edge_agent.journal import Change, Journal
from edge_agent.print_attempt import Attempts, Outcome
from edge_agent.printer_port import NothingSent, PrinterPort
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import JobRequest
from tests.edge_agent.print_play import JOBS, STEPS, Step, Violated, play
from tests.sim.swapping import Undo, swap

PLAYS = 250
LENGTH = 40


def _crash_forgets_sending() -> Undo:
    """What was on its way when the box stopped is queued again, as if not a byte had left."""

    def recover(self: Journal, printer: str | None = None) -> list[Job]:
        sql = "UPDATE print_job SET state = 'queued' WHERE state IN ('sending', 'sent') AND printer = coalesce(?, printer)"
        self._facts.write(lambda database: database.execute(sql, (printer,)))
        return []

    return swap(Journal, "recover", recover)


def _old_looks_are_believed() -> Undo:
    """An edge is taken whatever happened since the job was looked at."""
    take = Journal._take

    def anyhow(self: Journal, db: object, job: Job, action: Action, change: Change) -> Job:
        return take(self, db, job, action, replace(change, seen=None))  # type: ignore[arg-type]  # only passed on

    return swap(Journal, "_take", anyhow)


def _bytes_before_the_edge() -> Undo:
    """`sending` is put on disk when the bytes are out."""

    async def print_(self: Attempts, job: Job, printer: str, port: PrinterPort, encoded: Encoded) -> Outcome:
        leased = job if job.printer == printer else await self._take_over(job, printer)
        try:
            await port.send(encoded)
        except (DriverError, NothingSent):
            return Outcome.PRINTER_WAITS
        await self._advance(leased, Action.SEND)
        await self._advance(leased, Action.WROTE)
        await self._advance(leased, Action.PROVE, Change(proof=Proof.CONFIRMED))
        return Outcome.ENDED

    return swap(Attempts, "_print", print_)


def _no_mark() -> Undo:
    """What is printed again does not say so."""
    return swap(Job, "copy_mark", property(lambda self: self.request.copy))


def _lost_is_nothing_sent() -> Undo:
    """A printer that was lost in the middle gets the job once more."""

    async def doubt(self: Attempts, job: Job, _: object) -> Outcome:
        await self._advance(job, Action.HOLD)
        return Outcome.PRINTER_WAITS

    return _all(swap(Attempts, "_doubt", doubt), _also(JobState.SENT, Action.HOLD, JobState.QUEUED))


def _cancelled_in_the_middle() -> Undo:
    """A job may be cancelled while it is printed."""
    return _all(*(_also(state, Action.CANCEL, JobState.CANCELLED) for state in (JobState.SENDING, JobState.SENT)))


def _all(*undos: Undo) -> Undo:
    def back() -> None:
        for undo in undos:
            undo()

    return back


def _also(state: JobState, action: Action, following: JobState) -> Undo:
    had = dict(JOB[state])
    JOB[state][action] = following

    def back() -> None:
        JOB[state].clear()
        JOB[state].update(had)

    return back


def _hand_over_without_lease() -> Undo:
    """A stand-in prints without taking the job over in the journal."""

    async def take_over(self: Attempts, job: Job, printer: str) -> Job:
        del self, printer
        return job

    return swap(Attempts, "_take_over", take_over)


def _not_remembered() -> Undo:
    """A request for a job that was printed is taken for a new one."""
    accept = Journal.accept

    def again(self: Journal, job_id: str, printer: str, request: JobRequest, *, person: str | None = None) -> Job:
        self._facts.write(lambda db: db.execute("DELETE FROM print_job WHERE job = ? AND state = 'printed'", (job_id,)))
        return accept(self, job_id, printer, request, person=person)

    return swap(Journal, "accept", again)


MUTANTS: dict[str, Callable[[], Undo]] = {
    "crash forgets sending": _crash_forgets_sending,
    "old looks are believed": _old_looks_are_believed,
    "bytes before the edge": _bytes_before_the_edge,
    "no mark": _no_mark,
    "lost is nothing sent": _lost_is_nothing_sent,
    "cancelled in the middle": _cancelled_in_the_middle,
    "hand-over without lease": _hand_over_without_lease,
    "not remembered": _not_remembered,
}


@contextmanager
def armed(mutant: Callable[[], Undo]) -> Iterator[None]:
    undo = mutant()
    try:
        yield
    finally:
        undo()


def some_play(seed: int) -> list[Step]:
    """Few jobs and much going on, so that they meet."""
    random = Random(seed)
    jobs = random.sample(JOBS[:4], 2)
    steps = []
    for _ in range(LENGTH):
        what = random.choice(["request", "request", *STEPS])
        which = random.choice(jobs) if STEPS[what] is JOBS else random.choice(STEPS[what])
        steps.append((what, which))
    return steps


def caught(plays: int = PLAYS) -> int | None:
    """The first play in which I6 was seen not to hold."""
    for seed in range(plays):
        try:
            asyncio.run(play(some_play(seed)))
        except Violated:
            return seed
    return None


def test_without_a_mutant_all_plays_hold() -> None:
    assert caught(60) is None


@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_that_is_taken_out_is_missed(name: str) -> None:
    with armed(MUTANTS[name]):
        assert caught() is not None, f"{PLAYS} plays did not notice"
