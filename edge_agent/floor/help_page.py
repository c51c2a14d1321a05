"""Help: what colours and sounds say, whom to call, and the command sheet, on the screen and on paper."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web
from markupsafe import Markup

from edge_agent.floor.guard import Denied, fields_of
from edge_agent.floor.pages import Pages
from edge_agent.floor.port import CannotPrint, FloorPort

_SIZE = re.compile(r'width="[\d.]+mm" height="[\d.]+mm" viewBox="0 0 (\d+) 1"')
"""On a screen a bar is a whole number of its points wide, else no scanner reads it."""
PRINTERS = ("label_printer", "receipt_printer")


class HelpPage:
    """`/floor/help`."""

    def __init__(self, port: FloorPort, pages: Pages) -> None:
        self._port = port
        self._pages = pages
        self._sheets: dict[str, Markup] = {}

    async def page(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "", 200)

    async def sheet(self, request: web.Request) -> web.StreamResponse:
        """The command sheet at a printer of the box."""
        fields = await fields_of(request)
        printer = fields.get("printer", "")
        if not printer or len(printer) > 64:
            raise Denied(422, "malformed")
        try:
            await self._port.print_sheet(printer, self._pages.look(request).language.value)
        except CannotPrint as error:
            return await self._page(request, error.code, 409)
        raise web.HTTPSeeOther("/floor/help?printed=1#sheet")

    async def _page(self, request: web.Request, error: str, status: int) -> web.Response:
        language = self._pages.look(request).language.value
        if language not in self._sheets:
            self._sheets[language] = await asyncio.to_thread(_sheet, language)
        values = {
            "box": await self._port.box(),
            "sheet": self._sheets[language],
            "printers": [device for device in self._port.devices() if device.kind in PRINTERS],
            "error": error,
            "printed": "printed" in request.query,
            "regions": "",
        }
        return self._pages.show(request, "help.html", values, status)


def _sheet(language: str) -> Markup:
    """Blocks.  Draws bars, by a library that is loaded only when somebody looks at them."""
    from edge_agent.stations.sheet_page import sheet_body  # noqa: PLC0415 -- see above

    on_screen = _SIZE.sub(r'width="\1" height="56" viewBox="0 0 \1 1"', sheet_body(language))
    return Markup(on_screen)  # noqa: S704 -- made of our own table of commands, escaped there
