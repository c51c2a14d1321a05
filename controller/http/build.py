"""The aiohttp application of a route table: errors, security headers, latencies; `make_app` (controller/app.py) composes it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from controller.http.auth import People, Tokens
from controller.http.browser import PROXIES
from controller.http.dispatch import IN_FLIGHT, PEOPLE, TOKENS, serve
from controller.http.errors import Problem, at_the_box, problem_of, response_of
from controller.http.idempotency import InFlight
from controller.http.metrics import Metrics
from controller.http.routing import BadRoute, Route
from controller.people.sessions import Limits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorPage = Callable[[web.Request, Problem], Awaitable[web.StreamResponse]]

METRICS = web.AppKey("metrics", Metrics)
ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")
"""Set by the website: shows a problem to a browser that asked for a page."""

MACHINES = ("/api/", "/box/")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def build(
    routes: Iterable[Route], *, metrics: Metrics, max_body: int, limits: Limits | None = None, proxies: Iterable[str] = ()
) -> web.Application:
    """Serve `routes`; `limits`: how long sessions of people live.  Raises BadRoute when two of them have one method and path."""
    app = web.Application(client_max_size=max_body, middlewares=[_observed, _answered])
    app[IN_FLIGHT] = InFlight()
    app[TOKENS] = Tokens()
    app[PEOPLE] = People(limits or Limits())
    app[PROXIES] = frozenset(proxies)
    app[METRICS] = metrics
    app.on_response_prepare.append(_secured)
    seen: set[tuple[str, str]] = set()
    for route in routes:
        if (route.method, route.path) in seen:
            raise BadRoute(f"route {route.method} {route.path} is declared twice")
        seen.add((route.method, route.path))
        app.router.add_route(route.method, route.path, serve(route))
    return app


async def _secured(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def _observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    start = time.perf_counter()
    response = await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    if response.content_type != "text/event-stream":
        request.app[METRICS].http_seconds.labels(request.method, route, response.status).observe(time.perf_counter() - start)
    return response


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every exception becomes problem+json; redirects are no errors."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except Exception as error:  # noqa: BLE001 -- the rim: whatever a handler raises has an answer
        problem = at_the_box(request.path, error) or problem_of(error)
        error_page = request.app.get(ERROR_PAGE)
        if error_page is not None and "text/html" in request.headers.get("Accept", "") and not request.path.startswith(MACHINES):
            return await error_page(request, problem)
        return response_of(problem)
