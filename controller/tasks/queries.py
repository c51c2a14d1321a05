"""Tasks as people look for them."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.tasks.kinds import Severity
from controller.tasks.states import TaskState

WAITING = (TaskState.OPEN, TaskState.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """See `models.Task`; `position` is the cursor of a list."""

    id: int
    kind: str
    severity: Severity
    site: str | None
    key: str
    subject: str
    arguments: dict[str, object]
    state: TaskState
    times: int
    due: datetime | None
    created_at: datetime
    created_by: str
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None

    @property
    def position(self) -> str:
        return f"{self.severity.value}-{self.id}" if self.closed_at is None else str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which tasks: empty is all.  `state` None: what waits, the worst first; an end: the latest first.  `mine`: whose."""

    state: TaskState | None = None
    site: str = ""
    kind: str = ""
    mine: str = ""


async def tasks(asked: Asked, *, after: str | None = None, limit: int, sites: Iterable[str] | None = None) -> list[StoredTask]:
    """A page behind the cursor `after` (`position` of the last one shown).  `sites` None: of all, and those of the whole chain.

    Raises ValueError for a cursor that no page gave.
    """
    conditions, params = _conditions(asked, sites)
    if asked.state in (None, *WAITING):
        severity, task = _cursor(after)
        conditions.append("(severity > ? OR (severity = ? AND id > ?))")
        params += [severity, severity, task]
        order = "severity, id"
    else:
        conditions.append("id < ?")
        params.append(int(after) if after else 2**62)
        order = "id DESC"
    sql = f"SELECT * FROM task WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT ?"
    return [_task(row) for row in await fetch(sql, *params, limit)]


async def waiting(sites: Iterable[str] | None = None) -> dict[str, int]:
    """How many tasks of each kind wait."""
    conditions, params = _conditions(Asked(), sites)
    rows = await fetch(
        f"SELECT kind, COUNT(*) AS n FROM task WHERE {' AND '.join(conditions)} GROUP BY kind ORDER BY kind", *params
    )
    return {row["kind"]: int(row["n"]) for row in rows}


async def task(task_id: int, *, sites: Iterable[str] | None = None) -> StoredTask:
    """Raises NotFound, for one of another site, too."""
    rows = await fetch("SELECT * FROM task WHERE id = ?", task_id)
    if not rows or (sites is not None and rows[0]["site"] not in set(sites)):
        raise NotFound("task", task_id)
    return _task(rows[0])


@dataclass(frozen=True, slots=True)
class LastAsked:
    """The arguments of the latest task of a key; whether it waits, and whether people saw to it who knew them."""

    arguments: dict[str, object]
    waits: bool
    is_seen_to: bool


async def told_of(subjects: Iterable[str], kinds: Iterable[str]) -> dict[str, LastAsked]:
    """What was last asked for about subjects, by key."""
    rows = await fetch(
        f"SELECT key, arguments, state, closed_by FROM task WHERE {among('subject')} AND {among('kind')} ORDER BY id",
        listing(subjects),
        listing(kinds),
    )
    return {
        row["key"]: LastAsked(
            json.loads(row["arguments"]),
            waits=row["state"] in (TaskState.OPEN.value, TaskState.CLAIMED.value),
            is_seen_to=(row["closed_by"] or "").startswith(_PEOPLE),
        )
        for row in rows
    }


_PEOPLE = ("person:", "token:", "page:")
"""How those are named who close tasks by hand."""


async def waiting_keys(kind: str) -> set[str]:
    """The keys of all that waits of a kind."""
    return {row["key"] for row in await fetch("SELECT key FROM task WHERE kind = ? AND state IN ('open', 'claimed')", kind)}


def _conditions(asked: Asked, sites: Iterable[str] | None) -> tuple[list[str], list[object]]:
    conditions = [f"state = '{asked.state.value}'" if asked.state else "state IN ('open', 'claimed')"]
    params: list[object] = []
    for column, value in (("site", asked.site), ("kind", asked.kind), ("claimed_by", asked.mine)):
        if value:
            conditions.append(f"{column} = ?")
            params.append(value)
    if sites is not None:
        conditions.append(among("site"))
        params.append(listing(sites))
    return conditions, params


def _cursor(after: str | None) -> tuple[int, int]:
    if after is None:
        return -1, 0
    severity, _, task_id = after.partition("-")
    if not (severity.isascii() and severity.isdigit() and task_id.isascii() and task_id.isdigit() and len(after) < 19):
        raise ValueError(f"{after!r} is no cursor of tasks")
    return int(severity), int(task_id)


def _task(row: Row) -> StoredTask:
    told = ("id", "kind", "site", "key", "subject", "times", "due", "created_at", "created_by", "claimed_by", "claimed_at")
    return StoredTask(
        severity=Severity(row["severity"]),
        arguments=json.loads(row["arguments"]),
        state=TaskState(row["state"]),
        **{name: row[name] for name in (*told, "closed_at", "closed_by", "reason")},
    )
