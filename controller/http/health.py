"""Is it alive (`/healthz`), may it take work (`/readyz`), how is it doing (`/metrics`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from controller.http.metrics import Metrics
from controller.http.routing import Call, Permission, Reply, Route

Check = Callable[[], Awaitable[str | None]]
"""None when it is fine, else a sentence."""


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`checks`: what was looked at, `ok` or a sentence that says what is wrong."""

    ready: bool
    checks: dict[str, str]


def health_routes(checks: Mapping[str, Check], metrics: Metrics) -> list[Route]:
    """The three routes; `checks` decide readiness."""

    async def alive(_: Call[None]) -> Alive:
        return Alive()

    async def ready(_: Call[None]) -> Reply:
        found = {name: await check() for name, check in checks.items()}
        body = Readiness(ready=not any(found.values()), checks={name: problem or "ok" for name, problem in found.items()})
        return Reply(msgspec.json.encode(body), "application/json", status=200 if body.ready else 503)

    async def render(_: Call[None]) -> Reply:
        return Reply(await metrics.render(), "text/plain; version=0.0.4; charset=utf-8")

    public = Permission.PUBLIC
    return [
        Route("GET", "/healthz", alive, permission=public, reply=Alive, summary="Whether the process is alive"),
        Route(
            "GET",
            "/readyz",
            ready,
            permission=public,
            reply=Readiness,
            summary="Whether it can take work: database, broker link, schema",
        ),
        Route("GET", "/metrics", render, permission=public, reply=bytes, summary="Metrics in the Prometheus text format"),
    ]
