"""The floor of a site: a box with the agent's own outbox, and a person who picks, packs and hands over, with network or without."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

from drivers.symbols.gtin import to_gtin14
from edge_agent.delivery import Delivery
from edge_agent.wire.facts import Fact, HandedOver, Packed, Picked, PickShort, Weight
from edge_agent.wire.messages import Symbol
from edge_agent.wire.topics import box_filters
from tests.integration.test_facts_arrive import Box, session_of
from tests.marketday.world import barcode_of
from tests.servers import Mosquitto

GRAMS = 100


@dataclass(frozen=True)
class Job:
    """Something to do on the floor.  `lines`: SKU and pieces.

    `what`: `pick`, `part` (its first line only), `short` (its first line is not there), `pack`, `go` (hand over).
    """

    what: str
    document: str
    lines: tuple[tuple[str, int], ...] = ()


@dataclass
class Floor:
    """One box.  While it is off-line it works on what it had been told before; `jobs` come only over the network."""

    site: str
    box: Box
    broker: Mosquitto
    random: Random
    jobs: deque[Job] = field(default_factory=deque)
    told: deque[Job] = field(default_factory=deque)
    times_away: int = 0
    _net: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, folder: Path, name: str, site: str, broker: Mosquitto, seed: int) -> Floor:
        session = session_of(broker, name, box_filters(site, name), seed)
        return cls(site, Box(folder, name, session, seed, site), broker, Random(f"{seed}/{name}"))

    @property
    def name(self) -> str:
        return self.box.outbox.identity.box

    @property
    def is_online(self) -> bool:
        return self._net is not None

    async def come_back(self) -> None:
        """A new connection, with what is in the outbox."""
        if self._net is None:
            self.box.session = session_of(self.broker, self.name, box_filters(self.site, self.name), self.random.randrange(2**31))
            self.box.delivery = Delivery(self.box.outbox, self.box.disk, self.box.session)
            self._net = asyncio.create_task(self.box.run())

    async def go_away(self) -> None:
        if self._net is not None:
            self._net.cancel()
            await asyncio.gather(self._net, return_exceptions=True)
            self._net, self.times_away = None, self.times_away + 1

    async def work(self) -> int:
        """All that is known here; how many jobs.  New ones come while there is a network."""
        if self.is_online:
            if self._net is not None and self._net.done():
                self._net.result()
            self.told.extend(self.jobs)
            self.jobs.clear()
        facts: list[Fact] = []
        done = len(self.told)
        while self.told:
            facts += facts_of(self.told.popleft())
        if facts:
            await self.box.tell(facts)
        return done

    async def close(self) -> None:
        await self.go_away()
        self.box.close()


def facts_of(job: Job) -> list[Fact]:
    """What the box tells of it."""
    match job.what:
        case "go":
            return [HandedOver(parcel=job.document)]
        case "pack":
            grams = GRAMS * sum(quantity for _, quantity in job.lines)
            return [Packed(pick_list=job.document, weight=Weight(grams=Decimal(grams), raw_b64="AjAxMjM0DQ=="))]
        case "short":
            first = barcode_of(job.lines[0][0])
            missing = PickShort(pick_list=job.document, symbol=Symbol(text=first), gtin=to_gtin14(first))
            return [missing, *(_picked(job.document, *line) for line in job.lines[1:])]
    return [_picked(job.document, *line) for line in (job.lines[:1] if job.what == "part" else job.lines)]


def _picked(pick_list: str, sku: str, quantity: int) -> Picked:
    text = barcode_of(sku)
    return Picked(pick_list=pick_list, symbol=Symbol(text=text), gtin=to_gtin14(text), quantity=quantity)
