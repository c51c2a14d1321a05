"""Print jobs: the table of their states, and a job as its journal holds it (`edge_agent/journal.py`).

    accepted -> queued -> sending -> sent -> printed | failed | expired | cancelled | uncertain

`sending` is on disk before the first byte leaves, so that a crash can never print twice in silence: what was on its way then is
`uncertain` until a person decides.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from edge_agent.errors import AgentError
from edge_agent.wire.facts import JobChanged, JobState, Proof
from edge_agent.wire.messages import Fault, JobRequest


class Action(StrEnum):
    """What can happen to a job."""

    QUEUE = "queue"
    HOLD = "hold"
    """It cannot go on yet and no byte of it has left: it waits in the queue, with the reason in sight."""
    MOVE = "move"
    """Another printer of the box holds it from now on, and only that one may send it."""
    PRIORITISE = "prioritise"
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
        Action.MOVE: JobState.QUEUED,
        Action.PRIORITISE: JobState.QUEUED,
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
TEST_ATTEMPTS: Final = 2
"""A test job repeats itself once; then a person looks."""


class UnknownJob(AgentError):
    code = "unknown_job"


class IllegalTransition(AgentError):
    """The job is not in a state from which this can happen."""

    code = "illegal_transition"


class LeaseLost(IllegalTransition):
    """The job took another edge since it was looked at: a person did something with it, or another printer holds it."""

    code = "lease_lost"


class Job(Struct, frozen=True, kw_only=True):
    """A job as the journal holds it.  `step` counts its edges from 1, `attempt` its ways to the paper.

    `printer` holds it: no other one may send it.  `wanted` is the one it is for, to which it comes back; `place` orders the jobs of
    a box by their coming in; `arrived`: the boot, and its clock's milliseconds, in which it came.
    """

    id: str
    printer: str
    wanted: str
    request: JobRequest
    state: JobState
    step: int
    place: int
    priority: int
    accepted_at: datetime
    arrived: tuple[str, int]
    attempt: int = 1
    proof: Proof | None = None
    fault: Fault | None = None

    @property
    def copy_mark(self) -> bool:
        """Whether it must be printed with a COPY mark: it was asked for as one, or an earlier attempt may be on paper."""
        return self.request.copy or self.attempt > 1

    @property
    def turn(self) -> tuple[int, int]:
        """Smaller comes first: the more urgent, and of those the older."""
        return self.priority, self.place

    def told(self) -> JobChanged:
        """Its latest edge as a fact."""
        return JobChanged(
            job=self.id,
            step=self.step,
            state=self.state,
            proof=self.proof,
            printer=self.printer,
            fault=self.fault,
            priority=self.priority,
        )


def after(state: JobState, action: Action) -> JobState:
    """Raises IllegalTransition."""
    try:
        return JOB[state][action]
    except KeyError:
        possible = ", ".join(JOB[state]) or "nothing: that is final"
        raise IllegalTransition(f"a print job that is {state} cannot {action}; possible: {possible}") from None
