"""Simulated boxes: a real `Box` and `Spooler` on a file that outlives them; clocks, disk, devices and crashes are simulated."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar

from drivers.devices import Symbol, Weight
from drivers.documents.templates import Template, content_version, load_template
from drivers.registry import Kind
from edge_agent.box import Box
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.device_events import DeviceEvent, Scanned, WeightChanged
from edge_agent.disk import InlineDisk
from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.outbox import Identity
from edge_agent.printer_port import PrinterPort
from edge_agent.seams import uuid4
from edge_agent.spooler import Spooler
from edge_agent.standing_in import StandIn
from edge_agent.stations import Feedback
from edge_agent.stores import Seams, open_stores
from edge_agent.templates import TemplateUnavailable
from edge_agent.wire.messages import ClockState
from edge_agent.wire.topics import box_filters
from tests.sim.cards import Card, copy
from tests.sim.network import SimSession, ended
from tests.sim.plan import SITE
from tests.sim.printers import FINE, SimPrinter, Trouble
from tests.sim.vloop import SimClock

if TYPE_CHECKING:
    from tests.sim.world import World

T = TypeVar("T")
SCANNER, SCALE = "scanner", "scale"
PRINTERS = {
    name: (kind, model)
    for kind, model, names in (
        (Kind.LABEL_PRINTER, "zpl", ("labels", "labels-2")),
        (Kind.RECEIPT_PRINTER, "escpos", ("receipts", "receipts-2")),
    )
    for name in names
}
STAND_IN_AFTER = 3.0
"""Seconds."""
ERROR_MS = 5
WRONG = (timedelta(days=-365 * 20), timedelta(days=-2), timedelta(minutes=-7), timedelta(hours=5), timedelta(days=3))


class SimDisk(InlineDisk):
    """In order, at once; a dead process writes nothing more, and one may die between a commit and its return."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.is_dead = False

    async def run(self, work: Callable[[], T]) -> T:
        if self.is_dead:
            raise asyncio.CancelledError
        result = await super().run(work)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        return result


class SimFacts(FactsDb):
    """Its disk is full for a while: no new facts; what is kept in reserve still holds acks and results."""

    def __init__(self, path: Path, is_full: Callable[[], bool]) -> None:
        self._is_full = is_full
        super().__init__(path, FactsLimits(ballast_bytes=0))

    @property
    def is_near_limit(self) -> bool:
        return self._is_full() or super().is_near_limit


class BoxClock(SimClock):
    """Its wall time is off by some time from one moment of the loop's time to another; then it is not synchronised, and says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, off_by: timedelta, wrong: tuple[float, float]) -> None:
        super().__init__(loop, off_by=off_by)
        self._wrong_from, self._wrong_until = wrong

    @property
    def is_synced(self) -> bool:
        return not self._wrong_from <= self._loop.time() < self._wrong_until

    def now(self) -> datetime:
        return super().now() - (self.off_by if self.is_synced else timedelta())

    def set_right(self) -> None:
        """For good."""
        self._wrong_until = 0

    def state(self) -> ClockState:
        return ClockState(synced=True, error_ms=ERROR_MS) if self.is_synced else ClockState(synced=False)


@dataclass
class _Process:
    """What dies with a crash."""

    session: SimSession
    facts: FactsDb
    disk: SimDisk
    clock: BoxClock
    box: Box
    task: asyncio.Task[None]
    is_dead: bool = False


class SimBox:
    """One box with its scanner, its scale and, unless it is one whose card is put back, its printers."""

    def __init__(self, world: World, number: int, *, has_printers: bool) -> None:
        self.world = world
        self.id = f"box-{number}"
        self.folder = world.folder / self.id
        self.scans: Counter[str] = Counter()
        """By text: pulled triggers."""
        self.beeps: Counter[str] = Counter()
        """By text: scans that the box said it had."""
        self.answers = 0
        self.identified: list[tuple[float, bool]] = []
        """When the box said who it is, and whether its clock was right then."""
        self.card = Card(self.folder / "facts.db")
        self.printers: dict[str, SimPrinter] = {}
        if has_printers:
            self.printers = {name: SimPrinter(world.random, self._trouble, self._die_and_return) for name in PRINTERS}
        self.is_full = False
        """Its disk."""
        self._process: _Process | None = None

    @property
    def is_up(self) -> bool:
        return self._process is not None and not self._process.is_dead

    async def start(self) -> None:
        world, loop = self.world, asyncio.get_running_loop()
        random = Random(world.random.getrandbits(64))
        session = SimSession(world.broker, self.id, box_filters(SITE, self.id), is_kept=False)
        clock = self._clock(loop, random)
        disk = SimDisk(random.choice([0, 0, 0, 0.02]))
        seams = Seams(clock=clock, random=random, session=session, disk=disk, clock_state=clock.state)
        if not world.mutant.outbox_survives:
            shutil.rmtree(self.folder, ignore_errors=True)
        facts = SimFacts(self.folder / "facts.db", lambda: self.is_full and not world.is_healing)
        stores = open_stores(facts, Identity(site=SITE, box=self.id, boot=str(uuid4(random))), seams)
        self.card.opened(facts.db)
        ports: dict[str, PrinterPort] = dict(self.printers)
        spooler = Spooler(stores.journal, disk, ports, self._templates(loop, random), clock, _rules())
        box = Box(_config(self), stores, seams, spooler, self._answer)
        world.twins.watch(self.id, box)
        parts = _together(session.run(), box.run(), spooler.run())
        self._process = _Process(session, facts, disk, clock, box, loop.create_task(parts, name=self.id))

    def crash(self, *, power_cut: bool = False) -> None:
        """kill -9: nothing is said to anyone, only the file stays; at a power cut only what was synchronised of it."""
        if self._process is not None and not self._process.is_dead:
            self.card.loses_power |= power_cut
            self._process.is_dead = self._process.disk.is_dead = True
            self._process.session.kill()
            self._process.task.cancel()

    async def bury(self) -> None:
        """Wait until the crashed process is gone."""
        process, self._process = self._process, None
        if process is not None:
            await ended(process.task)
            process.facts.close()
            self.card.closed()

    def image(self, to: Path) -> bool:
        """Copy the card while the box runs.  False if it does not."""
        if self._process is None or self._process.is_dead:
            return False
        copy(self._process.facts.db, to)
        return True

    def set_clock_right(self) -> None:
        if self._process is not None:
            self._process.clock.set_right()

    def pending(self) -> int:
        """How many facts wait for the controller."""
        if self._process is None:
            return 0
        return int(self._process.facts.db.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0])

    # --- devices -------------------------------------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        if self._process is not None and not self._process.is_dead:
            self.scans[text] += 1
            self._process.box.on_device_event(DeviceEvent(SCANNER, _now_ms(), Scanned(Symbol(text.encode()))))

    def weigh(self, grams: int) -> None:
        if self._process is not None and not self._process.is_dead:
            changed = WeightChanged(Weight(Decimal(grams), stable=True, raw=b"simulated"), is_settled=True)
            self._process.box.on_device_event(DeviceEvent(SCALE, _now_ms(), changed))

    def _answer(self, _: str, feedback: Feedback) -> None:
        if feedback.code == "identify":
            is_synced = self._process is not None and self._process.clock.is_synced
            self.identified.append((asyncio.get_running_loop().time(), is_synced))
            return
        if feedback.code.startswith("not_saved"):
            return  # whoever hears that scans again
        self.answers += 1
        if "symbol" in feedback.args:
            self.beeps[str(feedback.args["symbol"])] += 1

    def _trouble(self) -> Trouble:
        return FINE if self.world.is_healing else self.world.plan.trouble

    def _die_and_return(self) -> None:
        self.crash()
        self.world.mishaps.bring_back(self)

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _clock(self, loop: asyncio.AbstractEventLoop, random: Random) -> BoxClock:
        """Wrong from its start or later, for a while."""
        if self.world.plan.has_wrong_clocks and not self.world.is_healing and random.random() < 0.7:
            begin = loop.time() + random.choice([0, 0, random.uniform(1, 30)])
            return BoxClock(loop, random.choice(WRONG), (begin, begin + random.uniform(1, 60)))
        return BoxClock(loop, timedelta(), (0, 0))

    def _templates(self, loop: asyncio.AbstractEventLoop, random: Random) -> Callable[[str, str], Awaitable[Template]]:
        """The controller's templates, after a while in which it cannot be asked."""
        there_at = loop.time() + random.choice([0, 0, 5, 20])

        async def get(name: str, version: str) -> Template:
            if loop.time() < there_at and not self.world.is_healing:
                raise TemplateUnavailable(f"{name} {version}: the controller cannot be asked")
            return builtin_templates()[version]

        return get


@cache
def builtin_templates() -> dict[str, Template]:
    """By version."""
    folder = resources.files("controller.documents") / "builtin"
    bodies = [file.read_bytes() for file in folder.iterdir() if file.name.endswith(".json")]
    return {content_version(body): load_template(body) for body in bodies}


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)


async def _together(*parts: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_run(part))


async def _run(part: Awaitable[None]) -> None:
    await part


def _rules() -> dict[str, StandIn]:
    """Printers of a kind stand in for each other."""
    return {
        name: StandIn(tuple(other for other in PRINTERS if PRINTERS[other] == kind and other != name), STAND_IN_AFTER)
        for name, kind in PRINTERS.items()
    }


def _config(box: SimBox) -> Config:
    kinds = [(SCANNER, Kind.SCANNER, "scanner.serial"), (SCALE, Kind.SCALE, "toledo.8217")]
    if box.printers:
        kinds += [(name, kind, model) for name, (kind, model) in PRINTERS.items()]
    return Config(
        box=BoxConfig(id=box.id, site=SITE, state_dir=box.folder),
        broker=BrokerConfig(host="127.0.0.1", port=1),
        devices=tuple(DeviceConfig(id=id_, kind=kind, model=model, address="tcp:127.0.0.1:1") for id_, kind, model in kinds),
        stations=(StationConfig(id="counter", scanner=SCANNER, scale=SCALE),),
    )
