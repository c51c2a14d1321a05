"""The pages: each a plain HTML view that works without scripts; the shop's page is kept live by `/events`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from controller.fleet import previews
from controller.http import auth
from controller.http.routing import PER_DEFAULT, PER_MAX, BadParameter, PageRequest, Permission, number
from controller.web import shown
from controller.web.access import Access
from controller.web.live import Live
from controller.web.render import Look, Renderer
from controller.web.static_files import StaticFiles
from edge_agent.ui.locales import Language, Writer, negotiate

T = TypeVar("T")

BEAT_SECONDS = 4.0
LANGUAGE_COOKIE = "lang"
LANGUAGES = (("en", "English"), ("zh-CN", "中文"))
MAX_QUERY = 200
SHOP = (Permission.FLEET_READ, Permission.STOCK_READ, Permission.ORDERS_READ, Permission.CATALOG_READ, Permission.EVENTS_READ)
"""The shop's page shows something of each."""
BUTTONS = frozenset({Permission.FLEET_WRITE, Permission.ORDERS_WRITE, Permission.FULFILMENT_WRITE, Permission.CATALOG_WRITE})
"""What the pages have buttons for."""

Values = Mapping[str, object]
View = Callable[[web.Request], Awaitable[Values]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Handlers, with what they need."""

    renderer: Renderer
    live: Live
    access: Access

    async def look(self, request: web.Request) -> Look:
        accept = request.headers.get("Accept-Language", "")
        language = negotiate(request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE), accept=accept)
        return Look(language, await shown.zone(), BUTTONS & self.access.permissions(request))

    def page(
        self, template: str, section: str, permissions: tuple[Permission, ...], view: View
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler that checks who asks, loads, and renders."""

        async def handle(request: web.Request) -> web.Response:
            actor = await self.access.actor(request)
            for permission in permissions:
                auth.require(actor, permission)
            values = await view(request)
            return await self.show(request, template, section, values)

        return handle

    async def show(self, request: web.Request, template: str, section: str, values: Values, status: int = 200) -> web.Response:
        look = await self.look(request)

        def address_in(language: str) -> str:
            return f"{request.path}?{urlencode({**request.query, 'lang': language})}"

        common = {"section": section, "address_in": address_in, "query": dict(request.query)}
        body = self.renderer.render(template, look, {**common, **values})
        response = web.Response(text=body, content_type="text/html", status=status, headers={"Cache-Control": "no-store"})
        _remember_language(request, response, look.language)
        response.enable_compression()
        return response

    async def preview(self, request: web.Request) -> web.Response:
        """The picture of a print job; a viewer of the pages sees all sites."""
        auth.require(await self.access.actor(request), Permission.DOCUMENTS_READ)
        body = await previews.draw(request.match_info["id"], "png", sites=None)
        return web.Response(body=body, content_type="image/png", headers={"Cache-Control": "private, no-store"})

    async def shop(self, request: web.Request) -> Values:
        return {"regions": self.live.marked(await self.look(request), await shown.everything())}

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: regions as htmx partials, and a heartbeat that says the time."""
        actor = await self.access.actor(request)
        for permission in SHOP:
            auth.require(actor, permission)
        look = await self.look(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        with self.live.watching(look) as watcher:
            try:
                while True:
                    text = _partials(watcher.take(), self.live.position) + _beat(look)
                    await response.write(text.encode())
                    await _woken(watcher.wake)
            except (ConnectionResetError, ClientConnectionResetError):
                return response


async def stock(request: web.Request) -> Values:
    return _paged(request, await shown.stock(page_request(request), _text(request, "q")), "q")


async def orders(request: web.Request) -> Values:
    return _paged(request, await shown.orders(page_request(request), _text(request, "q"), _text(request, "state")), "q", "state")


async def order(request: web.Request) -> Values:
    return form_values(request) | await shown.order(request.match_info["no"])


async def prints(request: web.Request) -> Values:
    return form_values(request) | _paged(request, await shown.prints(page_request(request), _text(request, "state")), "state")


async def unknown(request: web.Request) -> Values:
    return form_values(request) | _paged(request, await shown.unknown(page_request(request)))


def form_values(request: web.Request) -> dict[str, object]:
    """What a page with forms shows besides its content."""
    return {
        "new_key": lambda: secrets.token_urlsafe(16),
        "linked": _text(request, "linked"),
        "error": "",
        "tried": {},
        "next_page": "",
    }


def _paged(request: web.Request, values: Mapping[str, object], *filters: str) -> dict[str, object]:
    """Adds the addresses of the first and the next page, with the filters kept."""
    kept = {name: request.query[name] for name in (*filters, "per") if request.query.get(name)}
    following = values.get("next")
    address = f"{request.path}?{urlencode({**kept, 'after': str(following)})}" if following else ""
    return {**values, "next_page": address, "first_page": f"{request.path}?{urlencode(kept)}" if kept else request.path}


def page_request(request: web.Request) -> PageRequest:
    per = number(request.query.get("per", str(PER_DEFAULT)), "per")
    after = request.query.get("after") or None
    if after is not None and not after.isprintable():
        raise BadParameter("after", "a cursor as an earlier page gave it")
    return PageRequest(after=after, per=min(max(per, 1), PER_MAX))


def _text(request: web.Request, name: str) -> str:
    return request.query.get(name, "").replace("\0", "").strip()[:MAX_QUERY]


def _remember_language(request: web.Request, response: web.Response, language: Language) -> None:
    if request.query.get("lang"):
        response.set_cookie(LANGUAGE_COOKIE, language.value, max_age=31536000, samesite="Lax", httponly=True)


def _partials(regions: Mapping[str, str], position: int) -> str:
    """One message; each line of HTML is a data line (WHATWG HTML, section 9.2.6)."""
    if not regions:
        return ""
    html = "".join(
        f'<hx-partial hx-target="#region-{name}" hx-swap="innerMorph">{text}</hx-partial>' for name, text in sorted(regions.items())
    )
    return f"id: {position}\n" + "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"


def _beat(look: Look) -> str:
    return f"event: beat\ndata: {Writer(look.language, look.zone).time(datetime.now(UTC))}\n\n"


async def _woken(wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            await wake.wait()
    except TimeoutError:
        return


def add_pages(app: web.Application, pages: Pages, files: StaticFiles) -> None:
    """The page routes; each with the permission that a viewer needs."""
    app.router.add_get("/", pages.page("shop.html", "/", SHOP, pages.shop))
    app.router.add_get("/events", pages.events)
    app.router.add_get("/stock", pages.page("stock.html", "/stock", (Permission.STOCK_READ,), stock))
    app.router.add_get("/orders", pages.page("orders.html", "/orders", (Permission.ORDERS_READ,), orders))
    app.router.add_get("/orders/{no}", pages.page("order.html", "/orders", (Permission.ORDERS_READ,), order))
    app.router.add_get("/prints", pages.page("prints.html", "/prints", (Permission.FLEET_READ,), prints))
    app.router.add_get("/prints/{id}/preview.png", pages.preview)
    app.router.add_get("/unknown-barcodes", pages.page("unknown.html", "/unknown-barcodes", (Permission.CATALOG_READ,), unknown))
    app.router.add_get("/static/{name}", files.serve)
