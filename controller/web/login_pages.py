"""Log-in, log-out, and a person's own page."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from aiohttp import web

from controller.errors import DomainError
from controller.http.browser import browser_of, give_cookie
from controller.http.dispatch import PEOPLE
from controller.http.errors import Problem
from controller.http.routing import Permission, number
from controller.people import login, operations, queries, sessions
from controller.people.login import TooManyTries, WrongLogIn
from controller.people.policies import MAX_NAME, MAX_PASSWORD
from controller.people.verifiers import Verifier
from controller.web.access import FIELDS, viewer_of
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, new_key, remember_language, text_of
from controller.web.routes import PageRoute, see_other
from edge_agent.ui.locales import Language

SHARED_COOKIE = "shared"
"""This browser is of a shared device: the log-in asks for badge and PIN first."""
A_YEAR = 31_536_000
_OURS = re.compile(r"/(?![/\\])[!-~]*")


@dataclass(frozen=True, slots=True)
class LogIn:
    """The handlers.  `open_pages`: pages are open to everybody here, and a log-in only says who it is."""

    pages: Pages
    open_pages: bool

    async def form(self, request: web.Request) -> web.StreamResponse:
        means = text_of(request, "with") or request.cookies.get(SHARED_COOKIE, "")
        response = await self._show(request, "badge" if means == "badge" else "password")
        if text_of(request, "with"):
            response.set_cookie(SHARED_COOKIE, means[:8], max_age=A_YEAR, samesite="Lax", httponly=True)
        return response

    async def log_in(self, request: web.Request) -> web.StreamResponse:
        fields, browser = request[FIELDS], browser_of(request)
        means = "badge" if "badge" in fields else "password"
        try:
            if means == "badge":
                token = await login.by_badge(fields["badge"][:MAX_NAME], fields.get("pin", "")[:MAX_NAME], browser)
            else:
                name = fields.get("name", "")[: 2 * MAX_NAME]
                token = await login.by_password(name, fields.get("password", "")[: MAX_PASSWORD + 1], browser)
        except (WrongLogIn, TooManyTries) as error:
            status = 429 if isinstance(error, TooManyTries) else 401
            return await self._show(request, means, error=error, status=status)
        before = viewer_of(request)
        if before is not None and before.person is not None:  # somebody else was logged in at this browser
            await sessions.end_sessions(before.person.session.person, only=before.person.session.id)
        return await self._welcome(request, token)

    async def _welcome(self, request: web.Request, token: str) -> web.StreamResponse:
        found = await request.app[PEOPLE].by_cookie(token)
        wanted = request[FIELDS].get("next", "")
        response = see_other(wanted if _OURS.fullmatch(wanted) and not wanted.startswith("/login") else "/")
        give_cookie(request, response, token)
        if found is not None:
            remember_language(response, found.language)
        return response

    async def _show(
        self, request: web.Request, means: str, *, error: WrongLogIn | TooManyTries | None = None, status: int = 200
    ) -> web.Response:
        fields = request.get(FIELDS, {})
        values: Values = {
            "means": means,
            "wanted": fields.get("next") or text_of(request, "next"),
            "name": fields.get("name", "")[:MAX_NAME],
            "error": error.code if error else "",
            "wait": error.wait if error else 0,
            "is_empty": not await queries.anybody(),
            "open_pages": self.open_pages,
        }
        response = await self.pages.show(request, "login.html", "/login", values, status=status)
        if error is not None and error.wait:
            response.headers["Retry-After"] = str(error.wait)
        return response

    async def log_out(self, request: web.Request) -> web.StreamResponse:
        viewer = viewer_of(request)
        if viewer is not None and viewer.person is not None:
            session = viewer.person.session
            await sent_by(request).acting(lambda: sessions.end_sessions(session.person, only=session.id))
        response = see_other("/login")
        give_cookie(request, response, secrets.token_urlsafe(32))
        return response


@dataclass(frozen=True, slots=True)
class Me:
    """What everybody may change of themselves."""

    pages: Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request)

    async def language(self, request: web.Request) -> web.StreamResponse:
        sent, mine = sent_by(request), _mine(request)
        if sent.field("language") not in set(Language):
            raise Problem(400, "malformed_form", "`language`: expected one that the page offers.")
        language, row = Language(sent.field("language")), await queries.person(mine.person)
        await sent.once(lambda: operations.change_person(mine.person, name=row.name, language=language))
        response = see_other("/me?done=language")
        remember_language(response, language)
        return response

    async def password(self, request: web.Request) -> web.StreamResponse:
        """A new one, by somebody who knows the old one; it ends their other sessions."""
        sent, mine = sent_by(request), _mine(request)
        new, again = sent.fields.get("password", ""), sent.fields.get("again", "")
        try:
            if not await login.is_own_password(
                mine.person, sent.fields.get("current", "")[: MAX_PASSWORD + 1], browser_of(request)
            ):
                return await self._show(request, error="wrong_current")
            if new != again:
                return await self._show(request, error="not_the_same")
            made: list[Verifier] = []

            async def before() -> None:
                made.append(await operations.password_verifier(mine.person, new))

            await sent.once(lambda: operations.set_password(mine.person, made[0], keep=mine.id), before)
        except DomainError as error:
            return await self._show(request, error=getattr(error, "flaw", error.code), wait=getattr(error, "wait", 0))
        raise web.HTTPSeeOther("/me?done=password")

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        sent, mine = sent_by(request), _mine(request)
        wanted = number(request.match_info["session"], "session")
        await sent.once(lambda: sessions.end_sessions(mine.person, only=wanted))
        raise web.HTTPSeeOther("/me?done=sessions")

    async def _show(self, request: web.Request, *, error: str = "", wait: int = 0) -> web.Response:
        mine = _mine(request)
        values: Values = {
            "row": await queries.person(mine.person),
            "grants": await queries.grants_of(mine.person),
            "sessions": await sessions.sessions_of(mine.person, request.app[PEOPLE].limits),
            "mine": mine,
            "error": error,
            "wait": wait,
            "done": text_of(request, "done"),
            "new_key": new_key,
        }
        return await self.pages.show(request, "me.html", "/me", values, status=422 if error else 200)


def _mine(request: web.Request) -> sessions.Session:
    """Raises HTTPSeeOther for a visitor of open pages, who is nobody."""
    viewer = viewer_of(request)
    if viewer is None or viewer.person is None:
        raise web.HTTPSeeOther("/login?next=/me")
    return viewer.person.session


def login_routes(log_in: LogIn) -> list[PageRoute]:
    me, public, person = Me(log_in.pages), Permission.PUBLIC, Permission.PERSON
    return [
        PageRoute("GET", "/login", log_in.form, permission=public),
        PageRoute("POST", "/login", log_in.log_in, permission=public),
        PageRoute("POST", "/logout", log_in.log_out, permission=public),
        PageRoute("GET", "/me", me.show, permission=person),
        PageRoute("POST", "/me/language", me.language, permission=person),
        PageRoute("POST", "/me/password", me.password, permission=person),
        PageRoute("POST", "/me/sessions/{session}/end", me.end_session, permission=person),
    ]
