"""States of requests to boxes.

A print job's edges are the box's (`edge_agent/jobs.py`): its `job_changed` says the state reached, and the highest step wins.  The
controller takes only the edges below by itself, and only while the box has not answered (step 0); a late answer still wins.
"""

from __future__ import annotations

from enum import StrEnum


class PrintState(StrEnum):
    """`requested`: the box has not answered yet; the others are the wire's `JobState`."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PRINTED = "printed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class PrintAction(StrEnum):
    """What the controller does to a job that no box has answered."""

    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    """The box said that it does not know the job that it was told to cancel."""


PRINT_JOB: dict[PrintState, dict[PrintAction, PrintState]] = {
    **{state: {} for state in PrintState},
    PrintState.REQUESTED: {PrintAction.EXPIRE: PrintState.EXPIRED, PrintAction.WITHDRAW: PrintState.CANCELLED},
}
FINAL = frozenset({PrintState.PRINTED, PrintState.FAILED, PrintState.EXPIRED, PrintState.CANCELLED})


class CommandState(StrEnum):
    REQUESTED = "requested"
    DONE = "done"
    EXPIRED = "expired"


class CommandAction(StrEnum):
    FINISH = "finish"
    EXPIRE = "expire"


COMMAND: dict[CommandState, dict[CommandAction, CommandState]] = {
    CommandState.REQUESTED: {CommandAction.FINISH: CommandState.DONE, CommandAction.EXPIRE: CommandState.EXPIRED},
    CommandState.EXPIRED: {CommandAction.FINISH: CommandState.DONE},
    CommandState.DONE: {},
}
