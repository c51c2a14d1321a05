"""Stock as people and boxes see it from outside: the API of a controller with two sites, and a box in each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

from aiohttp.test_utils import TestClient, TestServer

from controller.app import Parts, make_app
from controller.config import parse_config
from controller.http import auth
from controller.http.routing import Permission
from controller.ingest import ingest
from edge_agent.wire.facts import Fact
from tests.controller.boxes import WireBox, register
from tests.controller.orders_shop import outcome, settle

HOME = {"s1": "A-1", "s2": "B-1"}
BINS = {"s1": ("A-1", "A-2"), "s2": ("B-1",)}
SKUS = ("tea", "milk")


@asynccontextmanager
async def api(folder: str) -> AsyncIterator[TestClient]:
    """Of a controller on the connected database."""
    app = make_app(parse_config({"data": folder}, {}, "test"), Parts())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


class ApiShop:
    """One who asks; `name` tells apart those who ask at once: each has boxes and keys of their own."""

    def __init__(self, client: TestClient, name: int = 0) -> None:
        self.client = client
        self.name = name
        self.boxes = {site: WireBox(box=f"b{name}-{site}", site=site, random=Random(f"{name} {site}")) for site in HOME}
        self.keys = itertools.count(1)

    async def open(self) -> None:
        await auth.create_token("all", list(Permission), token="sw_all")
        await auth.create_token("boss", list(Permission), token="sw_boss")
        for site in HOME:
            await self.ask("POST", "/sites", {"id": site, "name": site})
            for code in BINS[site]:
                await self.ask("POST", f"/sites/{site}/bins", {"code": code})
            await self.connect(site)
        for sku in SKUS:
            named = {"code": sku, "name_en": sku, "name_zh": sku, "price_minor": 100, "currency": "CNY"}
            await self.ask("POST", "/skus", {**named, "barcodes": [{"barcode": sku.upper()}]})
            for site, home in HOME.items():
                await self.ask("PUT", f"/sites/{site}/stock/{sku}/shelf", {"bin": home})
        await self.ask("POST", "/channels", {"code": "web", "name_en": "Web", "name_zh": "网店"})
        await self.ask("PUT", "/count-policies", {"units": 10**6, "grams": 0, "value_minor": 10**9, "approve_minor": 10**9})

    async def connect(self, site: str) -> None:
        await register(self.boxes[site].box, site)

    async def ask(self, method: str, path: str, body: object = None, *, who: str = "all", key: str = "", refused: str = "") -> Any:
        """The answer; `refused`: the code with which it may be refused, and then None."""
        headers = {"Authorization": f"Bearer sw_{who}", "Idempotency-Key": key or f"model-{self.name}-{next(self.keys)}"}
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            told = await answer.json()
            if refused and answer.status >= 400 and told["code"] == refused:
                return None
            assert answer.status < 300, f"{method} {path} {body}: {answer.status} {told}"
            return told

    async def all_of(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.ask("GET", f"{path}{'&' if '?' in path else '?'}per=7{after}")
            found += page["items"]
            if page["next"] is None:
                return found
            after = f"&after={quote(str(page['next']))}"

    async def free(self, site: str, sku: str) -> int:
        """What may be promised."""
        level = (await self.ask("GET", f"/sites/{site}/stock?q={sku}"))["items"]
        return int(level[0]["available"]) if level else 0

    async def tell(self, site: str, fact: Fact, *, times: int = 1) -> UUID:
        """A box tells a fact, as often as its connection breaks; it is applied."""
        box = self.boxes[site]
        envelope = box.envelope(fact, at=datetime.now(UTC))
        for _ in range(times):
            await ingest([box.message(envelope)])
            await settle()
        assert await outcome(envelope.id) == "applied"
        return envelope.id
