"""The pages: each a plain HTML view that works without scripts; the shop's page is kept live by `/events`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from controller.fleet import previews
from controller.http.auth import ANYONE
from controller.http.browser import cookie_of
from controller.http.dispatch import PEOPLE
from controller.http.routing import PER_DEFAULT, PER_MAX, BadParameter, PageRequest, Permission, number
from controller.people.sessions import when_ended
from controller.web import shown
from controller.web.access import VIEWER, Viewer, actor_of, viewer_of
from controller.web.live import Live, Watcher
from controller.web.render import FORM_TOKEN, Look, Renderer
from controller.web.routes import PageRoute, keep_cookie
from edge_agent.ui.locales import Writer, negotiate

T = TypeVar("T")

BEAT_SECONDS = 4.0
LANGUAGE_COOKIE = "lang"
LANGUAGES = (("en", "English"), ("zh-CN", "中文"))
MAX_QUERY = 200
NO_FILTERS = frozenset({"after", "per", "lang", "done"})
"""Of an address: what says how it is shown, not what."""
Values = Mapping[str, object]
View = Callable[[web.Request], Awaitable[Values]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Handlers, with what they need."""

    renderer: Renderer
    live: Live

    async def look(self, request: web.Request) -> Look:
        accept = request.headers.get("Accept-Language", "")
        language = negotiate(request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE), accept=accept)
        viewer = viewer_of(request)
        who = ANYONE if viewer is None else viewer.actor
        return Look(language, await shown.zone(who.sites), replace(who, name="", kind="page"))

    def page(self, template: str, section: str, view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler that loads and renders."""

        async def handle(request: web.Request) -> web.Response:
            return await self.show(request, template, section, await view(request))

        return handle

    async def show(self, request: web.Request, template: str, section: str, values: Values, status: int = 200) -> web.Response:
        look, viewer = await self.look(request), viewer_of(request)

        def address_in(language: str) -> str:
            return f"{request.path}?{urlencode({**request.query, 'lang': language})}"

        person = viewer.person if viewer else None
        filters = urlencode({name: value for name, value in request.query.items() if value and name not in NO_FILTERS})
        common = {
            "filters": filters,
            "section": section,
            "address_in": address_in,
            "query": dict(request.query),
            "logged_in": person,
        }
        body = self.renderer.render(template, look, {**common, **values}).replace(FORM_TOKEN, viewer.form if viewer else "")
        response = web.Response(text=body, content_type="text/html", status=status, headers={"Cache-Control": "no-store"})
        if request.query.get("lang"):
            remember_language(response, look.language)
        keep_cookie(request, response)
        response.enable_compression()
        return response

    async def preview(self, request: web.Request) -> web.Response:
        """The picture of a print job."""
        body = await previews.draw(request.match_info["id"], "png", sites=actor_of(request).sites)
        return web.Response(body=body, content_type="image/png", headers={"Cache-Control": "private, no-store"})

    async def shop(self, request: web.Request) -> Values:
        look = await self.look(request)
        return {"regions": self.live.marked(look, await shown.everything(look.who))}

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: regions as htmx partials, and a heartbeat that says the time.  It ends with the session."""
        look, viewer = await self.look(request), request[VIEWER]
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        with self.live.watching(look) as watcher, _ended_with(viewer, watcher):
            try:
                while await _still_here(request, viewer):
                    text = _partials(watcher.take(), self.live.position).replace(FORM_TOKEN, viewer.form) + _beat(look)
                    await response.write(text.encode())
                    await _woken(watcher.wake)
                await response.write(b"event: ended\ndata: \n\n")
            except (ConnectionResetError, ClientConnectionResetError):
                pass
            return response


@contextmanager
def _ended_with(viewer: Viewer, watcher: Watcher) -> Iterator[None]:
    """A stream looks at once whether its session is over when one was ended."""

    def wake(ended: frozenset[int]) -> None:
        if viewer.person is not None and viewer.person.session.id in ended:
            watcher.wake.set()

    forget = when_ended(wake)
    try:
        yield
    finally:
        forget()


async def _still_here(request: web.Request, viewer: Viewer) -> bool:
    """Whether what the stream was opened with still holds: the session, and all that it may.  Watching is no use of a session."""
    if viewer.person is None:
        return True
    person = await request.app[PEOPLE].by_cookie(cookie_of(request), is_use=False)
    return person is not None and person.actor.scope == viewer.person.actor.scope


async def prints(request: web.Request) -> Values:
    values = await shown.prints(page_request(request), text_of(request, "state"), actor_of(request).sites)
    return form_values(request) | paged(request, values, "state")


async def unknown(request: web.Request) -> Values:
    return form_values(request) | paged(request, await shown.unknown(page_request(request), actor_of(request).sites))


def new_key() -> str:
    """Tells one form from the next: sent twice, it has one effect."""
    return secrets.token_urlsafe(16)


def form_values(request: web.Request) -> dict[str, object]:
    """What a page with forms shows besides its content."""
    return {
        "new_key": new_key,
        "linked": text_of(request, "linked"),
        "error": "",
        "tried": {},
        "next_page": "",
    }


def paged(request: web.Request, values: Mapping[str, object], *filters: str) -> dict[str, object]:
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


def text_of(request: web.Request, name: str) -> str:
    return request.query.get(name, "").replace("\0", "").strip()[:MAX_QUERY]


def remember_language(response: web.StreamResponse, language: str) -> None:
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=31536000, samesite="Lax", httponly=True)


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


def page_routes(pages: Pages) -> list[PageRoute]:
    """What is looked at; each with the permission that a viewer needs.  The shop's page leaves out what its viewer may not see."""
    page, may = pages.page, Permission
    return [
        PageRoute("GET", "/", page("shop.html", "/", pages.shop), permission=may.PERSON),
        PageRoute("GET", "/events", pages.events, permission=may.PERSON),
        PageRoute("GET", "/prints", page("prints.html", "/prints", prints), permission=may.PRINTS_READ),
        PageRoute("GET", "/prints/{id}/preview.png", pages.preview, permission=may.DOCUMENTS_READ),
        PageRoute("GET", "/unknown-barcodes", page("unknown.html", "/unknown-barcodes", unknown), permission=may.CATALOG_READ),
    ]
