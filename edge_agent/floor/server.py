"""The floor's HTTP server: routes, who may use them, and how it listens.  What goes wrong in a page never reaches the stations."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

from edge_agent.floor.callers import Callers
from edge_agent.floor.config import FloorConfig
from edge_agent.floor.events import Stream
from edge_agent.floor.forms import Forms, sign_in_address, wants_json
from edge_agent.floor.goods import GoodsPage
from edge_agent.floor.guard import LARGEST_BODY, Denied, Guard, Handler
from edge_agent.floor.help_page import HelpPage
from edge_agent.floor.live import Live
from edge_agent.floor.pace import TOO_FAST, Pace
from edge_agent.floor.pages import Pages, Parts
from edge_agent.floor.port import FloorPort, FloorRefused, UnknownStation
from edge_agent.floor.print_forms import PrintForms
from edge_agent.floor.render import Renderer, zone_of
from edge_agent.floor.session_file import SessionFile
from edge_agent.floor.sessions import Sessions
from edge_agent.floor.shown import Shown
from edge_agent.seams import Clock
from edge_agent.ui.assets import UI, Assets
from edge_agent.ui.listening import listening

AGAIN_SECONDS = 5.0
LOOK_SECONDS = 60.0
"""Between two looks whether the certificate was renewed."""
STOP_SECONDS = 1.0
KEEP_SECONDS = 15.0
"""Between two writes of the sessions: what was used last may be so much older after a restart."""

_log = logging.getLogger(__name__)


class For(Enum):
    """Who may use a route."""

    EVERYONE = auto()
    PEOPLE = auto()
    """Whoever works here and is logged in, where that is asked for."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    of: For


class Floor:
    """`box` is the box's id; its pages are reached by `<box>.local`, too."""

    def __init__(self, port: FloorPort, config: FloorConfig, clock: Clock, box: str) -> None:
        self._config = config
        is_https = config.cert is not None
        sessions = Sessions(clock, idle_ms=config.idle_minutes * 60_000, longest_ms=config.session_hours * 3_600_000)
        names = frozenset({config.host.lower(), box, f"{box}.local", *(name.lower() for name in config.names)})
        guard = Guard(sessions, names, is_https)
        assets = Assets((UI, ("edge_agent.floor", "static")), "/floor/static")
        renderer = Renderer({"asset": assets.address, "has_root": config.root is not None}, zone_of(config.time_zone), clock.now)
        shown = Shown(port)
        self.live = Live(port, renderer, shown.regions)
        parts = Parts(port, config, guard, renderer, self.live, shown, assets)
        self._guard = guard
        self._sessions = sessions
        kept_at = port.sessions_kept()
        self._file = SessionFile(kept_at[0]) if kept_at is not None else None
        self._boot = kept_at[1] if kept_at is not None else ""
        self._pages = Pages(parts, Stream(self.live, renderer, sessions, clock.now))
        self._goods = GoodsPage(port, self._pages)
        self._help = HelpPage(port, self._pages)
        self._prints = PrintForms(port, self._pages, parts.shown)
        self._forms = Forms(parts, self._pages, clock, self._keep)
        self._callers = Callers()
        self._pace = Pace()
        self._clock = clock
        self.port: int | None = None
        """Where it listens by now."""

    @property
    def routes(self) -> tuple[Route, ...]:
        pages, forms, prints, goods, help_page = self._pages, self._forms, self._prints, self._goods, self._help
        return (
            Route("GET", "/", pages.status, For.EVERYONE),
            Route("GET", "/floor", pages.home, For.PEOPLE),
            Route("GET", "/floor/login", pages.sign_in, For.EVERYONE),
            Route("POST", "/floor/login", forms.sign_in, For.EVERYONE),
            Route("POST", "/floor/logout", forms.sign_out, For.EVERYONE),
            Route("POST", "/floor/station", forms.choose_station, For.PEOPLE),
            Route("GET", "/floor/stations/{station}", pages.station, For.PEOPLE),
            Route("POST", "/floor/stations/{station}/readings", forms.readings, For.PEOPLE),
            Route("POST", "/floor/stations/{station}/presses", forms.presses, For.PEOPLE),
            Route("GET", "/floor/lookup", pages.lookup, For.PEOPLE),
            Route("GET", "/floor/images/{digest}", pages.image, For.PEOPLE),
            Route("GET", "/floor/labels", pages.labels, For.PEOPLE),
            Route("GET", "/floor/prints", pages.prints, For.PEOPLE),
            Route("GET", "/floor/prints/{job}", prints.page, For.PEOPLE),
            Route("POST", "/floor/prints/{job}/priority", prints.put_first, For.PEOPLE),
            Route("POST", "/floor/prints/{job}/printer", prints.move, For.PEOPLE),
            Route("POST", "/floor/prints/{job}/resolution", forms.resolve, For.PEOPLE),
            Route("POST", "/floor/prints/{job}/cancellation", forms.cancel, For.PEOPLE),
            Route("GET", "/floor/scale", pages.scale, For.PEOPLE),
            Route("GET", "/floor/scan/{symbol}", goods.page, For.PEOPLE),
            Route("POST", "/floor/scan/{symbol}/label", goods.label, For.PEOPLE),
            Route("GET", "/floor/help", help_page.page, For.PEOPLE),
            Route("POST", "/floor/help/sheet", help_page.sheet, For.PEOPLE),
            Route("GET", "/floor/events", pages.events, For.EVERYONE),
            Route("GET", "/floor/root.crt", pages.root, For.EVERYONE),
            Route("GET", "/floor/static/{name}", pages.static, For.EVERYONE),
        )

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._around])
        for route in self.routes:
            app.router.add_route(route.method, route.path, self._for(route))
        return app

    async def run(self) -> None:
        """Until cancelled.  A port that is taken, or a certificate that cannot be read, is tried again."""
        await self.restore()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_on(), name="floor.sessions")
            tasks.create_task(self.live.run(), name="floor.live")
            tasks.create_task(self._callers.run(), name="floor.callers")
            tasks.create_task(self._serve(), name="floor.serve")

    async def restore(self) -> None:
        """Who was logged in before the restart still is."""
        kept = await asyncio.to_thread(self._file.load, self._boot) if self._file is not None else None
        if kept is not None:
            self._sessions.restore(kept)

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Sessions are on disk as they are now."""
        if self._file is not None:
            self._sessions.changed.clear()
            await asyncio.to_thread(self._file.save, self._sessions.kept(self._boot))

    async def _keep_on(self) -> None:
        while True:
            await self._sessions.changed.wait()
            await asyncio.sleep(KEEP_SECONDS)
            await self._keep()

    def _for(self, route: Route) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if route.of is For.PEOPLE:
                self._pages.person(request)
            if route.method != "GET":
                await self._guard.check_token(request)
            return await route.handler(request)

        return handle

    @web.middleware
    async def _around(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        now = self._clock.mono_ms() / 1000
        if request.method != "GET" and not self._pace.allows(request.remote or "", now):
            return _too_fast(request)
        try:
            self._guard.check(request)
            with self._callers.answering(request):
                response = await handler(request)
        except Denied as denied:
            response = self._refusal(request, denied)
        except UnknownStation as error:
            response = self._refusal(request, Denied(404, error.code))
        except FloorRefused as error:
            response = self._refusal(request, Denied(409, error.code))
        except web.HTTPRedirection as error:
            response = web.Response(status=error.status, headers={"Location": error.headers["Location"]})
        except web.HTTPRequestEntityTooLarge:
            response = self._refusal(request, Denied(413, "too_large"))
        except web.HTTPClientError as error:
            response = self._refusal(request, Denied(error.status, "not_found" if error.status in (404, 405) else "malformed"))
        except Exception:  # noqa: BLE001 -- the outermost loop of a request: a page's mistake must not end the agent
            _log.exception("a page could not be made", extra={"path": request.path})
            response = self._refusal(request, Denied(500, "internal_error"))
        self._guard.finish(request, response)
        return response

    def _refusal(self, request: web.Request, denied: Denied) -> web.StreamResponse:
        is_page = request.method == "GET" and request.path != "/floor/events"
        if denied.code == "sign_in_first" and is_page:
            return web.Response(status=303, headers={"Location": sign_in_address(request)})
        if wants_json(request) or (request.path == "/floor/events"):
            return web.json_response({"error": denied.code}, status=denied.status, headers={"Cache-Control": "no-store"})
        if denied.code == "unknown_host":
            return web.Response(status=denied.status, text="unknown host\n")
        return self._pages.problem(request, denied.status, denied.code)

    async def _serve(self) -> None:
        told = ""
        host, port = self._config.host, self._config.port
        while True:
            try:
                context = await asyncio.to_thread(self._context)
                async with listening(self.app(), host, port, stop_seconds=STOP_SECONDS, tls=context) as here:
                    self.port, self._callers.server = here.port, here.server
                    _log.info("the floor's pages are served", extra={"host": host, "port": self.port})
                    told = ""
                    await self._follow_certificate(context)
            except (OSError, ssl.SSLError) as error:
                if str(error) != told:
                    _log.error("the floor's pages cannot be served: %s", error)
                told = str(error)
                await asyncio.sleep(AGAIN_SECONDS)
            finally:
                self.port = self._callers.server = None

    def _context(self) -> ssl.SSLContext | None:
        """Blocks.  Raises OSError, ssl.SSLError."""
        if self._config.cert is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._config.cert, self._config.key)
        return context

    async def _follow_certificate(self, context: ssl.SSLContext | None) -> None:
        """A renewed certificate serves new connections."""
        cert = self._config.cert
        if context is None or cert is None:
            await asyncio.get_running_loop().create_future()
            return
        known: int | None = None
        """None: what was loaded at the start; it may have been renewed since, so that the first look loads it once more."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                now = (await asyncio.to_thread(cert.stat)).st_mtime_ns
                if now != known:
                    await asyncio.to_thread(context.load_cert_chain, cert, self._config.key)
                    if known is not None:
                        _log.info("the floor's certificate was renewed")
                    known = now
            except (OSError, ssl.SSLError) as error:
                _log.warning("the floor's certificate cannot be renewed yet: %s", error)


def _too_fast(request: web.Request) -> web.Response:
    """Costs next to nothing: no page is drawn for it."""
    headers = {"Retry-After": "1", "Cache-Control": "no-store"}
    if wants_json(request):
        return web.json_response({"error": "too_fast", "detail": TOO_FAST}, status=429, headers=headers)
    return web.Response(status=429, text=TOO_FAST, headers=headers)
