"""The pages of counts: sessions and how far they are, planning one, deciding about what differed, the scans behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.counts import limits, planning, queries, reviewing, sessions, unmatched
from controller.counts.errors import AlreadyDecided
from controller.counts.planning import Plan
from controller.counts.queries import Session
from controller.counts.reviewing import Verdict
from controller.counts.states import SessionKind
from controller.errors import DomainError, Forbidden, NotFound
from controller.http.routing import BadParameter, Permission, number, page
from controller.sites import queries as site_queries
from controller.web import count_shown
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES

SECTION: Final = "/counts"
DONE: Final = frozenset(
    {"planned", "submitted", "cancelled", "accepted", "rejected", "recount", "withdrawn", "undone", "linked", "set_aside", "all"}
)
Verb = Callable[[Sent, Session], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class CountPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted, actor = page_request(request), actor_of(request)
        asked = {name: text_of(request, name) for name in ("site", "state", "q")}
        rows = await queries.sessions(before=wanted.number() or None, limit=wanted.limit, sites=actor.sites, **asked)
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {"sessions": shown.items, "next": shown.next, "asked": asked, **await self._sites(request)}
        return await self._show(request, "counts.html", paged(request, values, *asked))

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._new(request, text_of(request, "site"), {})

    async def _new(self, request: web.Request, site: str, refused: Values, status: int = 200) -> web.Response:
        sites = (await self._sites(request))["sites"]
        where = site if site in sites else (sites[0] if sites else "")
        values = {"site": where, "sites": sites, "typed": {}, "error": "", **(await count_shown.plans(where) if where else {})}
        return await self._show(request, "count_new.html", {**values, **refused}, status)

    async def plan(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        made: list[str] = []

        async def verb() -> None:
            made.append(await planning.plan(_plan(sent)))

        try:
            _require_site(sent)
            await sent.once(verb)
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_count_plan"
            return await self._new(request, sent.field("site"), {"error": code, "typed": dict(sent.fields)}, 422)
        raise web.HTTPSeeOther(f"{SECTION}/{made[0]}?done=planned" if made else SECTION)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        values = await count_shown.one(await _seen(request), page_request(request))
        return await self._show(request, "count.html", {"error": "", **paged(request, values), **refused}, status)

    async def review(self, request: web.Request) -> web.StreamResponse:
        return await self._review(request, {})

    async def _review(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        actor, found, state = actor_of(request), await _seen(request), text_of(request, "state") or "differences"
        if await sessions.refresh(found.no):
            found = await queries.session(found.no)
        may_approve = actor.may_at(Permission.COUNTS_APPROVE, found.site)
        values = await count_shown.review(found, page_request(request), state, may_approve=may_approve)
        values = {**paged(request, values, "state"), "links": actor.may_at(Permission.CATALOG_WRITE, found.site)}
        return await self._show(request, "count_review.html", {"error": "", "by": "", "at": None, **values, **refused}, status)

    async def row(self, request: web.Request) -> web.StreamResponse:
        found = await _seen(request)
        await sessions.refresh(found.no)
        values = await count_shown.evidence(found, number(request.match_info["row"], "row"))
        return await self._show(request, "count_row.html", {"error": "", **values})

    def does(self, verb: Verb, done: str, shown: str = "review") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a form on a session's page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, found = sent_by(request), await _seen(request)
            try:
                await sent.once(lambda: verb(sent, found))
            except (DomainError, BadParameter) as error:
                refused = _refused(error)
                page_of = self._review if shown == "review" else self._one
                return await page_of(request, refused, 403 if isinstance(error, Forbidden) else 409)
            kept = {name: value for name in ("state",) if (value := sent.field(name))}
            where = f"{SECTION}/{found.no}" + ("/review" if shown == "review" else "")
            raise web.HTTPSeeOther(f"{where}?{urlencode({**kept, 'done': done})}")

        return handle

    async def _sites(self, request: web.Request) -> dict[str, list[str]]:
        return {"sites": [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor_of(request).sites)]}

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        done = text_of(request, "done")
        shown = {
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            "new_key": new_key,
            "next_page": "",
            "first_page": "",
            "done": done if done in DONE and request.method == "GET" else "",
            "reasons": await limits.reasons(),
            **values,
        }
        return await self.pages.show(request, template, SECTION, shown, status=status)


def _refused(error: DomainError | BadParameter) -> dict[str, object]:
    if isinstance(error, AlreadyDecided):
        return {"error": error.code, "by": error.name, "at": error.at, "was": error.state}
    return {"error": error.code if isinstance(error, DomainError) else "bad_parameter"}


async def _seen(request: web.Request) -> Session:
    return await queries.session(request.match_info["no"], sites=actor_of(request).sites)


def _require_site(sent: Sent) -> None:
    site = sent.field("site")
    if sent.actor.sites is not None and site not in sent.actor.sites:
        raise NotFound("site", site)


def _plan(sent: Sent) -> Plan:
    kinds = {kind.value for kind in (SessionKind.CLASS, SessionKind.ZONE, SessionKind.SUSPICION, SessionKind.CHOSEN)}
    if sent.field("kind") not in kinds:
        raise planning.BadPlan("a kind of session that the page offers")
    kind = SessionKind(sent.field("kind"))
    return Plan(
        site=sent.field("site"),
        kind=kind,
        scope=sent.field("abc") if kind is SessionKind.CLASS else sent.field("zone") if kind is SessionKind.ZONE else "",
        bins=sent.fields.get("bins", "").split(),
        blind=sent.field("blind") == "yes",
        counters=number(sent.field("counters") or "1", "counters"),
    )


def _row_id(sent: Sent) -> int:
    return number(sent.request.match_info["row"], "row")


def _verdict(sent: Sent, found: Session) -> Verdict:
    seen = sent.field("seen")
    return Verdict(
        reason=sent.field("reason") or None,
        note=sent.field("note") or None,
        seen=int(seen) if seen.lstrip("-").isdigit() and len(seen) < 18 else None,
        may_approve=sent.actor.may_at(Permission.COUNTS_APPROVE, found.site),
    )


async def _accept(sent: Sent, found: Session) -> None:
    await reviewing.accept(found.no, _row_id(sent), _verdict(sent, found))


async def _reject(sent: Sent, found: Session) -> None:
    await reviewing.reject(found.no, _row_id(sent), _verdict(sent, found))


async def _recount(sent: Sent, found: Session) -> None:
    await reviewing.recount(found.no, _row_id(sent))


async def _undo(sent: Sent, found: Session) -> None:
    await reviewing.undo(found.no, _row_id(sent), sent.field("note"))


async def _accept_all(sent: Sent, found: Session) -> None:
    await reviewing.accept_all(found.no, number(sent.field("rows") or "0", "rows"), _verdict(sent, found))


async def _withdraw(sent: Sent, found: Session) -> None:
    await reviewing.withdraw_recount(found.no, number(sent.request.match_info["bin"], "bin"))


async def _submit(sent: Sent, found: Session) -> None:
    await sessions.submit(found.no, without_uncounted=sent.field("without") == "yes")


async def _cancel(sent: Sent, found: Session) -> None:
    await sessions.cancel(found.no, reason=sent.field("note")[:200])


async def _set_aside(sent: Sent, found: Session) -> None:
    await unmatched.set_aside(found.no, number(sent.request.match_info["scan"], "scan"), sent.field("note"))


async def _link(sent: Sent, found: Session) -> None:
    if not sent.actor.may_at(Permission.CATALOG_WRITE, found.site):
        raise Forbidden("linking a barcode needs the permission catalog.write")
    scan, units = number(sent.request.match_info["scan"], "scan"), number(sent.field("units") or "1", "units")
    where = None if sent.actor.at(Permission.CATALOG_WRITE).sites is None else found.site
    await unmatched.link(found.no, scan, sent.field("sku"), units=units, site=where)


def count_routes(pages: Pages) -> list[PageRoute]:
    counts, review, plan = CountPages(pages), Permission.COUNTS_REVIEW, Permission.COUNTS_PLAN
    one = f"{SECTION}/{{no}}"
    row = f"{one}/rows/{{row}}"
    forms = (
        (f"{row}/accept", _accept, "accepted", review, "review"),
        (f"{row}/reject", _reject, "rejected", review, "review"),
        (f"{row}/recount", _recount, "recount", review, "review"),
        (f"{row}/undo", _undo, "undone", review, "review"),
        (f"{one}/accept", _accept_all, "all", review, "review"),
        (f"{one}/bins/{{bin}}/withdraw", _withdraw, "withdrawn", review, "review"),
        (f"{one}/unmatched/{{scan}}/set-aside", _set_aside, "set_aside", review, "review"),
        (f"{one}/unmatched/{{scan}}/link", _link, "linked", review, "review"),
        (f"{one}/submit", _submit, "submitted", plan, "one"),
        (f"{one}/cancel", _cancel, "cancelled", plan, "one"),
    )
    return [
        PageRoute("GET", SECTION, counts.listing, permission=Permission.COUNTS_READ),
        PageRoute("GET", f"{SECTION}/new", counts.new, permission=plan),
        PageRoute("POST", SECTION, counts.plan, permission=plan),
        PageRoute("GET", one, counts.one, permission=Permission.COUNTS_READ),
        PageRoute("GET", f"{one}/review", counts.review, permission=review),
        PageRoute("GET", row, counts.row, permission=review),
        *(PageRoute("POST", path, counts.does(verb, done, shown), permission=needs) for path, verb, done, needs, shown in forms),
    ]
