"""What happens to tasks.  The subject is `task:<id>`."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class TaskOpened(Event, frozen=True, kw_only=True):
    """`about`: the subject of the task."""

    name: ClassVar[str] = "task_opened"
    kind: str
    about: str


class TaskClaimed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "task_claimed"
    kind: str
    about: str


class TaskGivenBack(Event, frozen=True, kw_only=True):
    """`claimed_by`: who had it."""

    name: ClassVar[str] = "task_given_back"
    kind: str
    about: str
    claimed_by: str


class TaskClosed(Event, frozen=True, kw_only=True):
    """`state`: done or dropped; `reason` of a dropped one in a person's words."""

    name: ClassVar[str] = "task_closed"
    kind: str
    about: str
    state: str
    reason: str | None
