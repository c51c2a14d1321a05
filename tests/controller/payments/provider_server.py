"""A stand-in for a provider of payments: authorises, captures, refunds; loses answers, refuses, calls back signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from controller import db
from controller.payments.config import Payments, ProviderSection
from controller.payments.providers import SIGNATURE, TIME, set_providers, signature

SECRET = b"a secret that both sides know"


@dataclass
class Provider:
    """`done`: what it did, by key, in order.  `lose`: how many answers break off after it was done; `refuse`: calls get 402.

    `holds`: the next call waits for it.
    """

    url: str = ""
    done: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    unsigned: int = 0
    lose: int = 0
    refuse: bool = False
    forget: bool = False
    pending: bool = False
    holds: asyncio.Event | None = None

    async def operate(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if signature(SECRET, request.headers[TIME], body) != request.headers[SIGNATURE]:
            self.unsigned += 1
            return web.json_response({"error": "signature"}, status=401)
        wanted = json.loads(body)
        key = wanted["key"]
        if self.refuse:
            return web.json_response({"error": "no funds"}, status=402)
        if self.forget:
            self.forget = False
            return await self._break_off(request)
        if self.holds:
            holds, self.holds = self.holds, None
            await holds.wait()
        if key not in self.done:
            number = len(self.done) + 1
            self.done[key] = {
                "status": "pending" if self.pending else "done",
                "id": f"mv_{number}",
                "payment": wanted["payment"] or f"pay_{number}",
                "amount_minor": wanted["amount_minor"],
                "pay_url": "https://pay.example/1" if self.pending else None,
                "action": wanted["action"],
            }
        if self.lose:
            self.lose -= 1
            return await self._break_off(request)
        return web.json_response(self.done[key])

    async def _break_off(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        transport.abort()
        return web.Response()

    async def tell(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        self.asked.append(key)
        return web.json_response(self.done[key]) if key in self.done else web.json_response({}, status=404)

    def actions(self) -> list[tuple[object, object]]:
        return [(each["action"], each["amount_minor"]) for each in self.done.values()]


@asynccontextmanager
async def provider(folder: Path) -> AsyncIterator[Provider]:
    """It listens, and is configured here as `acme`."""
    found, secret = Provider(), folder / "secret"
    await asyncio.to_thread(secret.write_bytes, SECRET + b"\n")
    app = web.Application()
    app.router.add_post("/v1/operations", found.operate)
    app.router.add_get("/v1/operations/{key}", found.tell)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}/"
    set_providers(Payments(providers={"acme": ProviderSection(url=found.url, secret_file=secret)}))
    try:
        yield found
    finally:
        await runner.cleanup()


def signed(body: bytes, *, at: int | None = None, secret: bytes = SECRET) -> dict[str, str]:
    """The head of a callback."""
    moment = str(int(db.now().timestamp()) if at is None else at)
    return {TIME: moment, SIGNATURE: signature(secret, moment, body)}
