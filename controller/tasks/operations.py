"""Tasks are opened and closed by features in their own transactions, and claimed, done or dropped by people.

Each change is a conditional UPDATE: two people never claim one.  Who acts is `events.actor()`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from controller import events
from controller.db import Row, execute, fetch, now, transaction, utc
from controller.errors import Conflict, Forbidden, NotFound, Rejected
from controller.tasks.events import TaskClaimed, TaskClosed, TaskGivenBack, TaskOpened
from controller.tasks.kinds import KINDS
from controller.tasks.states import TASK, TaskAction, TaskState
from controller.values import statements

MAX_KEY = 200
MAX_REASON = 200


class TaskTaken(Conflict):
    """Somebody else is at it; `by` as events name them."""

    code = "task_taken"

    def __init__(self, task: int, by: str) -> None:
        super().__init__(f"task {task} is claimed by {by}: leave it to them, or have it given back first")
        self.task = task
        self.by = by


class TaskIsClosed(Conflict):
    code = "task_closed"

    def __init__(self, task: int, state: TaskState, by: str) -> None:
        super().__init__(f"task {task} is {state} already, by {by}")
        self.task = task
        self.state = state.value
        self.by = by


class ReasonNeeded(Rejected):
    code = "reason_needed"


class NotYours(Forbidden):
    """Only who claimed it gives it back, or who manages tasks."""

    code = "not_yours"


@dataclass(frozen=True, slots=True)
class Task:
    """What people are asked for: see `open_task`."""

    kind: str
    _: KW_ONLY
    site: str | None
    subject: str
    arguments: Mapping[str, object]
    due: datetime | None = None


async def open_task(
    kind: str, *, site: str | None, key: str, subject: str, arguments: Mapping[str, object], due: datetime | None = None
) -> int:
    """Ask people for something, once while it waits: an open task of this key gets the newer arguments and the earlier `due`.

    Its id.  In the caller's transaction, if there is one.  `site` None: the whole chain.  Records TaskOpened when it is new.
    Raises ValueError for a kind that is not in `KINDS`.
    """
    return (await open_tasks({key: Task(kind, site=site, subject=subject, arguments=arguments, due=due)}))[key]


_OPEN = "INSERT INTO task (kind, severity, site, key, subject, arguments, state, times, due, created_at, created_by)"
_OPENED = (
    "ON CONFLICT (key) WHERE state IN ('open', 'claimed') DO UPDATE SET arguments = excluded.arguments, times = task.times + 1, "
    "due = CASE WHEN task.due IS NULL OR excluded.due < task.due THEN excluded.due ELSE task.due END "
    "RETURNING id, key, kind, subject, site, times"
)


async def open_tasks(wanted: Mapping[str, Task]) -> dict[str, int]:
    """As `open_task`, for many at once, by key; keys differ in their first 200 characters.  Their ids."""
    found: dict[str, int] = {}
    by_site: dict[str | None, list[tuple[events.Event, str]]] = {}
    async with transaction():
        for sql, parts in statements(_OPEN, [_row(key, task) for key, task in wanted.items()], _OPENED):
            for part in parts:
                for row in await fetch(sql, *part):
                    found[row["key"]] = int(row["id"])
                    if row["times"] == 1:
                        told = TaskOpened(kind=row["kind"], about=row["subject"])
                        by_site.setdefault(row["site"], []).append((told, f"task:{row['id']}"))
        for site, opened in by_site.items():
            await events.record_many(opened, site=site)
    return {key: found[key[:MAX_KEY]] for key in wanted}


def _row(key: str, task: Task) -> tuple[object, ...]:
    if task.kind not in KINDS:
        raise ValueError(f"{task.kind!r} is no kind of task: give it its line in controller/tasks/kinds.py")
    until, arguments = utc(task.due) if task.due else None, json.dumps(dict(task.arguments), ensure_ascii=False)
    told = (task.kind, KINDS[task.kind].value, task.site, key[:MAX_KEY], task.subject[:MAX_KEY], arguments)
    return (*told, TaskState.OPEN.value, 1, until, now(), events.actor().actor)


async def close_tasks(key: str, *, state: TaskState = TaskState.DONE) -> int:
    """What was asked for under a key is done (or not wanted any more); how many tasks that closed: 0 or 1.

    Records TaskClosed.
    """
    async with transaction():
        rows = await fetch(
            "UPDATE task SET state = ?, closed_at = ?, closed_by = ? WHERE key = ? AND state IN ('open', 'claimed') "
            "RETURNING id, kind, subject, site",
            *(state.value, now(), events.actor().actor, key[:MAX_KEY]),
        )
        for row in rows:
            await _tell(row, TaskClosed(kind=row["kind"], about=row["subject"], state=state.value, reason=None))
    return len(rows)


async def claim(task: int) -> None:
    """Whoever acts is at it from now on; claiming one's own again changes nothing.

    Records TaskClaimed.  Raises NotFound, TaskTaken, TaskIsClosed.
    """
    me = events.actor().actor
    async with transaction():
        rows = await fetch(
            "UPDATE task SET state = 'claimed', claimed_by = ?, claimed_at = ? WHERE id = ? AND state = 'open' "
            "RETURNING id, kind, subject, site",
            *(me, now(), task),
        )
        if rows:
            await _tell(rows[0], TaskClaimed(kind=rows[0]["kind"], about=rows[0]["subject"]))
        elif (row := await _waiting(task))["claimed_by"] != me:
            raise TaskTaken(task, row["claimed_by"])


async def give_back(task: int, *, others_too: bool = False) -> None:
    """It is anybody's again; `others_too`: whoever acts may give back what others claimed.  An open one stays as it is.

    Records TaskGivenBack.  Raises NotFound, TaskIsClosed, NotYours.
    """
    me = events.actor().actor
    async with transaction():
        row = await _waiting(task)
        if row["state"] == TaskState.OPEN.value:
            return
        if row["claimed_by"] != me and not others_too:
            raise NotYours(f"task {task} is claimed by {row['claimed_by']}: they give it back, or who manages tasks")
        changed = await execute(
            "UPDATE task SET state = 'open', claimed_by = NULL, claimed_at = NULL "
            "WHERE id = ? AND state = 'claimed' AND claimed_by = ?",
            *(task, row["claimed_by"]),
        )
        if changed:
            await _tell(row, TaskGivenBack(kind=row["kind"], about=row["subject"], claimed_by=row["claimed_by"]))


async def finish(task: int) -> None:
    """It is done, by whoever acts.  Doing it twice is once.  Records TaskClosed.

    Raises NotFound, TaskTaken (somebody else is at it), TaskIsClosed (it was dropped).
    """
    await _close(task, TaskAction.FINISH, None)


async def drop(task: int, *, reason: str) -> None:
    """It will not be done, because of `reason` (1 to 200 characters on one line), whoever is at it.  Records TaskClosed.

    Raises ReasonNeeded, NotFound, TaskIsClosed.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON or not reason.isprintable():
        raise ReasonNeeded(f"dropping a task needs a reason of 1 to {MAX_REASON} characters on one line")
    await _close(task, TaskAction.DROP, reason)


async def _close(task: int, action: TaskAction, reason: str | None) -> None:
    state, me = TASK[TaskState.OPEN][action], events.actor().actor
    async with transaction():
        rows = await fetch(
            "UPDATE task SET state = ?, closed_at = ?, closed_by = ?, reason = ? WHERE id = ? AND state IN ('open', 'claimed') "
            "AND (state = 'open' OR claimed_by = ? OR ? = 'dropped') RETURNING id, kind, subject, site",
            *(state.value, now(), me, reason, task, me, state.value),
        )
        if rows:
            row = rows[0]
            await _tell(row, TaskClosed(kind=row["kind"], about=row["subject"], state=state.value, reason=reason))
            return
        found = await _found(task)
        if found["state"] == state.value:
            return
        if found["closed_by"] is None:
            raise TaskTaken(task, found["claimed_by"])
        raise TaskIsClosed(task, TaskState(found["state"]), found["closed_by"])


async def _found(task: int) -> Row:
    rows = await fetch("SELECT * FROM task WHERE id = ?", task)
    if not rows:
        raise NotFound("task", task)
    return rows[0]


async def _waiting(task: int) -> Row:
    """Raises NotFound, TaskIsClosed."""
    row = await _found(task)
    if row["closed_by"] is not None:
        raise TaskIsClosed(task, TaskState(row["state"]), row["closed_by"])
    return row


async def _tell(row: Row, event: events.Event) -> None:
    await events.record(event, subject=f"task:{row['id']}", site=row["site"])
