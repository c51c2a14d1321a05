"""The pages of sites: what each is called, where it stands, by which clock it lives, its bins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from controller import db, events
from controller.errors import Conflict, DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number, page
from controller.sites import operations, queries
from controller.sites.policies import BusinessDays
from controller.sites.queries import SiteRow
from controller.web.access import FIELDS, actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.render import zone_named
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/sites"
HISTORY: Final = 20
DONE: Final = frozenset({"added", "saved", "bin"})
ZONES: Final = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "UTC",
)
"""Offered while one types; any name of the IANA database is taken."""


@dataclass(frozen=True, slots=True)
class ShownSite:
    """`clock`: what the clocks on its walls show now, `day`: its business day now."""

    row: SiteRow
    clock: datetime
    day: date


@dataclass(frozen=True, slots=True)
class SitePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request, {})

    async def _listing(self, request: web.Request, told: Values, status: int = 200) -> web.Response:
        turn, actor, q = page_request(request), actor_of(request), text_of(request, "q")
        rows = page(
            await queries.sites(after=turn.after or "", limit=turn.limit, only=actor.sites, q=q), turn, key=lambda row: row.id
        )
        values: Values = {
            "sites": [_shown(row) for row in rows.items],
            "next": rows.next,
            "q": q,
            "adds": actor.may_at(Permission.SITES_WRITE, None),
            "zones": ZONES,
        }
        return await self._show(request, "sites.html", {**paged(request, values, "q"), **told}, status)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, told: Values, status: int = 200) -> web.Response:
        turn, actor, q = page_request(request), actor_of(request), text_of(request, "q")
        row = await _visible(request)
        bins = page(
            await queries.bins_by_code(row.id, after=turn.after or "", limit=turn.limit, q=q), turn, key=lambda each: each.code
        )
        history = await events.happened_to(row.id, HISTORY)
        changes = [event for event in history if event.name in ("site_created", "site_changed")]
        edited = text_of(request, "bin") or (request[FIELDS].get("code", "") if request.path.endswith("/bins/change") else "")
        values: Values = {
            "site": _shown(row),
            "bins": bins.items,
            "next": bins.next,
            "q": q,
            "edited": (await queries.bins(row.id, [edited])).get(edited) if edited else None,
            "writes": actor.may_at(Permission.SITES_WRITE, row.id),
            "zones": ZONES,
            "changes": changes,
            "names": await names_of(account_of(event.actor) for event in changes),
        }
        return await self._show(request, "site.html", {**paged(request, values, "q"), **told}, status)

    async def add(self, request: web.Request) -> web.StreamResponse:
        async def verb(sent: Sent) -> None:
            told = {name: sent.field(name) for name in ("name", "currency", "time_zone", "address")}
            await operations.create_site(sent.field("id"), day_starts=sent.field("day_starts") or "00:00", **told)

        return await self._do(request, self._listing, verb, lambda sent: f"{SECTION}/{quote(sent.field('id'))}?done=added")

    async def change(self, request: web.Request) -> web.StreamResponse:
        row = await _visible(request)

        async def verb(sent: Sent) -> None:
            told = {name: sent.field(name) for name in ("name", "time_zone", "day_starts", "address")}
            await operations.change_site(row.id, **told)

        return await self._do(request, self._one, verb, lambda _: f"{SECTION}/{row.id}?done=saved")

    async def add_bin(self, request: web.Request) -> web.StreamResponse:
        row = await _visible(request)

        async def verb(sent: Sent) -> None:
            await operations.create_bin(row.id, sent.field("code"), zone=sent.field("zone"), capacity=_capacity(sent))

        return await self._do(request, self._one, verb, lambda _: f"{SECTION}/{row.id}?done=bin#h-bins")

    async def change_bin(self, request: web.Request) -> web.StreamResponse:
        row = await _visible(request)

        async def verb(sent: Sent) -> None:
            await operations.set_bin(row.id, sent.field("code"), zone=sent.field("zone"), capacity=_capacity(sent))

        return await self._do(request, self._one, verb, lambda _: f"{SECTION}/{row.id}?done=bin#h-bins")

    async def _do(
        self,
        request: web.Request,
        shows: Callable[[web.Request, Values, int], Awaitable[web.Response]],
        verb: Callable[[Sent], Awaitable[None]],
        address: Callable[[Sent], str],
    ) -> web.StreamResponse:
        sent = sent_by(request)
        try:
            await sent.once(lambda: verb(sent))
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_bin"
            status = 409 if isinstance(error, Conflict) else 422
            return await shows(request, {"error": code, "typed": dict(sent.fields)}, status)
        return see_other(address(sent))

    async def _show(self, request: web.Request, template: str, values: Values, status: int) -> web.Response:
        done = text_of(request, "done")
        shown: Values = {
            "error": "",
            "typed": {},
            "done": done if done in DONE and status == 200 else "",
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **values,
        }
        return await self.pages.show(request, template, SECTION, shown, status=status)


def _shown(row: SiteRow) -> ShownSite:
    day = BusinessDays(row.time_zone, row.day_starts).day_of(db.now())
    return ShownSite(row, db.now().astimezone(zone_named({row.time_zone})), day)


async def _visible(request: web.Request) -> SiteRow:
    """Raises NotFound, for a site that is not this person's, too."""
    site, actor = request.match_info["site"], actor_of(request)
    if actor.sites is not None and site not in actor.sites:
        raise NotFound("site", site)
    return await queries.site(site)


def _capacity(sent: Sent) -> int | None:
    """Raises BadParameter."""
    return number(sent.field("capacity"), "capacity") if sent.field("capacity") else None


def site_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write, one = SitePages(pages), Permission.SITES_READ, Permission.SITES_WRITE, f"{SECTION}/{{site}}"
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("POST", SECTION, shown.add, permission=write, whole_chain=True),
        PageRoute("GET", one, shown.one, permission=read),
        PageRoute("POST", one, shown.change, permission=write),
        PageRoute("POST", f"{one}/bins", shown.add_bin, permission=write),
        PageRoute("POST", f"{one}/bins/change", shown.change_bin, permission=write),
    ]
