"""A shop under a virtual clock: real agents, real gateways, a hostile network, and an oracle that knows what must hold.

Real: `edge_agent.box.Box` with its stores on SQLite files, `controller.gateway.Gateway` with ingest and the ledger on SQLite.
Simulated: time, the network and broker (`network.py`), the devices' threads (their events are put in by hand).
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import controller.sqlite
from controller import db
from controller.catalog.operations import NewBarcode, NewSku, create_sku
from controller.fleet.operations import register_box
from controller.gateway import Gateway
from controller.sites.operations import create_site
from controller.stock.queries import reconcile
from drivers.devices import Symbol
from drivers.documents.templates import Template
from drivers.registry import Kind
from edge_agent.box import Box
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.device_events import DeviceEvent, Scanned
from edge_agent.disk import InlineDisk
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.outbox import Identity
from edge_agent.seams import uuid4
from edge_agent.spooler import Spooler
from edge_agent.stations import Feedback
from edge_agent.stores import Seams, open_stores
from edge_agent.templates import TemplateUnavailable
from edge_agent.wire.messages import ClockState
from edge_agent.wire.topics import box_filters, gateway_filters
from tests.sim import inline_sqlite
from tests.sim.network import Broker, SimSession, Weather, ended
from tests.sim.vloop import SimClock

SITE = "sh-01"
SCANNER = "scanner"
GOODS = {"4006381333931": 1, "5901234123457": 12}
"""Barcode -> pieces that one scan of it stands for."""
HEAL_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a seed decides: how many boxes and gateways, how long, how bad."""

    boxes: int
    gateways: int
    scans: int
    crashes: int
    weather: Weather

    @classmethod
    def of(cls, random: Random) -> Plan:
        return cls(
            boxes=random.randint(1, 3),
            gateways=random.randint(1, 2),
            scans=random.randint(5, 25),
            crashes=random.randint(0, 6),
            weather=Weather(
                drop_connection=random.choice([0, 0.01, 0.05]),
                duplicate=random.choice([0, 0.05, 0.3]),
                delay=random.choice([0.01, 0.1, 0.5]),
                long_delay=random.choice([0, 0.02, 0.1]),
                long_delay_seconds=random.choice([3.0, 12.0]),
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A world with one rule taken out, to prove that the oracle would notice."""

    name: str
    outbox_survives: bool = True
    arm: Callable[[], Callable[[], None]] = lambda: lambda: None
    """Takes the rule out, returns how to put it back."""


HEALTHY = Mutant(name="healthy")


@dataclass
class SimBox:
    """One box: its file survives a crash, its processes do not."""

    world: World
    id: str
    folder: Path
    scans: Counter[str] = field(default_factory=Counter)
    """By text: pulled triggers."""
    beeps: Counter[str] = field(default_factory=Counter)
    """By text: scans that the box said it had."""
    session: SimSession | None = None
    task: asyncio.Task[None] | None = None
    facts: FactsDb | None = None
    box: Box | None = None

    async def start(self) -> None:
        world = self.world
        loop = asyncio.get_running_loop()
        session = SimSession(world.broker, self.id, box_filters(SITE, self.id))
        random = Random(world.random.getrandbits(64))
        seams = Seams(
            clock=SimClock(loop), random=random, session=session, disk=InlineDisk(),
            clock_state=lambda: ClockState(synced=True, error_ms=5),
        )  # fmt: skip
        if not world.mutant.outbox_survives:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.facts = FactsDb(self.folder / "facts.db", FactsLimits(ballast_bytes=0))
        identity = Identity(site=SITE, box=self.id, boot=str(uuid4(random)))
        stores = open_stores(self.facts, identity, seams)
        spooler = Spooler(stores.journal, seams.disk, {}, _no_template, seams.clock)
        self.session, self.box = session, Box(_config(self.id, self.folder), stores, seams, spooler, self._answer)
        self.task = loop.create_task(_together(session.run(), self.box.run()), name=self.id)

    def crash(self) -> None:
        """kill -9: nothing is said to anyone, only the file stays."""
        if self.session is None or self.task is None or self.facts is None:
            return
        self.session.kill()
        self.box = None
        self.task.cancel()

    async def bury(self) -> None:
        if self.task is not None and self.facts is not None:
            await ended(self.task)
            self.facts.close()
            self.task = self.facts = None

    def scan(self, text: str) -> None:
        if self.box is None:
            return
        self.scans[text] += 1
        self.box.on_device_event(
            DeviceEvent(SCANNER, int(asyncio.get_running_loop().time() * 1000), Scanned(Symbol(text.encode())))
        )

    def _answer(self, _: str, feedback: Feedback) -> None:
        if feedback.code != "not_saved" and "symbol" in feedback.args:
            self.beeps[str(feedback.args["symbol"])] += 1


async def _together(*parts: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_run(part))


async def _run(part: Awaitable[None]) -> None:
    await part


async def _no_template(name: str, version: str) -> Template:
    raise TemplateUnavailable(f"{name} {version}: nothing is printed in this world")


def _config(box: str, folder: Path) -> Config:
    return Config(
        box=BoxConfig(id=box, site=SITE, state_dir=folder),
        broker=BrokerConfig(host="127.0.0.1", port=1),
        devices=(DeviceConfig(id=SCANNER, kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:1"),),
        stations=(StationConfig(id="counter", scanner=SCANNER),),
    )


class World:
    """One seed's run: `await play()`, then `violations` says what did not hold."""

    def __init__(self, seed: int, folder: Path, template: Path, mutant: Mutant = HEALTHY) -> None:
        self.random = Random(seed)
        self.plan = Plan.of(self.random)
        self.mutant = mutant
        self.broker = Broker(self.random, self.plan.weather)
        self.folder = folder
        self.boxes = [SimBox(self, f"box-{index}", folder / f"box-{index}") for index in range(self.plan.boxes)]
        self.gateways: dict[str, tuple[SimSession, asyncio.Task[None]]] = {}
        shutil.copy(template, folder / "controller.db")

    async def play(self) -> list[str]:
        """What was violated, in words; empty if all held."""
        controller.sqlite.open_connection = inline_sqlite.open_connection
        undo = self.mutant.arm()
        await db.connect(f"sqlite://{self.folder}/controller.db", clock=SimClock(asyncio.get_running_loop()))
        try:
            await self._prepare()
            await self._storm()
            await self._heal()
            return await self._violations()
        finally:
            await self._stop()
            await db.close()
            undo()

    async def _prepare(self) -> None:
        for box in self.boxes:
            await register_box(box.id, site=SITE, name=box.id)
            await box.start()
        for index in range(self.plan.gateways):
            self._start_gateway(f"gw-{index}")

    def _start_gateway(self, name: str) -> None:
        session = SimSession(self.broker, name, gateway_filters("gateways" if self.plan.gateways > 1 else None))
        gateway = Gateway(session, SimClock(asyncio.get_running_loop()), Random(self.random.getrandbits(64)), name)
        self.gateways[name] = (session, asyncio.create_task(gateway.run(), name=name))

    async def _storm(self) -> None:
        """People scan while things break."""
        async with asyncio.TaskGroup() as group:
            for box in self.boxes:
                group.create_task(self._person(box))
            for _ in range(self.plan.crashes):
                group.create_task(self._mishap())

    async def _person(self, box: SimBox) -> None:
        """A delivery is received at this box, with a few codes that nobody knows in between."""
        await asyncio.sleep(self.random.uniform(0, 2))
        box.scan("SHELFXRECEIVE")
        await asyncio.sleep(0.4)
        box.scan(f"RC-{box.id}")
        for number in range(self.plan.scans):
            await asyncio.sleep(self.random.choice([0.31, 0.5, 2.0, 8.0]))
            box.scan(self.random.choice([*GOODS, f"NOBODY-{box.id}-{number}"]))

    async def _mishap(self) -> None:
        await asyncio.sleep(self.random.uniform(0.5, 40))
        match self.random.choice(["box", "gateway", "broker", "wipe", "cut"]):
            case "box":
                box = self.random.choice(self.boxes)
                if box.box is None:
                    return
                box.crash()
                await box.bury()
                await asyncio.sleep(self.random.uniform(0.1, 10))
                await box.start()
            case "gateway":
                if not self.gateways:
                    return
                name = self.random.choice(sorted(self.gateways))
                session, task = self.gateways.pop(name)
                session.kill()
                await ended(task)
                await asyncio.sleep(self.random.uniform(0.1, 15))
                self._start_gateway(name)
            case "broker" | "wipe" as what:
                self.broker.is_up = False
                if what == "wipe":
                    self.broker.wipe()
                else:
                    self.broker.cut_all()
                await asyncio.sleep(self.random.uniform(0.1, 10))
                self.broker.is_up = True
            case "cut":
                self.broker.cut_all()

    async def _heal(self) -> None:
        """The weather clears; then everything must settle by itself, soon."""
        self.broker.weather = Weather(drop_connection=0, duplicate=0, delay=0.01, long_delay=0)
        self.broker.is_up = True
        for box in self.boxes:
            if box.box is None:
                await box.bury()
                await box.start()
        try:
            async with asyncio.timeout(HEAL_SECONDS):
                while any(self._waiting(box) for box in self.boxes):
                    await asyncio.sleep(1)
        except TimeoutError:
            return

    def _waiting(self, box: SimBox) -> int:
        if box.facts is None:
            return 0
        return int(box.facts.db.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0])

    async def _stop(self) -> None:
        for box in self.boxes:
            box.crash()
            await box.bury()
        for session, task in self.gateways.values():
            session.kill()
            await ended(task)

    # --- the oracle ----------------------------------------------------------------------------------------------------------

    async def _violations(self) -> list[str]:
        rows = await db.fetch("SELECT box, epoch, stream, seq, id, name, payload, outcome FROM fact")
        found = [f"I12: {box.id} still has {self._waiting(box)} facts waiting" for box in self.boxes if self._waiting(box)]
        found += _doubles(rows) + _gaps(rows)
        for box in self.boxes:
            found += self._lost(box, rows)
        found += await self._ledger(rows)
        return found

    def _lost(self, box: SimBox, rows: list[db.Row]) -> list[str]:
        """I1: what the box said it had is stored; nothing is stored that nobody scanned."""
        stored = Counter(text for row in rows if row["box"] == box.id and row["name"] == "scan" for text in [_text(row["payload"])])
        lost = [
            f"I1: {box.id} beeped {n} times for {text!r}, {stored[text]} stored"
            for text, n in box.beeps.items()
            if stored[text] < n
        ]
        made_up = [f"I2: {n} scans of {text!r} stored, {box.scans[text]} made" for text, n in stored.items() if n > box.scans[text]]
        return lost + made_up

    async def _ledger(self, rows: list[db.Row]) -> list[str]:
        """I2, I4: each received fact moved its goods once, and the ledger adds up."""
        expected: Counter[str] = Counter()
        for row in rows:
            if row["name"] == "received" and row["outcome"] == "applied":
                text = _text(row["payload"])
                expected["TEA"] += GOODS.get(text, 0)
        on_hand = await db.fetch("SELECT coalesce(sum(on_hand), 0) AS n FROM availability")
        found = []
        if int(on_hand[0]["n"]) != expected["TEA"]:
            found.append(f"I2: {on_hand[0]['n']} on hand, {expected['TEA']} received")
        return found + [f"I4: {difference}" for difference in await reconcile()]


def _text(payload: str) -> str:
    return str(json.loads(payload)["symbol"]["text"])


def _doubles(rows: list[db.Row]) -> list[str]:
    ids = Counter(row["id"] for row in rows)
    return [f"I2: fact {fact} is stored {n} times" for fact, n in ids.items() if n > 1]


def _gaps(rows: list[db.Row]) -> list[str]:
    """I3: within an epoch every seq is there."""
    streams: dict[tuple[object, ...], set[int]] = {}
    for row in rows:
        streams.setdefault((row["box"], row["epoch"], row["stream"]), set()).add(row["seq"])
    return [f"I3: {key} has {len(seqs)} of {max(seqs)}" for key, seqs in streams.items() if len(seqs) != max(seqs)]


async def make_template(path: Path) -> None:
    """A controller's database with the site and its goods, to be copied for each seed."""
    controller.sqlite.open_connection = inline_sqlite.open_connection
    await db.connect(f"sqlite://{path}", create_schema=True)
    try:
        await create_site(SITE, name="Simulated shop")
        barcodes = [NewBarcode(barcode=text, numerator=pieces) for text, pieces in GOODS.items()]
        await create_sku(NewSku(code="TEA", name_en="Tea", name_zh="茶"), barcodes)
    finally:
        await db.close()
