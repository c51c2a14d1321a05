"""States of a task."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class TaskState(StrEnum):
    """Open: anybody's.  Claimed: one person is at it.  Done and dropped are ends."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    DROPPED = "dropped"


class TaskAction(StrEnum):
    CLAIM = "claim"
    GIVE_BACK = "give_back"
    FINISH = "finish"
    DROP = "drop"


TASK: Table[TaskState, TaskAction] = {
    TaskState.OPEN: {
        TaskAction.CLAIM: TaskState.CLAIMED,
        TaskAction.FINISH: TaskState.DONE,
        TaskAction.DROP: TaskState.DROPPED,
    },
    TaskState.CLAIMED: {
        TaskAction.GIVE_BACK: TaskState.OPEN,
        TaskAction.FINISH: TaskState.DONE,
        TaskAction.DROP: TaskState.DROPPED,
    },
    TaskState.DONE: {},
    TaskState.DROPPED: {},
}
