"""A carrier for tests, over real HTTP: it keeps what it sold, and fails in the ways carriers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class StandIn:
    """`sold` by key: each is a label that somebody pays for.  `fault`: what happens to the next requests for a label."""

    sold: dict[str, list[str]] = field(default_factory=dict)
    bodies: list[dict[str, object]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)
    manifests: list[dict[str, object]] = field(default_factory=list)
    prices: list[dict[str, object]] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    fault: str = ""
    address: str = ""
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def buy(self, request: web.Request) -> web.Response:
        """It sells a further label whoever asks: that none is bought twice is our business."""
        body = await request.json()
        if self.fault == "refuse":
            return web.json_response({"error": "we do not go there"}, status=422)
        if self.fault == "busy":
            return web.Response(status=429)
        if self.fault == "break":
            return web.Response(status=500)
        self.bodies.append(body)
        numbers = self.sold.setdefault(body["key"], [])
        numbers.append(f"TN{len(self.bodies):08d}")
        if self.fault == "hang":
            await self.release.wait()
        if self.fault == "garbage":
            return web.Response(text="<html>")
        return web.json_response({"tracking_no": numbers[-1], "price_minor": 900, "route": "310-021"})

    async def find(self, request: web.Request) -> web.Response:
        if self.fault == "silent":
            return web.Response(status=503)
        numbers = self.sold.get(request.match_info["key"])
        return web.json_response({"tracking_no": numbers[-1], "price_minor": 900}) if numbers else web.Response(status=404)

    async def void(self, request: web.Request) -> web.Response:
        self.voided.append(request.match_info["key"])
        return web.Response(status=204)

    async def quotes(self, _: web.Request) -> web.Response:
        return web.json_response(self.prices)

    async def track(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["tracking_nos"]
        return web.json_response([one for one in self.events if one["tracking_no"] in wanted])

    async def manifest(self, request: web.Request) -> web.Response:
        self.manifests.append(await request.json())
        return web.json_response({"reference": f"M{len(self.manifests)}"})

    def listen(self, app: web.Application) -> None:
        """Its paths, below `/v1`."""
        app.router.add_post("/v1/labels", self.buy)
        app.router.add_get("/v1/labels/{key}", self.find)
        app.router.add_delete("/v1/labels/{key}", self.void)
        app.router.add_post("/v1/quotes", self.quotes)
        app.router.add_post("/v1/tracking", self.track)
        app.router.add_post("/v1/manifests", self.manifest)


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    carrier = StandIn()
    app = web.Application()
    carrier.listen(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    carrier.address = f"http://127.0.0.1:{port}/v1"
    try:
        yield carrier
    finally:
        carrier.release.set()
        await runner.cleanup()
