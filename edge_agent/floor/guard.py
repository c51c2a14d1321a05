"""What every answer of the floor carries, and what every request must: a host of ours, our own origin, the form's token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from edge_agent.floor.sessions import Session, Sessions, new_cookie
from edge_agent.ui.origins import is_foreign, is_ours, name_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
COOKIE = web.RequestKey("cookie", str)
SESSION = web.RequestKey("session", Session)
CSRF_FIELD, CSRF_HEADER = "csrf", "X-Csrf-Token"
LARGEST_BODY = 64 * 1024
MOST_FIELDS = 40
FORM = "application/x-www-form-urlencoded"
BODY_SECONDS = 15.0
"""Within which a request's body has come: who trickles holds nothing for longer."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Denied(Exception):
    """The request is not answered.  `code` is stable; the page's words are looked up by it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Guard:
    """`names`: host names of this box; its addresses are always right: a foreign name that resolves here can be none of them."""

    sessions: Sessions
    names: frozenset[str]
    is_https: bool

    @property
    def cookie_name(self) -> str:
        """With the prefix, a browser takes it over HTTPS only, for this very host and all its paths (RFC 6265bis, 4.1.3.2)."""
        return "__Host-floor" if self.is_https else "floor"

    def check(self, request: web.Request) -> None:
        """Before anything is done.  Raises Denied."""
        if not is_ours(name_of(request.host), self.names):
            raise Denied(421, "unknown_host")
        cookie = request.cookies.get(self.cookie_name)
        request[COOKIE] = cookie if cookie and len(cookie) <= 64 and cookie.isascii() else new_cookie()
        session = self.sessions.find(request[COOKIE], is_use=request.path != "/floor/events")
        if session is not None:
            request[SESSION] = session
        if request.method not in ("GET", "HEAD"):
            self._check_origin(request)

    async def check_token(self, request: web.Request) -> None:
        """Of a request that changes something.  Raises Denied."""
        token = request.headers.get(CSRF_HEADER)
        if token is None:
            token = (await fields_of(request)).get(CSRF_FIELD, "") if request.content_type == FORM else ""
        is_own = request.cookies.get(self.cookie_name) == request[COOKIE] and token.isascii()
        if not is_own or not self.sessions.is_csrf(request[COOKIE], token):
            raise Denied(403, "form_too_old")

    def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if self.is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if COOKIE in request and request.cookies.get(self.cookie_name) != request[COOKIE] and not response.prepared:
            self.give_cookie(response, request[COOKIE])

    def give_cookie(self, response: web.StreamResponse, cookie: str) -> None:
        response.set_cookie(self.cookie_name, cookie, httponly=True, samesite="Strict", secure=self.is_https, path="/")

    def _check_origin(self, request: web.Request) -> None:
        if is_foreign(request.host, request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")):
            raise Denied(403, "foreign_origin")


def session_of(request: web.Request) -> Session | None:
    return request.get(SESSION)


async def body_of(request: web.Request) -> bytes:
    """Raises Denied 400 (it breaks off, or is not packed as it says), 408, HTTPRequestEntityTooLarge."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise Denied(408, "malformed") from error
    except (HttpProcessingError, web.RequestPayloadError) as error:
        raise Denied(400, "malformed") from error


async def fields_of(request: web.Request) -> Mapping[str, str]:
    """A form's fields, as a browser sends one of our own.  Raises Denied 400, 408, 415."""
    if request.content_type != FORM:
        raise Denied(415, "malformed")
    try:
        text = (await body_of(request)).decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise Denied(400, "malformed") from error
