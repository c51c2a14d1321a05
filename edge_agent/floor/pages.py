"""The floor's pages, as far as they only show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from edge_agent.floor.config import FloorConfig, SignIn
from edge_agent.floor.events import Stream
from edge_agent.floor.guard import COOKIE, Denied, Guard, session_of
from edge_agent.floor.live import Live, Watcher
from edge_agent.floor.port import FloorPort, Person, UnknownStation
from edge_agent.floor.render import Look, Renderer
from edge_agent.floor.shown import SEARCH_RESULTS, Shown
from edge_agent.stations import Item, Missing
from edge_agent.ui.assets import Assets
from edge_agent.ui.locales import negotiate
from edge_agent.wire.roles import Role

LANGUAGE_COOKIE, STATION_COOKIE = "lang", "station"
LONGEST_QUERY = 200
YEAR = 365 * 24 * 3600
_OURS = re.compile(r"/|/floor(/[a-z0-9./-]{0,120})?(\?[A-Za-z0-9=&%+._-]{0,200})?")
_STATION_PAGE = re.compile(r"/floor/stations/([a-z0-9.-]+)")
ANYONE = frozenset({Role.FLOOR.value})
"""What people may do who need not log in."""
WORKS_HERE = frozenset({Role.FLOOR, Role.PICKER, Role.MANAGER, Role.IT, Role.ADMIN})
_DISPLAYS = ("scale", "strip", "prints", "status", "tiles", "task")


@dataclass(frozen=True, slots=True)
class Parts:
    """What all handlers work with."""

    port: FloorPort
    config: FloorConfig
    guard: Guard
    renderer: Renderer
    live: Live
    shown: Shown
    assets: Assets


class Pages:
    """Each handler shows one page; `show` is how."""

    def __init__(self, parts: Parts, stream: Stream) -> None:
        self._parts = parts
        self._port = parts.port
        self._stream = stream

    # --- who asks ------------------------------------------------------------------------------------------------------------

    def person(self, request: web.Request) -> Person | None:
        """Who works at this screen; None: nobody needs to say so here.  Raises Denied."""
        session = session_of(request)
        known = self._port.as_known(session.person) if session is not None else None
        if session is not None and known is None:
            self._parts.guard.sessions.end(request[COOKIE])
        if session is not None and known is not None:
            session.person = known
            if not known.has(*WORKS_HERE):
                raise Denied(403, "not_permitted")
            return known
        if self._parts.config.sign_in is SignIn.NONE:
            return None
        raise Denied(401, "sign_in_first")

    def look(self, request: web.Request) -> Look:
        session = session_of(request)
        person = session.person if session else None
        wishes = (request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE), person.language if person else None)
        language = negotiate(*wishes, accept=request.headers.get("Accept-Language", ""))
        open_to = ANYONE if self._parts.config.sign_in is SignIn.NONE else frozenset[str]()
        return Look(language, person.roles if person else open_to)

    def station_of(self, request: web.Request) -> str | None:
        """The station that this screen stands at: the one chosen, or the only one."""
        stations = self._port.stations()
        chosen = request.match_info.get("station") or request.query.get("station") or request.cookies.get(STATION_COOKIE)
        if chosen in stations:
            return chosen
        return stations[0] if len(stations) == 1 else None

    def now(self) -> datetime:
        return self._parts.renderer.now()

    def station_behind(self, address: str) -> str | None:
        """The station whose page somebody was on their way to."""
        found = _STATION_PAGE.match(address)
        return found[1] if found is not None and found[1] in self._port.stations() else None

    # --- pages ---------------------------------------------------------------------------------------------------------------

    async def home(self, request: web.Request) -> web.StreamResponse:
        watcher = self.watcher(request)
        values = {**await self._parts.shown.tiles(watcher), **await self._parts.shown.strip(replace(watcher, station=None))}
        return self.show(request, "home.html", values | {"regions": "tiles strip", "strip_of_all": True})

    async def station(self, request: web.Request) -> web.StreamResponse:
        """A station's page, whatever it is doing."""
        station = request.match_info["station"]
        return self._at_station(request, station, await self._work(request, station), {})

    async def lookup(self, request: web.Request) -> web.StreamResponse:
        """The lookup station's page, with a search in what the box has of the catalogue."""
        words = request.query.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
        found: list[Item] = []
        if words:
            exact = await self._port.look_up(words)
            found = [exact] if isinstance(exact, Item) else list(await self._port.search(words, SEARCH_RESULTS))
            if not found and exact is Missing.NO_CATALOGUE:
                return await self._task(request, "lookup", {"q": words, "found": [], "has_catalogue": False})
        return await self._task(request, "lookup", {"q": words, "found": found, "has_catalogue": True})

    async def image(self, request: web.Request) -> web.StreamResponse:
        """A picture of goods, if the box has it or gets it now; it never changes."""
        file = await self._port.image(request.match_info["digest"])
        if file is None:
            return web.Response(status=404)
        return web.FileResponse(
            file, headers={"Content-Type": "image/webp", "Cache-Control": "private, max-age=31536000, immutable"}
        )

    async def labels(self, request: web.Request) -> web.StreamResponse:
        return await self._task(request, "shelf_label", {})

    async def prints(self, request: web.Request) -> web.StreamResponse:
        values = await self._parts.shown.prints(self.watcher(request))
        return self.show(request, "prints.html", {**values, "regions": "prints", "error": ""})

    async def scale(self, request: web.Request) -> web.StreamResponse:
        values = await self._parts.shown.scale(self.watcher(request))
        return self.show(request, "scale.html", {**values, "regions": "scale"})

    async def status(self, request: web.Request) -> web.StreamResponse:
        """The box itself, for everyone who reaches it; its log for those who care for boxes."""
        values = await self._parts.shown.status(self.watcher(request))
        return self.show(request, "status.html", {**values, "regions": "status"})

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        return self.sign_in_page(request, "", request.query.get("next", ""))

    def sign_in_page(self, request: web.Request, error: str, after: str, status: int = 200, seconds: int = 0) -> web.Response:
        values = {"error": error, "next": local_address(after) or "/floor", "regions": "", "wait_minutes": -(-seconds // 60)}
        return self.show(request, "login.html", values, status)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Open to everyone for the box's status; all else needs a log-in where one is asked for."""
        watcher = self.watcher(request)
        if watcher.regions - {"status"} or watcher.station is not None:
            self.person(request)
        return await self._stream.serve(request, watcher)

    async def root(self, _: web.Request) -> web.StreamResponse:
        """The certificate of the CA, for tablets to trust."""
        if self._parts.config.root is None:
            raise Denied(404, "not_found")
        return web.FileResponse(
            self._parts.config.root,
            headers={
                "Content-Type": "application/x-x509-ca-cert",
                "Content-Disposition": 'attachment; filename="shelfwire-root.crt"',
            },
        )

    async def static(self, request: web.Request) -> web.StreamResponse:
        asset = self._parts.assets.find(request.match_info["name"])
        if asset is None:
            raise Denied(404, "not_found")
        headers = {"Cache-Control": asset.caching(request.query.get("v")), "Vary": "Accept-Encoding"}
        body = asset.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = asset.packed, "gzip"
        return web.Response(body=body, content_type=asset.media_type, charset="utf-8", headers=headers)

    # --- how -----------------------------------------------------------------------------------------------------------------

    def show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        look, session = self.look(request), session_of(request)

        def address_in(language: str) -> str:
            kept = {name: value for name, value in request.query.items() if name != "lang"}
            return f"{request.path}?{urlencode({**kept, 'lang': language})}"

        may_work = session is not None or self._parts.config.sign_in is SignIn.NONE
        station = self.station_of(request) if may_work else None
        common = {
            "address_in": address_in,
            "path": request.path,
            "csrf": self._parts.guard.sessions.csrf(request[COOKIE]),
            "person": session.person if session else None,
            "must_sign_in": self._parts.config.sign_in is SignIn.PIN,
            "my_station": station,
            "wire": self._parts.live.wire,
            "after": self._parts.live.position,
            "captures": False,
            "is_login": False,
        }
        text = self._parts.renderer.render(template, look, {**common, **values})
        response = web.Response(text=text, content_type="text/html", status=status, headers={"Cache-Control": "no-store"})
        if request.query.get("lang"):
            self.remember(response, LANGUAGE_COOKIE, look.language.value)
        if request.query.get("station") and station:
            self.remember(response, STATION_COOKIE, station)
        response.enable_compression()
        return response

    def problem(self, request: web.Request, status: int, code: str) -> web.Response:
        return self.show(request, "problem.html", {"code": code, "status": status, "regions": ""}, status)

    def remember(self, response: web.Response, name: str, value: str) -> None:
        secure = self._parts.guard.is_https
        response.set_cookie(name, value, max_age=YEAR, samesite="Strict", httponly=True, secure=secure, path="/")

    def watcher(self, request: web.Request) -> Watcher:
        asked = request.query.get("regions", "").split()
        station = request.query.get("station") if request.path == "/floor/events" else self.station_of(request)
        if station is not None and station not in self._port.stations():
            raise UnknownStation(station)
        return Watcher(self.look(request), station, frozenset(asked) & frozenset(_DISPLAYS))

    async def _task(self, request: web.Request, task: str, more: Mapping[str, object]) -> web.StreamResponse:
        """The page of a task at this screen's station; without one, the first page asks for it."""
        station = self.station_of(request)
        if station is None:
            raise web.HTTPSeeOther("/floor")
        values = {**await self._work(request, station), **more, "wanted": task}
        return self._at_station(request, station, values, more)

    async def _work(self, request: web.Request, station: str) -> dict[str, object]:
        watcher = replace(self.watcher(request), station=station)
        return {**await self._parts.shown.station(station), **await self._parts.shown.strip(watcher), "wanted": None}

    def _at_station(
        self, request: web.Request, station: str, values: Mapping[str, object], more: Mapping[str, object]
    ) -> web.StreamResponse:
        common = {
            "my_station": station,
            "at": station,
            "regions": "task strip",
            "captures": True,
            "q": "",
            "found": [],
            "has_catalogue": True,
        }
        common["strip_of_all"] = False
        return self.show(request, "station.html", {**common, **values, **more})


def local_address(wanted: str) -> str | None:
    """Where to go next, if that is a page of ours."""
    return wanted if _OURS.fullmatch(wanted) else None
