"""One print that waits: put it first, or have another printer print it; nothing happens before a button of its page is pressed."""

from __future__ import annotations

from aiohttp import web

from edge_agent.floor.guard import Denied, fields_of
from edge_agent.floor.pages import Pages
from edge_agent.floor.port import CannotPrint, FloorPort, HasMovedOn
from edge_agent.floor.shown import Shown


class PrintForms:
    """The page of one print, and what it posts."""

    def __init__(self, port: FloorPort, pages: Pages, shown: Shown) -> None:
        self._port = port
        self._pages = pages
        self._shown = shown

    async def page(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "", 200)

    async def put_first(self, request: web.Request) -> web.StreamResponse:
        person = self._pages.person(request)
        await fields_of(request)
        try:
            await self._port.put_first(request.match_info["job"], person.id if person else None)
        except HasMovedOn as error:
            return await self._moved_on(request, error)
        raise web.HTTPSeeOther("/floor/prints")

    async def move(self, request: web.Request) -> web.StreamResponse:
        """To another printer, for good."""
        person = self._pages.person(request)
        printer = (await fields_of(request)).get("printer", "")
        if not printer or len(printer) > 64:
            raise Denied(422, "malformed")
        try:
            await self._port.move(request.match_info["job"], printer, person.id if person else None)
        except HasMovedOn as error:
            return await self._moved_on(request, error)
        except CannotPrint as error:
            return await self._page(request, error.code, 409)
        raise web.HTTPSeeOther("/floor/prints")

    async def _page(self, request: web.Request, error: str, status: int) -> web.Response:
        self._pages.person(request)
        try:
            choices = await self._port.print_choices(request.match_info["job"])
        except HasMovedOn as moved:
            return await self._moved_on(request, moved)
        return self._pages.show(request, "print.html", {"choices": choices, "regions": "", "error": error}, status)

    async def _moved_on(self, request: web.Request, error: HasMovedOn) -> web.Response:
        values = await self._shown.prints(self._pages.watcher(request))
        return self._pages.show(request, "prints.html", {**values, "regions": "prints", "error": error.code}, 409)
