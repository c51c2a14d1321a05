"""The pages of people: who works here, what they may do where, their badges, PINs and passwords."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import zxingcpp
from aiohttp import web

from controller import events
from controller.errors import DomainError
from controller.http.dispatch import PEOPLE
from controller.http.errors import Problem
from controller.http.routing import Actor, PageRequest, Permission, page
from controller.people import operations, queries, reach, sessions
from controller.people.policies import Grant
from controller.people.verifiers import Verifier
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES, account_of, names_of
from edge_agent.ui.locales import Language
from edge_agent.wire.roles import Role

SECTION = "/admin/people"
DONE = frozenset({"saved", "roles", "pin", "password", "badge", "sessions", "active"})
Verb = Callable[[Sent, str], Awaitable[None]]
Judge = Callable[[str, str], Awaitable[Verifier]]
Keep = Callable[[str, Verifier], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The handlers.  Each change asks `reach` whether this person may make it."""

    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted, actor = page_request(request), actor_of(request)
        state = text_of(request, "state")
        values = await _listed(wanted, text_of(request, "q"), state, actor)
        shown = {**paged(request, values, "q", "state"), "state": state, "may_add": bool(await _givable(actor))}
        return await self.pages.show(request, "people.html", SECTION, shown)

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._new(request, {})

    async def _new(self, request: web.Request, tried: dict[str, str], error: str = "") -> web.Response:
        roles = await _givable(actor_of(request))
        values: Values = {"roles": roles, "tried": tried, "error": error, "new_key": new_key}
        return await self.pages.show(request, "person_new.html", SECTION, values, status=422 if error else 200)

    async def add(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            grants = [_grant(sent.field("role"))] if sent.field("role") else []
            if not grants and not sent.actor.may_at(Permission.PEOPLE_WRITE, None):
                raise Problem(400, "malformed_form", "`role`: somebody who adds people for some sites gives each a role there.")
            reach.require_giveable(sent.actor, grants)
            added: list[str] = []

            async def verb() -> None:
                name, language = sent.fields.get("name", "").strip(), _language(sent)
                added.append(await operations.add_person(name, language=language, roles=grants))

            await sent.once(verb)
        except DomainError as error:
            return await self._new(request, dict(sent.fields), error.code)
        raise web.HTTPSeeOther(f"/admin/people/{added[0]}?done=saved" if added else SECTION)

    async def person(self, request: web.Request) -> web.StreamResponse:
        return await self._person(request)

    async def _person(self, request: web.Request, error: str = "") -> web.Response:
        person_id, actor = request.match_info["person"], actor_of(request)
        grants = await reach.require_visible(actor, person_id)
        done = text_of(request, "done")
        values: Values = {
            "row": await queries.person(person_id),
            "grants": [(grant, reach.may_give(actor, grant.role, grant.site)) for grant in reach.visible(actor, grants)],
            "roles": [grant for grant in await _givable(actor) if grant not in grants],
            "may_change": await _reaches(actor, person_id),
            "sessions": await sessions.sessions_of(person_id, request.app[PEOPLE].limits),
            "history": (history := await _history(person_id)),
            "names": await names_of(account_of(event.actor) for event in history),
            "done": done if done in DONE else "",
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "person.html", SECTION, values, status=422 if error else 200)

    def does(self, verb: Verb, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a form on a person's page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, person_id = sent_by(request), request.match_info["person"]
            await reach.require_reach(sent.actor, person_id)
            try:
                await sent.once(lambda: verb(sent, person_id))
            except DomainError as error:
                return await self._person(request, getattr(error, "flaw", error.code))
            raise web.HTTPSeeOther(f"/admin/people/{person_id}?done={done}")

        return handle

    def keeps(self, judge: Judge, keep: Keep, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The same for a secret: it is judged, and what is kept of it is made, before the transaction."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, person_id, made = sent_by(request), request.match_info["person"], list[Verifier]()

            async def before() -> None:
                made.append(await judge(person_id, sent.fields.get(done, "")))

            await reach.require_reach(sent.actor, person_id)
            try:
                await sent.once(lambda: keep(person_id, made[0]), before)
            except DomainError as error:
                return await self._person(request, getattr(error, "flaw", error.code))
            raise web.HTTPSeeOther(f"/admin/people/{person_id}?done={done}")

        return handle

    async def badge(self, request: web.Request) -> web.StreamResponse:
        """A new badge, shown in this answer and never again."""
        sent, person_id = sent_by(request), request.match_info["person"]
        await reach.require_reach(sent.actor, person_id)
        issued: list[str] = []

        async def verb() -> None:
            issued.append(await operations.issue_badge(person_id))

        await sent.once(verb)
        values: Values = {"row": await queries.person(person_id), "text": issued[0] if issued else ""}
        return await self.pages.show(request, "badge.html", SECTION, {**values, "picture": _picture(issued)})


def _picture(issued: list[str]) -> str:
    """The badge's Code 128 as an address of its own drawing."""
    if not issued:
        return ""
    drawing = zxingcpp.create_barcode(issued[0], zxingcpp.BarcodeFormat.Code128).to_svg(add_quiet_zones=True)
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()


async def _listed(request: PageRequest, q: str, state: str, actor: Actor) -> dict[str, object]:
    active = {"left": False, "all": None}.get(state, True)
    rows = await queries.people(after=request.after or "", limit=request.limit, q=q, active=active, sites=actor.sites)
    shown = page(rows, request, key=lambda row: row.name_key)
    grants = await queries.grants_of_all([row.id for row in shown.items])
    roles = {row.id: reach.visible(actor, grants.get(row.id, [])) for row in shown.items}
    return {"people": shown.items, "grants": roles, "next": shown.next}


async def _givable(actor: Actor) -> list[Grant]:
    """The roles that somebody may give, in the whole chain and at each site."""
    places = [None, *(site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites))]
    return [Grant(role, place) for place in places for role in Role if reach.may_give(actor, role, place)]


async def _history(person_id: str) -> list[events.Recorded]:
    """What happened to somebody, the newest first; that they came and went each day is left out."""
    found = await events.happened_to(person_id, limit=200)
    return [event for event in found if event.name not in ("logged_in", "logged_out")][:50]


async def _reaches(actor: Actor, person_id: str) -> bool:
    if not actor.may(Permission.PEOPLE_WRITE):
        return False
    try:
        await reach.require_reach(actor.at(Permission.PEOPLE_WRITE), person_id)
    except DomainError:
        return False
    return True


def _grant(text: str) -> Grant:
    """`role@site`, or `role@*`.  Raises Problem 400."""
    role, _, site = text.partition("@")
    if role not in set(Role) or not site:
        raise Problem(400, "malformed_form", "`role`: expected one that the page offers.")
    return Grant(Role(role), None if site == "*" else site)


def _language(sent: Sent) -> Language:
    return Language(sent.field("language")) if sent.field("language") in set(Language) else Language.ENGLISH


async def _change(sent: Sent, person_id: str) -> None:
    await operations.change_person(person_id, name=sent.field("name"), language=_language(sent))


async def _give(sent: Sent, person_id: str) -> None:
    grant = _grant(sent.field("role"))
    reach.require_giveable(sent.actor, [grant])
    await operations.give_role(person_id, grant)


async def _take(sent: Sent, person_id: str) -> None:
    await operations.take_role(person_id, _grant(sent.field("role")))


async def _active(sent: Sent, person_id: str) -> None:
    await operations.set_active(person_id, active=sent.field("active") == "yes")


async def _judged_pin(person_id: str, text: str) -> Verifier:
    return await operations.pin_verifier(person_id, text.strip())


async def _withdraw(_: Sent, person_id: str) -> None:
    await operations.withdraw_badge(person_id)


async def _end(_: Sent, person_id: str) -> None:
    await sessions.end_sessions(person_id)


def people_routes(pages: Pages) -> list[PageRoute]:
    people, read, write = PeoplePages(pages), Permission.PEOPLE_READ, Permission.PEOPLE_WRITE
    one = f"{SECTION}/{{person}}"
    forms = [
        (one, _change, "saved"),
        (f"{one}/roles/give", _give, "roles"),
        (f"{one}/roles/take", _take, "roles"),
        (f"{one}/active", _active, "active"),
        (f"{one}/badge/withdraw", _withdraw, "badge"),
        (f"{one}/sessions/end", _end, "sessions"),
    ]
    return [
        PageRoute("GET", SECTION, people.listing, permission=read),
        PageRoute("GET", f"{SECTION}/new", people.new, permission=write),
        PageRoute("POST", SECTION, people.add, permission=write),
        PageRoute("GET", one, people.person, permission=read),
        PageRoute("POST", f"{one}/badge", people.badge, permission=write),
        PageRoute("POST", f"{one}/pin", people.keeps(_judged_pin, operations.set_pin, "pin"), permission=write),
        PageRoute(
            "POST",
            f"{one}/password",
            people.keeps(operations.password_verifier, operations.set_password, "password"),
            permission=write,
        ),
        *(PageRoute("POST", path, people.does(verb, done), permission=write) for path, verb, done in forms),
    ]
