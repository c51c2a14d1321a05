"""The page of screens in stores: which there are, one more set up, one let in no more."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import zxingcpp
from aiohttp import web

from controller.errors import Conflict, DomainError, NotFound
from controller.http.browser import is_https
from controller.http.routing import Permission, page
from controller.sites import queries as site_queries
from controller.tracking import screens
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import MAX_SITES
from controller.web.terminal_pages import PATH

SECTION: Final = "/screens"
DONE: Final = frozenset({"removed", "made"})


@dataclass(frozen=True, slots=True)
class Made:
    """A new screen's address, which is shown this once; `picture`: the same as a code for the screen's own camera."""

    name: str
    address: str
    picture: str


@dataclass(frozen=True, slots=True)
class ScreenPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    async def add(self, request: web.Request) -> web.StreamResponse:
        """Shown in the answer of the form: the key stands in no address of the office, and no reload makes another."""
        sent, made = sent_by(request), list[str]()
        site, name = _site(sent), sent.field("name")

        async def verb() -> None:
            made.append(await screens.add_screen(site, name, language=sent.field("language") or "zh-CN"))

        try:
            await sent.once(verb)
        except DomainError as error:
            return await self._refused(request, sent, error)
        return await self._show(request, {"made": _made(request, name, made[0])}) if made else see_other(f"{SECTION}?done=made")

    async def remove(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        site = _site(sent)
        try:
            await sent.once(lambda: screens.remove_screen(site, sent.field("screen")))
        except DomainError as error:
            return await self._refused(request, sent, error)
        return see_other(f"{SECTION}?done=removed")

    async def _refused(self, request: web.Request, sent: Sent, error: DomainError) -> web.Response:
        told: Values = {"error": error.code, "typed": dict(sent.fields)}
        return await self._show(request, told, status=409 if isinstance(error, Conflict) else 422)

    async def _show(self, request: web.Request, told: Values, status: int = 200) -> web.Response:
        turn, actor, done = page_request(request), actor_of(request), text_of(request, "done")
        found = await screens.all_screens(after=turn.number(), limit=turn.limit, sites=actor.sites)
        rows = page(found, turn, key=lambda row: row.id)
        sites = await site_queries.sites(limit=MAX_SITES, only=actor.sites)
        values: Values = {
            "rows": rows.items,
            "next": rows.next,
            "sites": [site for site in sites if actor.may_at(Permission.FLEET_WRITE, site.id)],
            "made": None,
            "done": done if done in DONE and not told else "",
            "error": "",
            "typed": {},
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
            **told,
        }
        return await self.pages.show(request, "screens.html", SECTION, paged(request, values), status=status)


def _site(sent: Sent) -> str:
    """The site that a form names, if it is one of this person's.  Raises NotFound."""
    site = sent.field("site")
    if sent.actor.sites is not None and site not in sent.actor.sites:
        raise NotFound("site", site)
    return site


def _made(request: web.Request, name: str, key: str) -> Made:
    address = f"{'https' if is_https(request) else 'http'}://{request.host}{PATH}?key={quote(key, safe='')}"
    drawing = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode).to_svg(add_quiet_zones=True)
    return Made(name, address, "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode())


def screen_routes(pages: Pages) -> list[PageRoute]:
    shown, write = ScreenPages(pages), Permission.FLEET_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=Permission.FLEET_READ),
        PageRoute("POST", SECTION, shown.add, permission=write),
        PageRoute("POST", f"{SECTION}/remove", shown.remove, permission=write),
    ]
