"""The pages of review: what waits for whom, one order with what was said of it, how deadlines are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.db import now
from controller.errors import DomainError, NotFound
from controller.http.routing import Actor, BadParameter, Permission, page
from controller.orders import flags
from controller.orders import queries as orders
from controller.orders.flags import FlagKind
from controller.review import cases, queries
from controller.review.cases import MOST_AT_ONCE, Refused
from controller.review.clocks import ClockKind
from controller.review.judging import judge_again
from controller.review.prompts import prompt
from controller.review.queries import Wanted
from controller.review.rules import Outcome
from controller.review.states import CaseState
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/reviews"
TIMES: Final = "/order-times"
_STAGES = {CaseState.SERVICE: Permission.REVIEW_SERVICE, CaseState.FINANCE: Permission.REVIEW_FINANCE}
_TABS = (CaseState.SERVICE, CaseState.FINANCE, CaseState.HELD)
_DAYS = (7, 30, 90, 365)
_DONE = frozenset({"claimed", "given_back", "approved", "held", "refused", "resumed", "judged"})


@dataclass(frozen=True, slots=True)
class ReviewPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(
        self, request: web.Request, error: str = "", refused: tuple[Refused, ...] = (), status: int = 200
    ) -> web.Response:
        actor, asked = actor_of(request), page_request(request)
        wanted = _wanted(text_of(request, "state"), text_of(request, "outcome"), text_of(request, "q"))
        rows = await queries.cases(wanted, after=asked.number(), limit=asked.limit, sites=actor.sites)
        shown = page(rows, asked, key=lambda row: row.id)
        stage = _STAGES.get(wanted.state)
        decides = stage is not None and actor.may(stage)
        matching = len(await queries.numbers(wanted, limit=MOST_AT_ONCE + 1, sites=actor.sites)) if decides else 0
        values: Values = {
            "rows": shown.items,
            "tabs": _TABS,
            "counts": await queries.counts(actor.sites),
            "state": wanted.state.value,
            "outcome": wanted.outcome,
            "outcomes": [*Outcome, "no_rule"],
            "q": wanted.q,
            "decides": decides,
            "matching": matching,
            "most": MOST_AT_ONCE,
            "names": await names_of(account_of(row.claimed_by) for row in shown.items if row.claimed_by),
            "approved": text_of(request, "approved"),
            "error": error,
            "refused": refused,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **paged(request, {"next": shown.next}, "state", "outcome", "q"),
        }
        return await self.pages.show(request, "reviews.html", SECTION, values, status=status)

    async def approve_many(self, request: web.Request) -> web.StreamResponse:
        """Approve what is ticked, or all that the filter names."""
        sent = sent_by(request)
        stage = _stage(request.path.split("/")[2])
        actor = sent.actor.at(_STAGES[stage])
        wanted = _wanted(stage.value, sent.field("outcome"), sent.field("q"))
        chosen = [name.removeprefix("n-") for name in sent.fields if name.startswith("n-")]
        if sent.field("all") == "yes":
            chosen = await queries.numbers(wanted, limit=MOST_AT_ONCE, sites=actor.sites)
        chosen = [no for no in chosen if await _is_seen(no, actor)]
        if not chosen:
            return await self._listing(request, "nothing_chosen", status=422)
        refused: list[Refused] = []

        async def verb() -> None:
            refused.extend(await cases.approve_all(chosen, stage, reason=sent.field("reason")))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._listing(request, error.code, status=422)
        if refused:
            return await self._listing(request, refused=tuple(refused), status=409)
        return see_other(f"{SECTION}?{urlencode({'state': stage.value, 'approved': len(chosen)})}")

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request)

    async def _one(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        number, actor = request.match_info["no"], actor_of(request)
        if not await _is_seen(number, actor):
            raise NotFound("order", number[:40])
        found = await queries.case(number)
        stage = _STAGES.get(found.state)
        people = (found.claimed_by, found.service_by, found.decided_by, found.placed_by)
        done = text_of(request, "done")
        values: Values = {
            "case": found,
            "set_flags": [one for one in (await flags.flags([found.order_id]))[found.order_id] if one.is_set],
            "clocks": await queries.clocks_of(number),
            "prompts": {"en": prompt(found.asks, "en"), "zh-CN": prompt(found.asks, "zh-CN")} if found.asks else {},
            "decides": stage is not None and actor.may(stage),
            "resumes": found.state is CaseState.HELD and actor.may(Permission.REVIEW_SERVICE),
            "looks_again": actor.may(Permission.REVIEW_SERVICE),
            "me": actor.account,
            "names": await names_of(account_of(who) for who in people if who),
            "done": done if done in _DONE else "",
            "error": error,
            "new_key": new_key,
        }
        return await self.pages.show(request, "review.html", SECTION, values, status=status)

    async def claim(self, request: web.Request) -> web.StreamResponse:
        return await self._say(request, "claimed", lambda _, no, stage: cases.claim(no, stage))

    async def give_back(self, request: web.Request) -> web.StreamResponse:
        return await self._say(request, "given_back", lambda _, no, stage: cases.give_back(no, stage))

    async def approve(self, request: web.Request) -> web.StreamResponse:
        def verb(sent: Sent, no: str, stage: CaseState) -> Awaitable[object]:
            settled = [kind for kind in FlagKind if sent.field(f"flag-{kind}") == "yes"]
            return cases.approve(no, stage, reason=sent.field("reason"), clear=settled)

        return await self._say(request, "approved", verb)

    async def hold(self, request: web.Request) -> web.StreamResponse:
        return await self._say(request, "held", lambda sent, no, stage: cases.hold(no, stage, reason=sent.field("reason")))

    async def refuse(self, request: web.Request) -> web.StreamResponse:
        return await self._say(request, "refused", lambda sent, no, stage: cases.refuse(no, stage, reason=sent.field("reason")))

    async def resume(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "resumed", lambda sent, no: cases.resume(no, reason=sent.field("reason")))

    async def look_again(self, request: web.Request) -> web.StreamResponse:
        return await self._do(request, "judged", lambda _, no: judge_again(no))

    async def _say(
        self, request: web.Request, done: str, verb: Callable[[Sent, str, CaseState], Awaitable[object]]
    ) -> web.StreamResponse:
        stage = _stage(request.path.split("/")[3])
        return await self._do(request, done, lambda sent, no: verb(sent, no, stage))

    async def _do(self, request: web.Request, done: str, verb: Callable[[Sent, str], Awaitable[object]]) -> web.StreamResponse:
        sent, number = sent_by(request), request.match_info["no"]
        if not await _is_seen(number, sent.actor):
            raise NotFound("order", number[:40])
        try:
            await sent.once(lambda: verb(sent, number))
        except NotFound:
            raise
        except DomainError as error:
            return await self._one(request, error.code, status=422)
        return see_other(f"{SECTION}/{number}?done={done}")

    async def times(self, request: web.Request) -> web.StreamResponse:
        actor, asked = actor_of(request), page_request(request)
        text, kind = text_of(request, "days"), text_of(request, "kind")
        days = int(text) if text.isascii() and text.isdigit() and int(text) in _DAYS else 30
        kind = kind if kind in set(ClockKind) else ""
        until = now()
        rows = await queries.running(kind=kind, after=asked.number(), limit=asked.limit, sites=actor.sites)
        shown = page(rows, asked, key=lambda row: row[0])
        values: Values = {
            "kept": await queries.kept(since=until - timedelta(days=days), until=until, sites=actor.sites),
            "rows": [row for _, row in shown.items],
            "kinds": list(ClockKind),
            "kind": kind,
            "days": days,
            "choices": _DAYS,
            "is_fragment": request.headers.get("HX-Request") == "true",
            **paged(request, {"next": shown.next}, "kind", "days"),
        }
        return await self.pages.show(request, "order_times.html", TIMES, values)


def _wanted(state: str, outcome: str, q: str) -> Wanted:
    return Wanted(
        state=CaseState(state) if state in _TABS else CaseState.SERVICE,
        outcome=outcome if outcome in ("no_rule", *Outcome) else "",
        q=q[:80],
    )


def _stage(text: str) -> CaseState:
    """Raises NotFound."""
    if text not in _STAGES:
        raise NotFound("stage", text[:40])
    return CaseState(text)


async def _is_seen(number: str, actor: Actor) -> bool:
    try:
        return (await orders.order(number)).is_seen_at(actor.sites)
    except (NotFound, BadParameter):
        return False


def review_routes(pages: Pages) -> list[PageRoute]:
    shown, read = ReviewPages(pages), Permission.REVIEW_READ
    service = Permission.REVIEW_SERVICE
    routes = [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/{{no}}", shown.one, permission=read),
        PageRoute("POST", f"{SECTION}/{{no}}/resume", shown.resume, permission=service),
        PageRoute("POST", f"{SECTION}/{{no}}/judge", shown.look_again, permission=service),
        PageRoute("GET", TIMES, shown.times, permission=read),
    ]
    for stage, permission in _STAGES.items():
        base = f"{SECTION}/{{no}}/{stage.value}"
        verbs = {
            "claim": shown.claim,
            "give-back": shown.give_back,
            "approve": shown.approve,
            "hold": shown.hold,
            "refuse": shown.refuse,
        }
        routes += [PageRoute("POST", f"{base}/{verb}", handler, permission=permission) for verb, handler in verbs.items()]
        routes.append(PageRoute("POST", f"{SECTION}/{stage.value}/approve", shown.approve_many, permission=permission))
    return routes
