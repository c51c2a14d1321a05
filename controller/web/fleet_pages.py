"""The pages of the fleet: boxes by their health, one box tab by tab, one device.  Each works without scripts.

With the header `HX-Request` a page answers its live region alone, by which `office.js` keeps it as it is now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.db import in_transaction
from controller.events import acting
from controller.fleet import diagnostics
from controller.fleet import queries as fleet
from controller.http.routing import Permission, number
from controller.web import box_shown
from controller.web.access import actor_of
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute

SECTION: Final = "/fleet"
DONE: Final = frozenset({"command", "saved", "rolled_back", "revoked"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class FleetPages:
    """The handlers, and how a page is shown again with what a form was refused for."""

    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        asked = box_shown.Wanted(text_of(request, "group"), text_of(request, "site"), text_of(request, "q"))
        values = await box_shown.fleet_list(page_request(request), asked, actor_of(request).sites)
        return await self._show(request, "fleet.html", {**paged(request, values, "group", "site", "q"), "asked": asked})

    def tab(self, name: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.show_box(request, name, {})

        return handle

    async def show_box(self, request: web.Request, tab: str, refused: Values, status: int = 200) -> web.StreamResponse:
        """`refused`: what a form was refused for, and what was typed.  Raises NotFound."""
        before = number(text_of(request, "before") or "0", "before")
        values = await box_shown.box_page(request.match_info["id"], tab, actor_of(request), page_request(request), before)
        shown = {
            "error": "",
            "typed": {},
            "faults": [],
            "checked": None,
            "overtaken_by": "",
            **_done(request),
            **paged(request, values),
            **refused,
        }
        return await self._show(request, f"fleet_{tab}.html", shown, status)

    async def device(self, request: web.Request) -> web.StreamResponse:
        return await self.show_device(request, {})

    async def show_device(self, request: web.Request, refused: Values, status: int = 200) -> web.StreamResponse:
        values = await box_shown.device_page(request.match_info["box"], request.match_info["device"], actor_of(request))
        return await self._show(request, "fleet_device.html", {"error": "", **_done(request), **values, **refused}, status)

    async def bundle(self, request: web.Request) -> web.StreamResponse:
        """A bundle of diagnostics; who takes it is recorded."""
        actor, command = actor_of(request), request.match_info["command"]
        box = await fleet.box(request.match_info["id"], sites=actor.sites)
        with acting(actor.account, f"http:GET {request.path}"[:128]):
            content = await in_transaction(lambda: diagnostics.fetched(command, box=box.id, site=box.site))
        name = f'attachment; filename="{box.id}-{command}.tar.gz"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
        return web.Response(body=content, content_type="application/gzip", headers=headers)

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "new_key": new_key, "next_page": "", "first_page": "", **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


def _done(request: web.Request) -> dict[str, object]:
    done = text_of(request, "done")
    return {"done": done if done in DONE else ""}


def fleet_routes(fleet_pages: FleetPages) -> list[PageRoute]:
    """What is looked at."""
    read, box = Permission.FLEET_READ, f"{SECTION}/boxes/{{id}}"
    tabs = [(f"{box}/{tab}" if tab != "overview" else box, tab) for tab in box_shown.TABS]
    return [
        PageRoute("GET", SECTION, fleet_pages.listing, permission=read),
        *(PageRoute("GET", path, fleet_pages.tab(tab), permission=read) for path, tab in tabs),
        PageRoute("GET", f"{SECTION}/devices/{{box}}/{{device}}", fleet_pages.device, permission=read),
        PageRoute("GET", f"{box}/diagnostics/{{command}}", fleet_pages.bundle, permission=Permission.FLEET_WRITE),
    ]
