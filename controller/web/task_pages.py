"""The page of tasks: what people must do or decide, the worst first; claimed, done, given back and dropped by forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.db import in_transaction
from controller.errors import Conflict, DomainError, Forbidden
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number, page
from controller.sites import queries as site_queries
from controller.tasks import operations, queries
from controller.tasks.kinds import KINDS
from controller.tasks.queries import Asked, StoredTask
from controller.tasks.states import TaskState
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES, account_of, names_of
from controller.web.task_words import words_of

SECTION: Final = "/tasks"
DONE: Final = frozenset({"claimed", "given_back", "done", "dropped"})
KEPT: Final = ("state", "site", "kind", "mine")
Verb = Callable[[Sent, StoredTask], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TaskPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {name: text_of(request, name) for name in KEPT}, text_of(request, "done"))

    async def _show(
        self, request: web.Request, asked: dict[str, str], done: str = "", refused: Values | None = None, status: int = 200
    ) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        try:
            rows = await queries.tasks(_asked(asked, actor.account), after=wanted.after, limit=wanted.limit, sites=actor.sites)
        except ValueError as error:
            raise BadParameter("after", "a cursor as an earlier page gave it") from error
        shown = page(rows, wanted, key=lambda row: row.position)
        people = [account_of(one) for row in shown.items for one in (row.claimed_by, row.closed_by) if one]
        values: Values = {
            "tasks": [(row, _link(row, actor.permissions)) for row in shown.items],
            "waiting": await queries.waiting(actor.sites),
            "sites": [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)],
            "kinds": list(KINDS),
            "states": [state.value for state in TaskState],
            "names": await names_of(people),
            "me": actor.account,
            "asked": asked,
            "done": done if done in DONE else "",
            "error": "",
            "by": "",
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **paged(request, {"next": shown.next}, *KEPT),
            **(refused or {}),
        }
        return await self.pages.show(request, "tasks.html", SECTION, values, status=status)

    def does(self, verb: Verb, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            sent = sent_by(request)
            found = await queries.task(number(request.match_info["id"], "id"), sites=sent.actor.sites)
            asked = {name: sent.field(f"at_{name}") for name in KEPT}
            try:
                await sent.acting(lambda: in_transaction(lambda: verb(sent, found)))  # twice is once by themselves
            except (Conflict, Forbidden, operations.ReasonNeeded) as error:
                by = str(getattr(error, "by", ""))
                refused: Values = {"error": error.code, "by": by, "names": await names_of([account_of(by)])}
                return await self._show(request, asked, refused=refused, status=_status(error))
            kept = {name: value for name, value in asked.items() if value}
            raise web.HTTPSeeOther(f"{SECTION}?{urlencode({**kept, 'done': done})}")

        return handle


def _status(error: DomainError) -> int:
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, Forbidden) else 422


def _asked(asked: dict[str, str], me: str) -> Asked:
    state = TaskState(asked["state"]) if asked["state"] in set(TaskState) else None
    kind = asked["kind"] if asked["kind"] in KINDS else ""
    return Asked(state=state, site=asked["site"], kind=kind, mine=me if asked["mine"] else "")


def _link(row: StoredTask, may: frozenset[Permission]) -> str:
    words = words_of(row.kind)
    return words.link({"site": row.site or "", **row.arguments, "subject": row.subject}) if words.needs in may else ""


async def _claim(_: Sent, task: StoredTask) -> None:
    await operations.claim(task.id)


async def _give_back(sent: Sent, task: StoredTask) -> None:
    await operations.give_back(task.id, others_too=sent.actor.may_at(Permission.TASKS_MANAGE, task.site))


async def _finish(_: Sent, task: StoredTask) -> None:
    await operations.finish(task.id)


async def _drop(sent: Sent, task: StoredTask) -> None:
    if not sent.actor.may_at(Permission.TASKS_MANAGE, task.site):
        raise Problem(403, "not_permitted", "Dropping a task takes tasks.manage at its site.")
    await operations.drop(task.id, reason=sent.field("reason"))


def task_routes(pages: Pages) -> list[PageRoute]:
    tasks, write = TaskPages(pages), Permission.TASKS_WRITE
    one = f"{SECTION}/{{id}}"
    forms = (
        ("claim", _claim, "claimed", write),
        ("give-back", _give_back, "given_back", write),
        ("done", _finish, "done", write),
        ("drop", _drop, "dropped", Permission.TASKS_MANAGE),
    )
    return [
        PageRoute("GET", SECTION, tasks.listing, permission=Permission.TASKS_READ),
        *(PageRoute("POST", f"{one}/{name}", tasks.does(verb, done), permission=needs) for name, verb, done, needs in forms),
    ]
