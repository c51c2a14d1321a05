"""What people do on the floor: forms that work without scripts, and the same in JSON for the scripts of our own pages.

A reading and a button carry an id that the screen drew; the box answers a repeated one as before.  A form without one does what it
does at most once by itself: a print that was answered cannot be answered again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Struct

from edge_agent.floor.guard import COOKIE, Denied, body_of, fields_of, session_of
from edge_agent.floor.pages import STATION_COOKIE, Pages, Parts, local_address
from edge_agent.floor.port import FloorPort, HasMovedOn, HasToWait, Person, Press, Reading, ScreenReading
from edge_agent.floor.sessions import Tries, new_cookie
from edge_agent.floor.shown import Shown
from edge_agent.seams import Clock

LONGEST_SYMBOL = 4096
MOST_READINGS = 32
"""In one request; a screen that has more sends them next."""
LONGEST_ID = 64
OLDEST_MS = 24 * 3600 * 1000
"""Of a reading that a screen kept: its clock may say anything."""

_log = logging.getLogger(__name__)


class SentReading(Struct, frozen=True):
    """As a screen's script sends it."""

    id: str
    text: str
    aim: str | None = None
    age: int = 0
    """Milliseconds since it was read, by the screen's clock."""


class SentReadings(Struct, frozen=True):
    readings: tuple[SentReading, ...]


class Forms:
    """The handlers.  `pages` show what came of a form that was refused."""

    def __init__(self, parts: Parts, pages: Pages, clock: Clock, keep_sessions: Callable[[], Awaitable[None]]) -> None:
        self._parts = parts
        self._keep_sessions = keep_sessions
        self._port: FloorPort = parts.port
        self._shown: Shown = parts.shown
        self._pages = pages
        self._tries = Tries(clock)

    # --- log-in --------------------------------------------------------------------------------------------------------------

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Badge and PIN; who comes in gets a new cookie."""
        fields = await fields_of(request)
        badge, pin, after = fields.get("badge", "").strip(), fields.get("pin", ""), fields.get("next", "")
        address = request.remote or ""
        wait, person = self._tries.wait_seconds(address), None
        if not wait and badge and pin:
            try:
                person = await self._port.sign_in(badge, pin)
            except HasToWait as waits:
                wait = waits.seconds
        if wait:
            return self._pages.sign_in_page(request, HasToWait.code, after, 429, wait)
        if person is None:
            self._tries.was_wrong(address)
            _log.warning("a log-in failed", extra={"address": address})
            return self._pages.sign_in_page(request, "wrong_badge_or_pin", after, 401)
        sessions = self._parts.guard.sessions
        sessions.end(request[COOKIE])
        _log.info("logged in", extra={"person": person.id, "address": address})
        station = self._pages.station_behind(after) or self._pages.station_of(request)
        await self._arrive(station, person)
        response = web.Response(status=303, headers={"Location": local_address(after) or "/floor"})
        if station is not None:
            self._pages.remember(response, STATION_COOKIE, station)
        self._give(request, response, sessions.begin(person))
        await self._keep_sessions()
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """At this screen, and at the station that it stands at, unless somebody else works there by now."""
        session = session_of(request)
        if session is not None:
            await self._leave(self._pages.station_of(request), session.person)
        self._parts.guard.sessions.end(request[COOKIE])
        await self._keep_sessions()
        response = web.Response(status=303, headers={"Location": "/floor/login"})
        self._give(request, response, new_cookie())
        return response

    async def choose_station(self, request: web.Request) -> web.StreamResponse:
        """Which station this screen stands at."""
        person = self._pages.person(request)
        station = (await fields_of(request)).get("station", "")
        if station not in self._port.stations():
            raise Denied(404, "unknown_station")
        before = self._pages.station_of(request)
        if person is not None:
            if before != station:
                await self._leave(before, person)
            await self._arrive(station, person)
        response = web.Response(status=303, headers={"Location": "/floor"})
        self._pages.remember(response, STATION_COOKIE, station)
        return response

    # --- stations ------------------------------------------------------------------------------------------------------------

    async def readings(self, request: web.Request) -> web.StreamResponse:
        """What a screen read, in order; each is on disk when it is answered."""
        station, person = request.match_info["station"], self._pages.person(request)
        who = person.id if person else None
        if request.content_type == "application/json":
            sent = await _json(request)
            answers = [
                await self._port.read(
                    station, ScreenReading(id=each.id, text=each.text, aim=each.aim, age_ms=min(max(each.age, 0), OLDEST_MS)), who
                )
                for each in sent.readings
            ]
            return await self._answers(request, station, answers)
        fields = await fields_of(request)
        text = fields.get("text", "").strip()
        if not text:
            return self._pages.problem(request, 422, "no_input")
        reading = ScreenReading(id=_id(fields), text=text[:LONGEST_SYMBOL])
        await self._port.read(station, reading, who)
        raise web.HTTPSeeOther(local_address(fields.get("to", "")) or f"/floor/stations/{station}")

    async def presses(self, request: web.Request) -> web.StreamResponse:
        """A button of a station's page."""
        station, person = request.match_info["station"], self._pages.person(request)
        fields = await fields_of(request)
        number = fields.get("number", "")
        if number and not (number.isascii() and number.isdigit() and len(number) <= 7):
            raise Denied(422, "malformed")
        press = Press(
            id=_id(fields),
            control=fields.get("control", "")[:40],
            number=int(number) if number else None,
            reading=fields.get("reading") or None,
        )
        answer = await self._port.press(station, press, person.id if person else None)
        if wants_json(request):
            return await self._answers(request, station, [answer])
        raise web.HTTPSeeOther(local_address(fields.get("to", "")) or f"/floor/stations/{station}")

    # --- prints --------------------------------------------------------------------------------------------------------------

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        """A person looked at the printer: it came out, or it is to be printed again, marked COPY."""
        person = self._pages.person(request)
        outcome = (await fields_of(request)).get("outcome", "")
        if outcome not in ("printed", "again"):
            raise Denied(422, "malformed")
        who = person.id if person else None
        try:
            await self._port.resolve(request.match_info["job"], came_out=outcome == "printed", person=who)
        except HasMovedOn as error:
            return await self._prints_moved_on(request, error)
        raise web.HTTPSeeOther("/floor/prints")

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        person = self._pages.person(request)
        try:
            await self._port.cancel(request.match_info["job"], person.id if person else None)
        except HasMovedOn as error:
            return await self._prints_moved_on(request, error)
        raise web.HTTPSeeOther("/floor/prints")

    # --- inside --------------------------------------------------------------------------------------------------------------

    async def _prints_moved_on(self, request: web.Request, error: HasMovedOn) -> web.Response:
        values = await self._shown.prints(self._pages.watcher(request))
        return self._pages.show(request, "prints.html", {**values, "regions": "prints", "error": error.code}, 409)

    async def _answers(self, request: web.Request, station: str, answers: list[Reading]) -> web.Response:
        look = self._pages.look(request)
        told = [self._parts.live.answer(look, station, answer) for answer in answers]
        turn = self._parts.live.turn()
        task = self._parts.renderer.render("region_task.html", look, {"csrf": "", **await self._shown.station(station)})
        return web.json_response({"answers": told, "turn": turn, "task": task}, headers={"Cache-Control": "no-store"}, dumps=_dumps)

    async def _arrive(self, station: str | None, person: Person | None) -> None:
        if station is not None:
            await self._port.arrive(station, person)

    async def _leave(self, station: str | None, person: Person) -> None:
        """Who came by badge meanwhile stays."""
        if station is not None and (await self._port.station(station)).person_id == person.id:
            await self._port.arrive(station, None)

    def _give(self, request: web.Request, response: web.Response, cookie: str) -> None:
        request[COOKIE] = cookie
        self._parts.guard.give_cookie(response, cookie)


def wants_json(request: web.Request) -> bool:
    return "application/json" in (request.headers.get("Accept", ""), request.content_type)


def sign_in_address(request: web.Request) -> str:
    """Log-in, and back to this page behind it."""
    here = request.path_qs if request.method == "GET" else "/floor"
    return f"/floor/login?{urlencode({'next': here})}"


async def _json(request: web.Request) -> SentReadings:
    try:
        sent = msgspec.json.decode(await body_of(request), type=SentReadings)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Denied(400, "malformed") from error
    is_fine = all(0 < len(each.id) <= LONGEST_ID and 0 < len(each.text) <= LONGEST_SYMBOL for each in sent.readings)
    if not is_fine or not 0 < len(sent.readings) <= MOST_READINGS:
        raise Denied(400, "malformed")
    return sent


def _id(fields: Mapping[str, str]) -> str:
    found = fields.get("id", "")
    if not 0 < len(found) <= LONGEST_ID:
        raise Denied(422, "malformed")
    return found


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
