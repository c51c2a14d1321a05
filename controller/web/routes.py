"""The table of page routes: what each needs is declared, and checked before its handler runs.

    PageRoute("GET", "/stock", pages.page("stock.html", "/stock", stock), permission=Permission.STOCK_READ)

A handler finds who asks with `actor_of(request)`: their `sites` are those where they have the route's permission (None: all).  A
form's fields are in `request[FIELDS]`; that it came from a page of ours, in this browser's session, is checked by then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from aiohttp import web

from controller.http.browser import give_cookie
from controller.http.errors import Problem
from controller.http.routing import BadRoute, Permission
from controller.web.access import Access, LogInNeeded, viewer_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class PageRoute:
    """`whole_chain`: it concerns all sites, so that people of some of them may not use it; `with_file`: its form brings a file."""

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    permission: Permission = field(kw_only=True)
    whole_chain: bool = field(default=False, kw_only=True)
    with_file: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.permission, Permission):
            raise BadRoute(f"page {self.method} {self.path} declares permission {self.permission!r}, expected a Permission")


def add_routes(app: web.Application, access: Access, routes: Iterable[PageRoute]) -> None:
    for route in routes:
        app.router.add_route(route.method, route.path, _guarded(access, route))


def _guarded(access: Access, route: PageRoute) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            viewer = await access.admit(request, route.permission, writes=route.method == "POST", with_file=route.with_file)
        except LogInNeeded:
            return _to_log_in(request)
        if route.whole_chain and viewer.actor.sites is not None:
            raise Problem(403, "not_permitted", "This concerns all sites, and you are here for some of them.")
        return await route.handler(request)

    return handle


def _to_log_in(request: web.Request) -> web.StreamResponse:
    """A page that somebody opened comes after the log-in; what a script or a form sent is refused.  Raises Problem 401."""
    if request.method != "GET" or request.path == "/events" or "text/html" not in request.headers.get("Accept", "text/html"):
        raise Problem(401, "not_authenticated", "Nobody is logged in here, or not any more. Log in, then do it again.")
    response = see_other(f"/login?{urlencode({'next': request.path_qs})}")
    keep_cookie(request, response)
    return response


def see_other(address: str) -> web.Response:
    """As `web.HTTPSeeOther`, for an answer that brings a cookie."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def keep_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """A browser that is new here gets what ties its forms to it."""
    viewer = viewer_of(request)
    if viewer is not None and viewer.new_cookie is not None:
        give_cookie(request, response, viewer.new_cookie)
