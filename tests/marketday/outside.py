"""Who is outside: a marketplace with its orders, a provider with its books of money, a carrier with its books of labels.

Each fails in the ways such services do, by a seeded random, and each keeps what it really did.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from controller.payments.providers import SIGNATURE, TIME, signature
from tests.controller.payments.provider_server import SECRET
from tests.controller.shipping.stand_in import StandIn

TOKEN = "a marketplace's token"
BREAKS = 0.04
"""How often an answer is lost after the thing was done."""


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The address of an application on loopback."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def broken_off(request: web.Request) -> web.StreamResponse:
    """The connection ends without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class Market:
    """Gives its orders page by page; now and then it is busy, breaks, cuts a page, or gives one once more."""

    random: Random
    orders: list[bytes] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    async def page(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        start, limit = int(request.query["after"] or 0), int(request.query["limit"])
        fault = self.random.choices(("", "busy", "broken", "cut", "again"), (80, 5, 5, 5, 5))[0]
        self.faults[fault] += bool(fault)
        if fault == "busy":
            return web.Response(status=429, headers={"Retry-After": "1"})
        if fault == "broken":
            return web.Response(status=500)
        first = max(start - 7, 0) if fault == "again" else start
        shown = self.orders[first : start + limit]
        end = min(start + limit, len(self.orders))
        body = b'{"orders": [' + b",".join(shown) + b'], "next": ' + (b'"%d"' % end if end > start else b"null") + b"}"
        return web.Response(body=body[:-9] if fault == "cut" else body, content_type="application/json")


@dataclass
class Movement:
    """What the provider did with money: once, whoever heard of it."""

    id: str
    payment: str
    kind: str
    amount_minor: int
    key: str


@dataclass
class Bank:
    """A provider of payments; `first`: what a customer's payment is there, authorised or captured at once.

    `pay` is the customer's part of what is pending; callbacks come none, one, two or three times.
    """

    name: str
    first: str
    random: Random
    movements: dict[str, Movement] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By key: what customers have not paid yet."""
    to_tell: list[Movement] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    async def operate(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        assert signature(SECRET, request.headers[TIME], body) == request.headers[SIGNATURE]
        wanted = json.loads(body)
        if self.random.random() < BREAKS:
            self.faults["broke off before"] += 1
            return await broken_off(request)
        key = wanted["key"]
        if key not in self.answers:
            self._do(key, wanted)
        if self.random.random() < BREAKS:
            self.faults["answer lost"] += 1
            return await broken_off(request)
        return web.json_response(self.answers[key])

    def _do(self, key: str, wanted: dict[str, Any]) -> None:
        payment = wanted["payment"] or f"{self.name}_pay_{len(self.answers) + 1}"
        wanted = {**wanted, "payment": payment}
        if wanted["action"] == "authorise" and self.random.random() < 0.6:
            self.pending[key] = wanted
            self.answers[key] = {"status": "pending", "payment": payment, "pay_url": "https://pay.example/1"}
            return
        self._move(key, wanted)

    def _move(self, key: str, wanted: dict[str, Any]) -> None:
        kinds = {"authorise": self.first, "capture": "captured", "void": "voided", "refund": "refunded"}
        done = Movement(
            id=f"{self.name}_mv_{len(self.movements) + 1}",
            payment=wanted["payment"],
            kind=kinds[wanted["action"]],
            amount_minor=wanted["amount_minor"],
            key=key,
        )
        self.movements[done.id] = done
        self.answers[key] = {
            "status": "done", "id": done.id, "payment": done.payment, "amount_minor": done.amount_minor, "pay_url": None
        }  # fmt: skip
        self.to_tell += [done] * self.random.choices((0, 1, 2, 3), (10, 50, 30, 10))[0]

    def pay(self, key: str) -> None:
        """The customer pays what was pending."""
        self._move(key, self.pending.pop(key))
        self.to_tell.append(self.movements[self.answers[key]["id"]])

    async def tell(self, request: web.Request) -> web.StreamResponse:
        found = self.answers.get(request.match_info["key"])
        return web.json_response(found) if found else web.json_response({}, status=404)

    async def call_back(self, url: str, http: aiohttp.ClientSession) -> int:
        """All that is to be told, in any order; what does not arrive is told again."""
        told, self.to_tell = self.to_tell, []
        self.random.shuffle(told)
        for one in told:
            if not await self._tell_one(url, http, one):
                self.to_tell.append(one)
        return len(told)

    async def _tell_one(self, url: str, http: aiohttp.ClientSession, one: Movement) -> bool:
        now = datetime.now(UTC)
        moment = str(int(now.timestamp()))
        body = json.dumps(
            {
                "id": one.id, "payment": one.payment, "kind": one.kind, "amount_minor": one.amount_minor, "currency": "CNY",
                "at": now.isoformat(), "key": one.key if self.random.random() < 0.7 else None,
            }
        ).encode()  # fmt: skip
        headers = {TIME: moment, SIGNATURE: signature(SECRET, moment, body), "Content-Type": "application/json"}
        with suppress(aiohttp.ClientError, TimeoutError):
            async with http.post(f"{url}/api/v1/payment-callbacks/{self.name}", data=body, headers=headers) as answer:
                return answer.status == 200
        return False


class Carrier(StandIn):
    """Sells labels, and now and then says nothing of one that it sold."""

    random = Random(0)

    async def buy(self, request: web.Request) -> web.StreamResponse:  # type: ignore[override]  # it also breaks off
        self.fault = self.random.choices(("", "lost", "garbage", "busy", "break"), (88, 6, 2, 2, 2))[0]
        self.faults[self.fault] += bool(self.fault)
        is_lost = self.fault == "lost"
        answer = await super().buy(request)
        return await broken_off(request) if is_lost else answer

    async def find(self, request: web.Request) -> web.Response:
        self.fault = self.random.choices(("", "silent"), (80, 20))[0]
        return await super().find(request)

    @classmethod
    def of(cls, random: Random) -> Carrier:
        carrier = cls()
        carrier.random, carrier.faults = random, Counter()
        return carrier

    faults: Counter[str]


@dataclass
class Outside:
    """All of them, and where they are."""

    market: Market
    banks: list[Bank]
    carrier: Carrier
    market_url: str = ""
    bank_urls: dict[str, str] = field(default_factory=dict)
    carrier_url: str = ""


@asynccontextmanager
async def outside(seed: int) -> AsyncIterator[Outside]:
    banks = [Bank("acme", "authorised", Random(f"{seed}/acme")), Bank("ali", "captured", Random(f"{seed}/ali"))]
    found = Outside(Market(Random(f"{seed}/market")), banks, Carrier.of(Random(f"{seed}/carrier")))
    market, carrier = web.Application(), web.Application()
    market.router.add_get("/orders", found.market.page)
    found.carrier.listen(carrier)
    async with AsyncExitStack() as stack:
        for bank in banks:
            app = web.Application()
            app.router.add_post("/v1/operations", bank.operate)
            app.router.add_get("/v1/operations/{key}", bank.tell)
            found.bank_urls[bank.name] = await stack.enter_async_context(serving(app))
        found.market_url = await stack.enter_async_context(serving(market))
        found.carrier_url = await stack.enter_async_context(serving(carrier)) + "/v1"
        yield found
