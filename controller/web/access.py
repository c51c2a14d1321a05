"""Who sees pages, and how it is made sure that a write comes from a page of ours and not from a foreign one."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from aiohttp import web

from controller.http import auth
from controller.http.browser import cookie_of
from controller.http.dispatch import PEOPLE
from controller.http.errors import Problem
from controller.http.routing import Actor, Permission
from controller.people.sessions import form_token
from edge_agent.ui.origins import is_foreign, is_ours, name_of

CSRF_FIELD = "csrf"
MEDIA_TYPE = "application/x-www-form-urlencoded"
FILE_MEDIA_TYPE = "multipart/form-data"
MAX_FIELDS = 160
"""Of the longest form, an order that is being typed: two for each of 50 lines, and its person, address and delivery."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at pages.  `form`: what this browser's forms carry; `new_cookie`: what a new browser is to keep for that."""

    actor: Actor
    form: str
    person: auth.LoggedIn | None = None
    new_cookie: str | None = None


VIEWER = web.RequestKey("viewer", Viewer)
FIELDS: web.RequestKey[Mapping[str, str]] = web.RequestKey("fields", dict)
FILE = web.RequestKey("file", tuple[str, bytes])
"""The one file that came with a form: its name and its bytes."""


class LogInNeeded(Exception):
    """Nobody is logged in, and this page is for people: the log-in comes first."""


@dataclass(frozen=True, slots=True)
class Access:
    """`open_pages`: no log-in (loopback); `names`: host names by which the pages may be reached."""

    open_pages: bool
    names: frozenset[str]

    async def admit(self, request: web.Request, permission: Permission, *, writes: bool, with_file: bool = False) -> Viewer:
        """Who asks, seeing only the sites where they have the permission; a form's fields, and its file, are in the request then.

        Raises LogInNeeded, Problem 400, 403, 415, 421.
        """
        self._check_host(request)
        viewer = request[VIEWER] = await self._viewer(request)
        if writes:
            check_origin(request)
            has_file = with_file and request.content_type == FILE_MEDIA_TYPE
            request[FIELDS] = await (_parts if has_file else _fields)(request)
            _check_form(request, viewer)
        if not viewer.actor.may(permission):
            if viewer.actor is auth.ANYONE:
                raise LogInNeeded
            auth.require(viewer.actor, permission)
        viewer = request[VIEWER] = replace(viewer, actor=viewer.actor.at(permission))
        return viewer

    async def _viewer(self, request: web.Request) -> Viewer:
        cookie = cookie_of(request)
        person = await request.app[PEOPLE].by_cookie(cookie)
        if person is not None:
            return Viewer(person.actor, person.form, person)
        visitor = auth.VISITOR if self.open_pages else auth.ANYONE
        if cookie and cookie.isascii() and len(cookie) <= auth.MAX_TOKEN:
            return Viewer(visitor, form_token(cookie))
        cookie = secrets.token_urlsafe(32)
        return Viewer(visitor, form_token(cookie), new_cookie=cookie)

    def _check_host(self, request: web.Request) -> None:
        """A foreign name that resolves to this machine (DNS rebinding) must not read pages that ask for no log-in."""
        host = name_of(request.host)
        if not is_ours(host, self.names):
            raise Problem(421, "unknown_host", f"This controller is not {host!r}; add the name to [http] names.")


def viewer_of(request: web.Request) -> Viewer | None:
    """Whom `admit` found; None before that."""
    return request.get(VIEWER)


def actor_of(request: web.Request) -> Actor:
    return request[VIEWER].actor


def check_origin(request: web.Request) -> None:
    """Refuse a form that a page of another origin sends.  Raises Problem 403."""
    if is_foreign(request.host, request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")):
        raise Problem(403, "foreign_origin", "The form was sent by a page of another site; open this controller's own page.")


def _check_form(request: web.Request, viewer: Viewer) -> None:
    """Raises Problem 403 without this browser's own form token, as a field or, from a script, as a header."""
    sent = request.headers.get(auth.CSRF_HEADER) or request[FIELDS].get(CSRF_FIELD, "")
    if not hmac.compare_digest(viewer.form.encode(), sent.encode(errors="replace")):
        raise Problem(403, "form_too_old", "The form is not of this session; go back, load its page again and send it again.")


async def _fields(request: web.Request) -> dict[str, str]:
    """The fields of a form as our own pages send it.  Raises Problem 400, 415."""
    if request.content_type != MEDIA_TYPE:
        raise Problem(415, "unsupported_media_type", f"Content-Type is {request.content_type!r}, expected {MEDIA_TYPE!r}.")
    try:
        text = (await request.read()).decode()
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Problem(
            400, "malformed_form", "The form cannot be read; open this controller's own page and send it again."
        ) from error
    return {name: value.replace("\0", "") for name, value in fields}


async def _parts(request: web.Request) -> dict[str, str]:
    """The same of a form with a file, which is then in the request.  Raises Problem 400."""
    fields: dict[str, str] = {}
    try:
        sent = await request.post()
    except ValueError as error:
        raise Problem(400, "malformed_form", "The form cannot be read; open its page and send it again.") from error
    for name, value in list(sent.items())[:MAX_FIELDS]:
        if isinstance(value, web.FileField):
            request[FILE] = (value.filename[:200], value.file.read())
        elif isinstance(value, str):
            fields[name] = value.replace("\0", "")
    return fields
