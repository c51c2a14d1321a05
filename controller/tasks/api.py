"""Tasks over HTTP: what waits, and who does it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Route, number, page
from controller.tasks import operations, queries
from controller.tasks.kinds import KINDS
from controller.tasks.queries import Asked, StoredTask
from controller.tasks.states import TaskState

T = TypeVar("T")


class TaskView(Struct, frozen=True, kw_only=True):
    """`kind` is the code of its sentence, `arguments` are what the sentence names; `times`: how often it was asked for since.

    `site` null: it concerns the whole chain.  `position` is its place in the list.
    """

    id: int
    kind: str
    severity: str
    site: str | None
    subject: str
    arguments: dict[str, object]
    state: TaskState
    times: int
    due: datetime | None
    created_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None
    position: str


class DropTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


async def listing(call: Call[None]) -> Page[TaskView]:
    asked = Asked(
        state=_state(call.query.get("state", "")),
        site=call.query.get("site", ""),
        kind=_kind(call.query.get("kind", "")),
        mine=call.actor.account if call.query.get("mine") == "yes" else "",
    )
    try:
        rows = await queries.tasks(asked, after=call.page.after, limit=call.page.limit, sites=call.actor.sites)
    except ValueError as error:
        raise BadParameter("after", "a cursor as an earlier page gave it") from error
    return page([_view(row) for row in rows], call.page, key=lambda view: view.position)


async def show(call: Call[None]) -> TaskView:
    return _view(await _visible(call))


async def claim(call: Call[None]) -> TaskView:
    await operations.claim((await _visible(call)).id)
    return await show(call)


async def give_back(call: Call[None]) -> TaskView:
    found = await _visible(call)
    await operations.give_back(found.id, others_too=call.actor.may_at(Permission.TASKS_MANAGE, found.site))
    return await show(call)


async def finish(call: Call[None]) -> TaskView:
    await operations.finish((await _visible(call)).id)
    return await show(call)


async def drop(call: Call[DropTask]) -> TaskView:
    found = await _visible(call)
    await operations.drop(found.id, reason=call.body.reason)
    return _view(await queries.task(found.id))


async def _visible(call: Call[T]) -> StoredTask:
    return await queries.task(number(call.path["id"], "id"), sites=call.actor.sites)


def _state(text: str) -> TaskState | None:
    if text in ("", "waiting"):
        return None
    try:
        return TaskState(text)
    except ValueError as error:
        raise BadParameter("state", f"waiting, {', '.join(TaskState)}") from error


def _kind(text: str) -> str:
    if text and text not in KINDS:
        raise BadParameter("kind", f"one of {', '.join(KINDS)}")
    return text


def _view(row: StoredTask) -> TaskView:
    return TaskView(
        id=row.id,
        kind=row.kind,
        severity=row.severity.word,
        site=row.site,
        subject=row.subject,
        arguments=row.arguments,
        state=row.state,
        times=row.times,
        due=row.due,
        created_at=row.created_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
        position=row.position,
    )


READ, WRITE = Permission.TASKS_READ, Permission.TASKS_WRITE
ONE = "/api/v1/tasks/{id}"
ROUTES = [
    Route(
        "GET",
        "/api/v1/tasks",
        listing,
        permission=READ,
        reply=Page[TaskView],
        summary="List what people must do or decide: what waits, the worst first; what is closed, the latest first",
        filters={
            "state": "`waiting` (open or claimed, the default), open, claimed, done or dropped",
            "site": "only those of this site",
            "kind": "only those of this kind",
            "mine": "`yes`: only what the caller has claimed",
        },
    ),
    Route("GET", ONE, show, permission=READ, reply=TaskView, summary="One task"),
    Route("POST", f"{ONE}/claim", claim, permission=WRITE, reply=TaskView, summary="Claim a task: the caller is at it"),
    Route(
        "POST",
        f"{ONE}/give-back",
        give_back,
        permission=WRITE,
        reply=TaskView,
        summary="Give a claimed task back; another one's takes tasks.manage",
    ),
    Route("POST", f"{ONE}/done", finish, permission=WRITE, reply=TaskView, summary="Say that a task is done"),
    Route(
        "POST",
        f"{ONE}/drop",
        drop,
        permission=Permission.TASKS_MANAGE,
        body=DropTask,
        reply=TaskView,
        summary="Drop a task that will not be done",
        example=DropTask(reason="the bin is gone"),
    ),
]
