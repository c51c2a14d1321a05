"""Many at once over the API, as tasks and as processes that each have a controller: nothing is lost, nothing promised twice."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from controller import db
from controller.proofs.proving import reconcile
from edge_agent.wire.facts import PutAway, Received
from edge_agent.wire.goods_facts import TransferReceived, TransferSent
from edge_agent.wire.messages import Symbol
from tests.controller.stock.api_shop import HOME, SKUS, ApiShop, api

TURNS = 8
OPENING = 60
Places = Counter[tuple[str, str, str]]
"""Base units by site, place and SKU; below zero: owed."""


@dataclass(frozen=True)
class Step:
    """What one does, and what comes of it, whoever else does what meanwhile."""

    verb: str
    site: str
    sku: str
    quantity: int
    number: str

    def changes(self) -> Places:
        home, there = (self.site, HOME[self.site], self.sku), (self.site, "receiving", self.sku)
        other = ("s2" if self.site == "s1" else "s1", "receiving", self.sku)
        match self.verb:
            case "adjust":
                return Places({home: self.quantity})
            case "receive":
                return Places({there: self.quantity})
            case "put_away":
                return Places({there: -self.quantity, home: self.quantity})
            case "sell":
                return Places({home: -self.quantity})
            case "transfer":
                return Places({home: -self.quantity, other: self.quantity})
            case _:
                return Places()


VERBS = ("adjust", "receive", "put_away", "sell", "transfer", "hold", "hold")


def steps(worker: int) -> Iterator[Step]:
    """The same for a worker each time."""
    random = Random(worker)
    for turn in range(TURNS):
        verb, site, sku = random.choice(VERBS), random.choice(sorted(HOME)), random.choice(SKUS)
        yield Step(verb, site, sku, random.randint(1, 12), f"{worker}-{turn}")


async def work(shop: ApiShop, worker: int) -> None:
    """Whatever changes something is told twice, as by one whose answer was lost."""
    for step in steps(worker):
        symbol = Symbol(text=step.sku.upper())
        match step.verb:
            case "adjust":
                body: dict[str, Any] = {"sku": step.sku, "bin": HOME[step.site], "change": step.quantity, "reason": "seen"}
                path = f"/sites/{step.site}/adjustments"
                twice = [shop.ask("POST", path, body, key=step.number, refused="request_in_flight") for _ in range(2)]
                await asyncio.gather(*twice)
            case "receive":
                await shop.tell(step.site, Received(document=step.number, symbol=symbol, quantity=step.quantity), times=2)
            case "put_away":
                await shop.tell(step.site, PutAway(bin=HOME[step.site], symbol=symbol, quantity=step.quantity), times=2)
            case "sell":
                line = {"sku": step.sku, "quantity": step.quantity, "amount_minor": 100}
                when = datetime.now(UTC).isoformat()
                receipt = {"site": step.site, "till": "1", "number": step.number, "occurred_at": when, "currency": "CNY"}
                told = {"receipts": [{**receipt, "lines": [line]}]}
                await asyncio.gather(*(shop.ask("POST", "/sales", told) for _ in range(2)))
            case "transfer":
                other = "s2" if step.site == "s1" else "s1"
                sent = TransferSent(document=f"T-{step.number}", symbol=symbol, quantity=step.quantity, to=other)
                received = TransferReceived(document=f"T-{step.number}", symbol=symbol, quantity=step.quantity)
                await asyncio.gather(shop.tell(step.site, sent), shop.tell(other, received))
            case _:
                lines = [{"sku": step.sku, "quantity": step.quantity}, {"sku": step.sku, "quantity": 1}]
                body = {"site": step.site, "channel": "web", "lines": lines, "minutes": 60}
                await shop.ask("PUT", f"/carts/c-{step.number}", body, refused="insufficient_stock")


async def opened(shop: ApiShop) -> None:
    await shop.open()
    for site, home in HOME.items():
        for sku in SKUS:
            body = {"sku": sku, "bin": home, "change": OPENING, "reason": "opening"}
            await shop.ask("POST", f"/sites/{site}/adjustments", body)


async def proven(shop: ApiShop, workers: list[int]) -> None:
    wanted = Places({(site, home, sku): OPENING for site, home in HOME.items() for sku in SKUS})
    held: Counter[tuple[str, str]] = Counter()
    for worker in workers:
        for step in steps(worker):
            wanted.update(step.changes())
            if step.verb == "hold" and (cart := await shop.ask("GET", f"/carts/c-{step.number}", refused="not_found")):
                held[step.site, step.sku] += sum(line["quantity"] for line in cart["lines"] if line["state"] == "reserved")
    for site in HOME:
        for sku in SKUS:
            shown = await shop.ask("GET", f"/sites/{site}/stock/{sku}")
            found = {bin_["location"]: bin_["on_hand"] - bin_["missing"] for bin_ in shown["bins"]}
            there = {place: quantity for (where, place, what), quantity in wanted.items() if (where, what) == (site, sku)}
            assert {place: quantity for place, quantity in found.items() if quantity} == {p: q for p, q in there.items() if q}
            assert shown["level"]["reserved"] == held[site, sku] <= shown["level"]["on_hand"]
    assert await reconcile() == []


async def test_tasks_that_race_over_the_api_lose_nothing_and_promise_nothing_twice(database: str, tmp_path: Path) -> None:
    workers = [1, 2, 3, 4]
    async with api(str(tmp_path)) as client:
        await opened(ApiShop(client))
        async with asyncio.TaskGroup() as tasks:
            for worker in workers:
                tasks.create_task(_one(client, worker))
        await proven(ApiShop(client), workers)


async def _one(client: Any, worker: int) -> None:
    shop = ApiShop(client, worker)
    for site in HOME:
        await shop.connect(site)
    await work(shop, worker)


RACER = """
import asyncio, sys
from controller import db
from tests.controller.stock.api_shop import api
from tests.controller.stock.test_api_races import _one
async def main(url, folder, workers):
    await db.connect(url)
    async with api(folder) as client:
        await asyncio.gather(*(_one(client, int(worker)) for worker in workers))
    await db.close()
asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
"""


async def test_controllers_that_race_over_their_apis_lose_nothing_and_promise_nothing_twice(
    copied_database: str, tmp_path: Path
) -> None:
    await db.connect(copied_database)
    async with api(str(tmp_path)) as client:
        await opened(ApiShop(client))
        racers = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", RACER, copied_database, str(tmp_path), *workers, stderr=asyncio.subprocess.PIPE
            )
            for workers in (["11", "12"], ["13", "14"])
        ]
        for racer in racers:
            _, stderr = await racer.communicate()
            assert racer.returncode == 0, stderr.decode()
        await proven(ApiShop(client), [11, 12, 13, 14])
    await db.close()
