"""The pages of waves: all of them, one with its progress, and the rules that compose them, tried before they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.errors import DomainError, NotFound
from controller.fleet import queries as fleet
from controller.http.routing import Actor, BadParameter, PageRequest, Permission, number, page
from controller.orders.states import Delivery
from controller.sites import queries as site_queries
from controller.waves import operations, queries, rules
from controller.waves.composing import compose_waves, preview
from controller.waves.numbers import WAVES
from controller.waves.papers import print_lists
from controller.waves.policies import Composed
from controller.waves.queries import StoredWave
from controller.waves.rules import BadWaveRule, Rule
from controller.waves.states import Mode, Shape, Timing, WaveState
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES, account_of, names_of
from controller.web.wave_forms import fields_of, rule_of

SECTION: Final = "/waves"
RULES: Final = "/wave-rules"
DONE: Final = frozenset({"composed", "nothing", "released", "cancelled", "taken_out", "printed", "kept", "removed"})
MAX_BOXES = 500
SHOWN = 50
"""Orders of a preview."""
NEW = Rule(site="", name="")


@dataclass(frozen=True, slots=True)
class WavePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.Response:
        wanted, actor = page_request(request), actor_of(request)
        state, site = text_of(request, "state"), text_of(request, "site")
        rows = await queries.waves(
            before=wanted.number() or None,
            limit=wanted.limit,
            state=WaveState(state) if state in set(WaveState) else None,
            site=site,
            sites=actor.sites,
        )
        shown = page(rows, wanted, key=lambda row: row.id)
        values: Values = {
            "waves": shown.items,
            "sites": await sites_of(actor),
            "managed": await sites_of(actor.at(Permission.WAVES_MANAGE)) if actor.may(Permission.WAVES_MANAGE) else [],
            "states": list(WaveState),
            "asked": {"state": state, "site": site},
        }
        return await self._show(request, "waves.html", SECTION, {**values, **paged(request, {"next": shown.next}, "state", "site")})

    async def compose(self, request: web.Request) -> web.Response:
        """All that waits at a site, by its rules, or by one of them."""
        sent, numbers = sent_by(request), list[str]()
        site, rule = managed(sent), sent.field("rule")
        only = {number(rule, "rule")} if rule else None

        async def verb() -> None:
            numbers.extend(await compose_waves(site, only=only))

        await sent.once(verb)
        if len(numbers) == 1:
            return see_other(f"{SECTION}/{numbers[0]}?done=composed")
        if numbers:
            return see_other(f"{SECTION}?{urlencode({'site': site, 'done': 'composed'})}")
        return see_other(f"{RULES}?{urlencode({'site': site, 'preview': 'yes', 'done': 'nothing'})}")

    async def one(self, request: web.Request) -> web.Response:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        found = await seen(actor_of(request), request.match_info["no"])
        wanted = page_request(request) if request.method == "GET" else PageRequest()
        shown = page(
            await queries.parts(found.id, after=wanted.number(), limit=wanted.limit), wanted, key=lambda part: part.position
        )
        workers = await queries.workers(found.id)
        people = {
            found.composed_by,
            found.released_by,
            found.closed_by,
            *(one.who for one in workers),
            *(part.claimed_by for part in shown.items),
        }
        boxes = [box.id for box in await fleet.boxes(limit=MAX_BOXES) if box.site == found.site]
        values: Values = {
            "wave": found,
            "parts": shown.items,
            "workers": workers,
            "names": await names_of(account_of(one) for one in people if one),
            "boxes": boxes,
            **paged(request, {"next": shown.next}),
        }
        return await self._show(request, "wave.html", SECTION, {**values, **refused}, status)

    def does(
        self, verb: Callable[[Sent, StoredWave], Awaitable[object]], done: str
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            sent = sent_by(request)
            found = await seen(sent.actor, request.match_info["no"])
            try:
                await sent.once(lambda: verb(sent, found))
            except DomainError as error:
                return await self._one(request, {"error": error.code, "typed": dict(sent.fields)}, status=422)
            return see_other(f"{SECTION}/{found.no}?done={done}")

        return handle

    # --- rules ------------------------------------------------------------------------------------------------------------------

    async def rules(self, request: web.Request) -> web.Response:
        actor, site = actor_of(request), text_of(request, "site")
        known = await sites_of(actor)
        site = site if site in known else next(iter(known), "")
        chosen = text_of(request, "rule")
        editing = await rules.rule(_id(chosen)) if chosen else None
        if editing is not None and editing.site != site:
            raise NotFound(rules.WHAT, chosen)
        tried = await preview(site) if text_of(request, "preview") and site else None
        return await self._rules(request, site, fields_of(editing or NEW), tried)

    async def _rules(
        self, request: web.Request, site: str, typed: Mapping[str, str], tried: Composed | None, refused: Values | None = None
    ) -> web.Response:
        actor = actor_of(request)
        values: Values = {
            "site": site,
            "sites": await sites_of(actor),
            "rules": await rules.rules(site),
            "writes": bool(site) and actor.may_at(Permission.WAVES_MANAGE, site),
            "typed": typed,
            "tried": tried,
            "why": Counter(left.why for left in tried.left_out) if tried else {},
            "shown": SHOWN,
            "shapes": list(Shape),
            "deliveries": list(Delivery),
            "modes": list(Mode),
            "timings": list(Timing),
        }
        refused = refused or {}
        return await self._show(request, "wave_rules.html", RULES, {**values, **refused}, 422 if refused.get("error") else 200)

    async def keep(self, request: web.Request) -> web.Response:
        """A rule is kept, or only tried."""
        sent = sent_by(request)
        site = managed(sent)
        try:
            rule = rule_of(sent.fields, site)
            if sent.field("verb") == "preview":
                return await self._rules(request, site, sent.fields, await preview(site, draft=rule))
            await sent.once(lambda: rules.put_rule(rule))
        except DomainError as error:
            wrong = error.field if isinstance(error, BadWaveRule) else ""
            return await self._rules(request, site, sent.fields, None, {"error": error.code, "wrong": wrong})
        return see_other(f"{RULES}?{urlencode({'site': site, 'done': 'kept'})}")

    async def remove(self, request: web.Request) -> web.Response:
        sent = sent_by(request)
        site, rule_id = managed(sent), _id(request.match_info["id"])
        try:
            await sent.once(lambda: rules.remove_rule(rule_id, site=site))
        except NotFound as error:
            return await self._rules(request, site, fields_of(NEW), None, {"error": error.code})
        return see_other(f"{RULES}?{urlencode({'site': site, 'done': 'removed'})}")

    async def _show(
        self, request: web.Request, template: str, section: str, values: Mapping[str, object], status: int = 200
    ) -> web.Response:
        done = text_of(request, "done")
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "next_page": "", "first_page": section, "error": "", "wrong": "", "typed": {}}
        shown |= {"new_key": new_key, "done": done if done in DONE else ""}
        return await self.pages.show(request, template, section, {**shown, **values}, status=status)


async def sites_of(actor: Actor) -> list[str]:
    return [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)]


async def seen(actor: Actor, no: str) -> StoredWave:
    """Raises NotFound, for a wave of another site too."""
    found = await queries.wave(no)
    if actor.sites is not None and found.site not in actor.sites:
        raise NotFound(WAVES.what, no)
    return found


def managed(sent: Sent) -> str:
    """The site that a form names, where its sender manages waves.  Raises NotFound."""
    site = sent.field("site")
    if not sent.actor.may_at(Permission.WAVES_MANAGE, site):
        raise NotFound("site", site)
    return site


def _id(text: str) -> int:
    """Raises NotFound."""
    try:
        return number(text, "rule")
    except BadParameter as error:
        raise NotFound(rules.WHAT, text[:40]) from error


async def _release(_: Sent, found: StoredWave) -> None:
    await operations.release(found.no)


async def _cancel(sent: Sent, found: StoredWave) -> None:
    await operations.cancel(found.no, reason=sent.field("reason"))


async def _take_out(sent: Sent, found: StoredWave) -> None:
    await operations.take_out(found.no, sent.field("order"))


async def _print(sent: Sent, found: StoredWave) -> None:
    await print_lists(found.no, box=sent.field("box"))


def wave_routes(pages: Pages) -> list[PageRoute]:
    shown, one = WavePages(pages), f"{SECTION}/{{no}}"
    read, manage = Permission.FULFILMENT_READ, Permission.WAVES_MANAGE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.compose, permission=manage),
        PageRoute("GET", one, shown.one, permission=read),
        PageRoute("POST", f"{one}/release", shown.does(_release, "released"), permission=manage),
        PageRoute("POST", f"{one}/cancel", shown.does(_cancel, "cancelled"), permission=manage),
        PageRoute("POST", f"{one}/take-out", shown.does(_take_out, "taken_out"), permission=manage),
        PageRoute("POST", f"{one}/print", shown.does(_print, "printed"), permission=Permission.FULFILMENT_WRITE),
        PageRoute("GET", RULES, shown.rules, permission=read),
        PageRoute("POST", RULES, shown.keep, permission=manage),
        PageRoute("POST", f"{RULES}/{{id}}/remove", shown.remove, permission=manage),
    ]
