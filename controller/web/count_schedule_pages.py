"""The page of counts that plan themselves: which, how often, when next; adding, pausing and ending them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller.counts import scheduling
from controller.counts.planning import MOST_BINS
from controller.counts.scheduling import MOST_DAYS, PLANNED, Schedule
from controller.counts.states import SessionKind
from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number
from controller.sites import queries as site_queries
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES

SECTION: Final = "/count-schedules"
DONE: Final = frozenset({"saved", "paused", "resumed", "ended"})


@dataclass(frozen=True, slots=True)
class CountSchedulePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request, {})

    async def _listing(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        actor, done = actor_of(request), text_of(request, "done")
        sites = [site.id for site in await site_queries.sites(limit=MAX_SITES, only=actor.sites)]
        asked = text_of(request, "site")
        shown = [site for site in sites if asked in ("", site)]
        values: Values = {
            "schedules": [each for site in shown for each in await scheduling.schedules(site)],
            "sites": sites,
            "asked": asked,
            "may_write": [site for site in sites if actor.may_at(Permission.COUNTS_APPROVE, site)],
            "zones": await site_queries.zones(shown),
            "most_days": MOST_DAYS,
            "most_bins": MOST_BINS,
            "done": done if done in DONE else "",
            "error": "",
            "message": "",
            "typed": {},
            "new_key": new_key,
        }
        return await self.pages.show(request, "count_schedules.html", SECTION, {**values, **refused}, status=status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            schedule = _schedule(sent)
            await sent.once(lambda: scheduling.set_schedule(schedule))
        except (DomainError, BadParameter) as error:
            if isinstance(error, NotFound):
                raise
            return await self._listing(request, _refusal(error, sent), status=422)
        return see_other(f"{SECTION}?{urlencode({'done': 'saved'})}")

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Pause it, let it go on, or end it."""
        sent = sent_by(request)
        site, kind, scope = _site(sent), _kind(sent), sent.field("scope")
        verb = sent.field("verb")
        if verb not in ("paused", "resumed", "ended"):
            raise BadParameter("verb", "paused, resumed or ended")

        async def work() -> None:
            if verb == "ended":
                await scheduling.set_schedule(Schedule(site=site, kind=kind, scope=scope, every_days=0))
            else:
                await scheduling.pause(site, kind, scope, is_paused=verb == "paused")

        await sent.once(work)
        return see_other(f"{SECTION}?{urlencode({'done': verb})}")


def _schedule(sent: Sent) -> Schedule:
    """Raises NotFound (site), BadParameter."""
    kind = _kind(sent)
    scope = sent.field("zone") if kind is SessionKind.ZONE else sent.field("abc") if kind is SessionKind.CLASS else ""
    return Schedule(
        site=_site(sent),
        kind=kind,
        scope=scope,
        every_days=max(number(sent.field("every_days"), "every_days"), 1),
        blind=sent.field("blind") != "no",
        counters=number(sent.field("counters") or "1", "counters"),
        most=number(sent.field("most") or str(MOST_BINS), "most"),
    )


def _site(sent: Sent) -> str:
    site = sent.field("site")
    if sent.actor.sites is not None and site not in sent.actor.sites:
        raise NotFound("site", site)
    return site


def _kind(sent: Sent) -> SessionKind:
    if sent.field("kind") not in {kind.value for kind in PLANNED}:
        raise BadParameter("kind", f"one of {', '.join(kind.value for kind in PLANNED)}")
    return SessionKind(sent.field("kind"))


def _refusal(error: DomainError | BadParameter, sent: Sent) -> dict[str, object]:
    code = error.code if isinstance(error, DomainError) else "bad_parameter"
    return {"error": code, "message": str(error), "typed": dict(sent.fields), "done": ""}


def count_schedule_routes(pages: Pages) -> list[PageRoute]:
    shown = CountSchedulePages(pages)
    return [
        PageRoute("GET", SECTION, shown.listing, permission=Permission.COUNTS_READ),
        PageRoute("POST", SECTION, shown.save, permission=Permission.COUNTS_APPROVE),
        PageRoute("POST", f"{SECTION}/change", shown.change, permission=Permission.COUNTS_APPROVE),
    ]
