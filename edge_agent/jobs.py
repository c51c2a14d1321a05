"""Print jobs: the table of their states, and the journal that puts each edge on disk before it happens.

    accepted -> queued -> sending -> sent -> printed | failed | expired | cancelled | uncertain

`sending` is on disk before the first byte leaves, so that a crash can never print twice in silence: what was on its way then is
`uncertain` until a person decides.  Each edge commits together with its `job_changed` fact.  Synchronous: runs inside `Disk.run`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge_agent.errors import AgentError
from edge_agent.facts import FactsDb
from edge_agent.faults import fault, in_doubt
from edge_agent.outbox import NO_RESULT_WAITS, Outbox
from edge_agent.seams import Clock
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import FactDraft, JobChanged, JobState, Proof
from edge_agent.wire.messages import Fault, JobRequest, Stream


class Action(StrEnum):
    """What can happen to a job."""

    QUEUE = "queue"
    HOLD = "hold"
    """It cannot go on yet and no byte of it has left: it waits in the queue, with the reason in sight."""
    SEND = "send"
    WROTE = "wrote"
    """The last byte left."""
    PROVE = "prove"
    FAIL = "fail"
    """It cannot be printed, or the device proves that nothing came out."""
    EXPIRE = "expire"
    CANCEL = "cancel"
    DOUBT = "doubt"
    """A byte may have left, and nobody knows what is on paper."""
    AGAIN = "again"
    """A person (a test job: the box) has it printed again, marked COPY."""


JOB: Final[dict[JobState, dict[Action, JobState]]] = {
    JobState.ACCEPTED: {
        Action.QUEUE: JobState.QUEUED,
        Action.FAIL: JobState.FAILED,
        Action.EXPIRE: JobState.EXPIRED,
        Action.CANCEL: JobState.CANCELLED,
    },
    JobState.QUEUED: {
        Action.HOLD: JobState.QUEUED,
        Action.SEND: JobState.SENDING,
        Action.FAIL: JobState.FAILED,
        Action.EXPIRE: JobState.EXPIRED,
        Action.CANCEL: JobState.CANCELLED,
    },
    JobState.SENDING: {
        Action.HOLD: JobState.QUEUED,
        Action.WROTE: JobState.SENT,
        Action.FAIL: JobState.FAILED,
        Action.DOUBT: JobState.UNCERTAIN,
    },
    JobState.SENT: {
        Action.PROVE: JobState.PRINTED,
        Action.FAIL: JobState.FAILED,
        Action.DOUBT: JobState.UNCERTAIN,
    },
    JobState.UNCERTAIN: {
        Action.PROVE: JobState.PRINTED,
        Action.AGAIN: JobState.QUEUED,
    },
    JobState.PRINTED: {},
    JobState.FAILED: {},
    JobState.EXPIRED: {},
    JobState.CANCELLED: {},
}

IN_FLIGHT: Final = (JobState.SENDING, JobState.SENT)
TERMINAL: Final = tuple(state for state, edges in JOB.items() if not edges)
KEPT: Final = timedelta(days=7)
TEST_ATTEMPTS: Final = 2
"""A test job repeats itself once; then a person looks."""

SCHEMA: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS print_job (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL UNIQUE,
        printer TEXT NOT NULL,
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        proof TEXT,
        fault TEXT,
        changed_at TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS print_job_state ON print_job (state, printer, place)",
)


class UnknownJob(AgentError):
    code = "unknown_job"


class IllegalTransition(AgentError):
    """The job is not in a state from which this can happen."""

    code = "illegal_transition"


class Job(Struct, frozen=True, kw_only=True):
    """A job as the journal holds it.  `step` counts its edges from 1, `attempt` its ways to the paper."""

    id: str
    printer: str
    request: JobRequest
    state: JobState
    step: int
    attempt: int = 1
    proof: Proof | None = None
    fault: Fault | None = None

    @property
    def copy_mark(self) -> bool:
        """Whether it must be printed with a COPY mark: it was asked for as one, or an earlier attempt may be on paper."""
        return self.request.copy or self.attempt > 1


def after(state: JobState, action: Action) -> JobState:
    """Raises IllegalTransition."""
    try:
        return JOB[state][action]
    except KeyError:
        possible = ", ".join(JOB[state]) or "nothing: that is final"
        raise IllegalTransition(f"a print job that is {state} cannot {action}; possible: {possible}") from None


class Journal:
    """All print jobs of the box, in facts.db.  Raises OutboxFull when an edge cannot be put on disk: then it must not happen."""

    def __init__(self, facts: FactsDb, outbox: Outbox, clock: Clock) -> None:
        self._facts = facts
        self._outbox = outbox
        self._clock = clock
        facts.create(SCHEMA)
        facts.on_pressure(self._forget_old)

    def accept(self, job_id: str, printer: str, request: JobRequest) -> Job:
        """Take a request in and queue it: both edges in one commit.  A known id is the job that already is."""

        def work(db: sqlite3.Connection) -> Job:
            known = _find(db, job_id)
            if known is not None:
                return known
            job = Job(id=job_id, printer=printer, request=request, state=JobState.ACCEPTED, step=1)
            db.execute(
                "INSERT INTO print_job (job, printer, request, state, step, attempt, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job_id, printer, encode(request).decode(), job.state, job.step, job.attempt, self._now()),
            )
            self._announce(job)
            return self._take(db, job, Action.QUEUE)

        return self._facts.write(work)

    def advance(self, job_id: str, action: Action, *, proof: Proof | None = None, because: Fault | None = None) -> Job:
        """Take the job along one edge; on return it is on disk, with its fact.  Raises UnknownJob, IllegalTransition."""

        def work(db: sqlite3.Connection) -> Job:
            return self._take(db, _get(db, job_id), action, proof=proof, because=because)

        return self._facts.write(work)

    def recover(self, printer: str | None = None) -> list[Job]:
        """What was on its way (to `printer`) when its attempt ended becomes uncertain; test jobs repeat, marked.  Returns them."""

        def work(db: sqlite3.Connection) -> list[Job]:
            lost = [job for job in _select(db, "WHERE state IN (?, ?)", IN_FLIGHT) if printer in (None, job.printer)]
            return [self._doubt(db, job, fault("interrupted")) for job in lost]

        return self._facts.write(work)

    def doubt(self, job_id: str, because: Fault) -> Job:
        """A byte may have left and it is unknown what is on paper.  Raises UnknownJob, IllegalTransition."""
        return self._facts.write(lambda db: self._doubt(db, _get(db, job_id), because))

    def confirm(self, job_id: str) -> Job:
        """A person saw an uncertain job on paper.  Raises UnknownJob, IllegalTransition (the job is not uncertain)."""

        def work(db: sqlite3.Connection) -> Job:
            job = _get(db, job_id)
            if job.state is not JobState.UNCERTAIN:
                raise IllegalTransition(f"print job {job_id} is {job.state}, not uncertain: there is nothing to decide")
            return self._take(db, job, Action.PROVE, proof=Proof.PERSON)

        return self._facts.write(work)

    def queued(self, printer: str) -> list[Job]:
        """What waits for a printer, in the order it came in."""
        return _select(self._facts.db, "WHERE state = ? AND printer = ?", (JobState.QUEUED, printer))

    def unfinished(self) -> list[Job]:
        """All jobs that are not in a final state, uncertain ones among them."""
        marks = ", ".join("?" * len(TERMINAL))
        return _select(self._facts.db, f"WHERE state NOT IN ({marks})", TERMINAL)

    def find(self, job_id: str) -> Job | None:
        return _find(self._facts.db, job_id)

    def forget_old(self) -> int:
        """Let go of jobs that came to their end more than 7 days ago, once the controller has all results; returns how many."""
        return self._facts.write(self._forget_old)

    def _take(
        self, db: sqlite3.Connection, job: Job, action: Action, *, proof: Proof | None = None, because: Fault | None = None
    ) -> Job:
        attempt = job.attempt + 1 if action is Action.AGAIN else job.attempt
        state = after(job.state, action)
        moved = replace(job, state=state, step=job.step + 1, attempt=attempt, proof=proof, fault=because)
        db.execute(
            "UPDATE print_job SET state = ?, step = ?, attempt = ?, proof = ?, fault = ?, changed_at = ? "
            "WHERE job = ? AND step = ?",
            (state, moved.step, attempt, proof, encode(because).decode() if because else None, self._now(), job.id, job.step),
        )
        self._announce(moved)
        return moved

    def _doubt(self, db: sqlite3.Connection, job: Job, because: Fault) -> Job:
        doubtful = self._take(db, job, Action.DOUBT, because=in_doubt(because))
        if job.request.test and job.attempt < TEST_ATTEMPTS:
            return self._take(db, doubtful, Action.AGAIN)
        return doubtful

    def _announce(self, job: Job) -> None:
        fact = JobChanged(job=job.id, step=job.step, state=job.state, proof=job.proof, printer=job.printer, fault=job.fault)
        self._outbox.append([FactDraft(data=fact, stream=Stream.RESULT, device=job.printer)])

    def _forget_old(self, db: sqlite3.Connection) -> int:
        marks = ", ".join("?" * len(TERMINAL))
        limit = _text(self._clock.now() - KEPT)
        sql = f"DELETE FROM print_job WHERE state IN ({marks}) AND changed_at < ? AND {NO_RESULT_WAITS}"  # noqa: S608 -- ours
        return db.execute(sql, (*TERMINAL, limit)).rowcount

    def _now(self) -> str:
        return _text(self._clock.now())


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _get(db: sqlite3.Connection, job_id: str) -> Job:
    job = _find(db, job_id)
    if job is None:
        raise UnknownJob(f"this box has no print job {job_id}")
    return job


def _find(db: sqlite3.Connection, job_id: str) -> Job | None:
    return next(iter(_select(db, "WHERE job = ?", (job_id,))), None)


def _select(db: sqlite3.Connection, where: str, params: Sequence[str]) -> list[Job]:
    sql = f"SELECT job, printer, request, state, step, attempt, proof, fault FROM print_job {where} ORDER BY place"  # noqa: S608 -- ours
    return [_job(row) for row in db.execute(sql, params)]


def _job(row: tuple[str, str, str, str, int, int, str | None, str | None]) -> Job:
    job_id, printer, request, state, step, attempt, proof, fault = row
    return Job(
        id=job_id,
        printer=printer,
        request=msgspec.json.decode(request, type=JobRequest),
        state=JobState(state),
        step=step,
        attempt=attempt,
        proof=Proof(proof) if proof else None,
        fault=msgspec.json.decode(fault, type=Fault) if fault else None,
    )
