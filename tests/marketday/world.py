"""The programs of the day: a controller that may be killed, a broker, a database; the shop; a client that does not give up."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from controller.intake.signing import NONCE, SIGNATURE, TIME, signature
from drivers.symbols.gtin import check_digit
from tests.controller.payments.provider_server import SECRET
from tests.controller.review.rule_tables import RV2
from tests.marketday.outside import TOKEN, Outside
from tests.marketday.plan import CHANNEL, LETTER, PLENTY, REDUCED, SCARCE, SITES, SKUS, Door, price_of
from tests.servers import Mosquitto
from tests.shopday.programs import Program, free_port, toml, write_secret
from tests.shopday.shop import Api, ApiError, Json

READY_SECONDS = 60
PATIENCE = 120.0
"""Seconds after which no answer is a finding."""
LIMIT = 12_000
"""Minor units above which a refund takes a second person."""
RATES = {"standard": "13", LETTER: "9"}
REGION = "cn"


def boxes_of(site: str) -> list[str]:
    return [f"{site}-box"]


def barcode_of(sku: str) -> str:
    body = f"9523{int(sku[1:]):08d}"
    return body + check_digit(body)


@dataclass
class World:
    """What is running.  `refused`: codes of what the API refused, as it should."""

    folder: Path
    url: str
    api: Api
    controller: Program
    broker: Mosquitto
    outside: Outside
    chief: str
    secret: str = ""
    kills: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    async def start(self) -> None:
        await self.controller.start()
        await self.controller.wait_until(self._is_ready, READY_SECONDS)

    async def kill(self) -> None:
        """SIGKILL, and up again."""
        await self.controller.kill()
        self.kills += 1
        await self.start()

    async def _is_ready(self) -> bool:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self.api.http.get(f"{self.api.url}/readyz") as answer:
                return answer.status == 200
        return False

    async def insist(self, method: str, path: str, body: object = None, *, chief: bool = False) -> Json:
        """Until there is an answer, always with the same key.  Raises ApiError: the request itself is refused.

        `chief`: somebody else asks, as the second person.
        """
        headers = {"Authorization": f"Bearer {self.chief if chief else self.api.token}", "Idempotency-Key": str(uuid.uuid4())}
        return await self._until_answered(method, f"/api/v1{path}", headers, None if body is None else msgspec.json.encode(body))

    async def send(self, body: bytes) -> Json:
        """An order of the channel that signs.  Raises ApiError."""
        while True:
            moment, nonce = str(int(time.time())), uuid.uuid4().hex
            signed = {TIME: moment, NONCE: nonce, SIGNATURE: signature(self.secret, moment, nonce, body)}
            try:
                return await self._once("POST", f"/api/v1/intake/{CHANNEL[Door.SENT]}/orders", signed, body)
            except _Again:
                await asyncio.sleep(0.05)

    async def _until_answered(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Json:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._once(method, path, headers, body)
            except _Again as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{method} {path} is not answered: {error!r}") from error
                await asyncio.sleep(0.1)

    async def _once(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Json:
        sent = {**headers, "Content-Type": "application/json"} if body is not None else headers
        try:
            async with self.api.http.request(method, self.api.url + path, headers=sent, data=body) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Again from error
        found: Any = msgspec.json.decode(text) if text[:1] in (b"{", b"[") else {"detail": text.decode(errors="replace")[:200]}
        if answer.status >= 500 or found.get("code") == "request_in_flight":
            raise _Again(found)
        if answer.status >= 400:
            raise ApiError(answer.status, found)
        return dict(found)

    async def tried(self, method: str, path: str, body: object = None) -> Json | None:
        """None: it was refused, and the code of that is counted."""
        try:
            return await self.insist(method, path, body)
        except ApiError as error:
            self.refused[f"{path.rpartition('/')[2]}: {error.problem.get('code')}"] += 1
            return None


class _Again(Exception):
    """No answer, or one that says to come back."""


@asynccontextmanager
async def open_world(folder: Path, broker: Mosquitto, url: str, out: Outside, *, stock: int) -> AsyncIterator[World]:
    """Programs and shop; `stock` pieces of what there is plenty of, at each site."""
    port = free_port()
    token, chief = write_secret(folder / "api.token"), write_secret(folder / "chief.token")
    (folder / "bank.secret").write_bytes(SECRET)
    config = folder / "controller.toml"
    config.write_text(_config(folder, port, broker.port, url, out), encoding="utf-8")
    program = Program("controller", ("controller", "--config", str(config), "serve"), folder / "controller.log")
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=24)) as http:
        world = World(folder, url, Api(f"http://127.0.0.1:{port}", token, http), program, broker, out, chief)
        try:
            await world.start()
            await _furnish(world, stock)
            yield world
        finally:
            await program.stop()


def _config(folder: Path, port: int, broker_port: int, url: str, out: Outside) -> str:
    banks: list[tuple[str, dict[str, object]]] = [
        ("[[payment_provider]]", {"name": name, "url": address, "secret_file": str(folder / "bank.secret")})
        for name, address in out.bank_urls.items()
    ]
    return toml(
        [
            ("", {"data": str(folder / "controller")}),
            ("[http]", {"port": port}),
            ("[database]", {"url": url}),
            ("[broker]", {"host": "127.0.0.1", "port": broker_port}),
            ("[[token]]", {"name": "office", "file": str(folder / "api.token")}),
            ("[[token]]", {"name": "chief", "file": str(folder / "chief.token")}),
            *banks,
        ]
    )


async def _furnish(world: World, stock: int) -> None:
    """Sites, taxes, goods and their stock, boxes, a carrier, the rules of review, the doors."""
    put, post = _verbs(world)
    await put(f"/tax-regions/{REGION}", {"name": "China", "is_inclusive": True})
    for tax_class, percent in RATES.items():
        rate = {"region": REGION, "code": "vat", "percent": percent, "tax_class": tax_class}
        await post("/tax-rates", {**rate, "effective_from": "2020-01-01T00:00:00Z"})
    for site in SITES:
        await post("/sites", {"id": site, "name": site, "currency": "CNY"})
        await put(f"/sites/{site}/tax-region", {"region": REGION})
        await post(f"/sites/{site}/bins", {"code": "A-1"})
        for box in boxes_of(site):
            await post("/boxes", {"id": box, "site": site, "name": box})
    await world.api.import_catalogue(_catalogue())
    for number in range(0, SKUS, REDUCED):
        await put(f"/skus/t{number}/tax-class", {"tax_class": LETTER})
    for sku in [f"t{number}" for number in range(SKUS)]:
        for site in SITES:
            change = stock // 40 + 1 if sku in SCARCE else stock
            await post(f"/sites/{site}/adjustments", {"sku": sku, "bin": "A-1", "change": change, "reason": "opening stock"})
    await put("/refund-limits/CNY", {"minor": LIMIT})
    await _doors(world)
    await _outward(world)
    await _rules(world)


def _verbs(world: World) -> tuple[Any, Any]:
    return (lambda path, body: world.insist("PUT", path, body)), (lambda path, body: world.insist("POST", path, body))


def _catalogue() -> str:
    head = "sku,name_en,name_zh,barcode,price_minor,weight_grams"
    rows = [f"t{n},Article {n},商品 {n},{barcode_of(f't{n}')},{price_of(f't{n}')},100" for n in range(SKUS)]
    return "\n".join([head, *rows, f"none,Nothing,没有,{barcode_of('t99')},500,100", ""])


async def _doors(world: World) -> None:
    put, post = _verbs(world)
    for door in (Door.POLLED, Door.SENT):
        for sku in [*(f"t{number}" for number in range(PLENTY)), *SCARCE, "none"]:
            await put("/goods-mappings", {"channel": CHANNEL[door], "goods": f"item-{sku}", "sku": sku})
    for channel in CHANNEL.values():
        await post("/channels", {"code": channel, "name_en": channel, "name_zh": channel})
    await put(f"/order-channels/{CHANNEL[Door.API]}", {"when_short": "accept"})
    world.secret = (await post(f"/intake/{CHANNEL[Door.SENT]}/secrets", None))["secret"]


async def ask_market(world: World) -> None:
    """It is asked now, and then every ten seconds."""
    await world.insist(
        "PUT", f"/marketplaces/{CHANNEL[Door.POLLED]}", {"url": world.outside.market_url, "token": TOKEN, "every_seconds": 10}
    )


async def _outward(world: World) -> None:
    put, _ = _verbs(world)
    names = {"name_en": "Fast", "name_zh": "快运", "reason": "contract"}
    await put("/carriers/fast", {**names, "kind": "http", "address": world.outside.carrier_url})
    await put("/carriers/fast/services/standard", {**names, "first_minor": 900, "days": 3})


async def _rules(world: World) -> None:
    """The table of RV2 as it is written: with its gap, and with what contradicts itself."""
    put, post = _verbs(world)
    table = (await post("/review-tables", {"note": "RV2"}))["id"]
    draft = await put(f"/review-tables/{table}/rules", {"edition": 1, "rules": msgspec.to_builtins(RV2)})
    found = await world.insist("GET", f"/review-tables/{table}/analysis")
    assert found["gaps"], "the table of RV2 has a gap"
    assert found["overlaps"], "the table of RV2 contradicts itself"
    await post(f"/review-tables/{table}/go-live", {"edition": draft["edition"], "replaces": None})
