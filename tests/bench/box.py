"""The box's side of a bench: the agent's real `Box` on a real file, driven as its devices would drive it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

from drivers.devices import Symbol
from drivers.registry import Kind
from edge_agent.acks import AckResult
from edge_agent.box import Box
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.controller_link import Controller
from edge_agent.device_events import DeviceEvent, Scanned
from edge_agent.disk import ThreadDisk
from edge_agent.facts import FactsDb
from edge_agent.inbox import Inbox
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock, new_boot_id, system_random
from edge_agent.spooler import Spooler
from edge_agent.stations import Feedback
from edge_agent.statistics import StatisticsStore
from edge_agent.stores import Seams, Stores
from edge_agent.templates import Templates, fetch_from
from edge_agent.timekeeping import kernel_clock_state
from edge_agent.twin_store import TwinStore
from edge_agent.wire.messages import Ack, Stream
from edge_agent.wire.session import Broker, MqttSession
from edge_agent.wire.topics import box_filters
from tests.bench.load import BOXES, SITE

SCANNER = "scanner"
WAIT_SECONDS = 20


class WatchedOutbox(Outbox):
    """Says when an ack is on disk."""

    def apply(self, ack: Ack) -> AckResult:
        result = super().apply(ack)
        if ack.stream is Stream.FACT:
            now = perf_counter()
            self.loop.call_soon_threadsafe(self.acks.put_nowait, now)
        return result

    def watch(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.acks: asyncio.Queue[float] = asyncio.Queue()


class BenchBox:
    """`scan` is the trigger; `until_beep` and `until_acked` say when."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self._clock = SystemClock()
        random = system_random()
        config = Config(
            box=BoxConfig(id=BOXES[0], site=SITE, state_dir=folder),
            broker=BrokerConfig(host="127.0.0.1", port=broker_port),
            devices=(DeviceConfig(id=SCANNER, kind=Kind.SCANNER, model="scanner.serial", address="tcp:127.0.0.1:9"),),
            stations=(StationConfig(id="desk", scanner=SCANNER),),
        )
        identity = Identity(site=SITE, box=BOXES[0], boot=new_boot_id())
        where = Broker(host="127.0.0.1", port=broker_port, client_id=f"{SITE}.{BOXES[0]}")
        self.session = MqttSession(where, box_filters(SITE, BOXES[0]), random=random)
        self.disk = ThreadDisk()
        seams = Seams(clock=self._clock, random=random, session=self.session, disk=self.disk, clock_state=kernel_clock_state)
        self.facts = FactsDb(folder / "facts.db")
        self.outbox = WatchedOutbox(self.facts, identity, self._clock, random, kernel_clock_state)
        self.outbox.watch()
        stores = Stores(
            facts=self.facts,
            outbox=self.outbox,
            inbox=Inbox(self.facts, self._clock),
            journal=Journal(self.facts, self.outbox, self._clock),
            twin=TwinStore(self.facts),
            statistics=StatisticsStore(self.facts),
        )
        templates = Templates(folder / "templates", fetch_from(Controller(url="")))
        spooler = Spooler(stores.journal, self.disk, {}, templates.get, self._clock)
        self.box = Box(config, stores, seams, spooler, self._answer)
        self._beeps: asyncio.Queue[tuple[float, str]] = asyncio.Queue()

    def _answer(self, _station: str, feedback: Feedback) -> None:
        self._beeps.put_nowait((perf_counter(), feedback.code))

    def scan(self, text: str) -> float:
        """When the scanner's thread saw it."""
        began = perf_counter()
        self.box.on_device_event(DeviceEvent(SCANNER, self._clock.mono_ms(), Scanned(Symbol(text.encode()))))
        return began

    async def until_beep(self) -> float:
        """When the answer was decided: the scan is on disk."""
        when, code = await asyncio.wait_for(self._beeps.get(), WAIT_SECONDS)
        if code != "scanned":
            raise AssertionError(f"the scan was answered {code!r}")
        return when

    async def until_acked(self) -> float:
        return await asyncio.wait_for(self.outbox.acks.get(), WAIT_SECONDS)

    async def until_linked(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.box.delivery.is_linked:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running_box(folder: Path, broker_port: int, *, connects: bool) -> AsyncIterator[BenchBox]:
    """A box at work; one that does not connect is a box whose network is down."""
    box = BenchBox(folder, broker_port)
    tasks = [asyncio.create_task(box.box.run())]
    if connects:
        tasks.append(asyncio.create_task(box.session.run()))
    try:
        yield box
    finally:
        for task in tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        box.disk.close()
        box.facts.close()
