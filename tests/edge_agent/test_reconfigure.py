"""A configuration that changes while the box works: queues and devices that follow it, and those that it does not concern."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from drivers.devices import Encoded, PrintProof
from drivers.registry import Kind
from edge_agent import spooler
from edge_agent.config import BoxConfig, BrokerConfig, Config, DeviceConfig, StationConfig
from edge_agent.device_events import DeviceEvent, Scanned
from edge_agent.device_tools.hands import DeviceHands
from edge_agent.device_tools.verbs import Verbs
from edge_agent.devices import Devices
from edge_agent.effects import DeviceRefused, NoSuchDevice
from edge_agent.journal import Journal
from edge_agent.log_levels import LogLevels
from edge_agent.outbox import Outbox
from edge_agent.seams import SystemClock
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import CommandRequest, TwinDesired
from tests.edge_agent.conftest import FixedClock, MemorySession, let_pass, settle
from tests.edge_agent.paper import PaperPort
from tests.edge_agent.printers import Printers
from tests.edge_agent.test_box import ROOT, World, build, running
from tests.network_line import NetworkLine

WITHIN = 10.0
NOTHING = Config(box=BoxConfig(id="b1", site="sh-01", state_dir=Path("unused")), broker=BrokerConfig(host="127.0.0.1", port=1))
LABELS = DeviceConfig(id="labels", kind=Kind.LABEL_PRINTER, model="zpl", address="tcp:127.0.0.1:1")


def scanner(name: str, line: NetworkLine) -> DeviceConfig:
    return DeviceConfig(id=name, kind=Kind.SCANNER, model="scanner.serial", address=f"tcp:127.0.0.1:{line.port}")


def with_devices(*devices: DeviceConfig) -> Config:
    return replace(NOTHING, devices=devices)


@asynccontextmanager
async def devices_of(*configs: DeviceConfig) -> AsyncIterator[tuple[Devices, asyncio.Queue[DeviceEvent]]]:
    told: asyncio.Queue[DeviceEvent] = asyncio.Queue()
    devices = Devices(configs, told.put_nowait, SystemClock(), Random(1))
    task = asyncio.create_task(devices.run())
    try:
        yield devices, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def read(told: asyncio.Queue[DeviceEvent]) -> tuple[str, bytes]:
    async with asyncio.timeout(WITHIN):
        while not isinstance((event := await told.get()).what, Scanned):
            pass
    assert isinstance(event.what, Scanned)
    return event.device, event.what.symbol.data


# --- devices --------------------------------------------------------------------------------------------------------------------


async def test_only_what_changed_is_opened_again() -> None:
    async with (
        NetworkLine.listening() as one,
        NetworkLine.listening() as two,
        NetworkLine.listening() as three,
        devices_of(scanner("a", one), scanner("b", two)) as (devices, told),
    ):
        await one.until_opened(1, WITHIN)
        await two.until_opened(1, WITHIN)
        await devices.reconfigure(with_devices(scanner("a", one), scanner("b", three), scanner("c", two)))
        await three.until_opened(1, WITHIN)
        await two.until_opened(2, WITHIN)
        one.scan("same")
        assert await read(told) == ("a", b"same")
        three.scan("moved")
        assert await read(told) == ("b", b"moved")
        two.scan("new")
        assert await read(told) == ("c", b"new")
        assert (one.opened, two.opened, three.opened) == (1, 2, 1)
        await devices.reconfigure(with_devices(scanner("a", one)))
        assert devices.config("b") is devices.config("c") is None
        assert [config.id for config in (devices.config("a"),) if config] == ["a"]


async def test_a_device_is_restarted_and_no_other() -> None:
    async with (
        NetworkLine.listening() as one,
        NetworkLine.listening() as two,
        devices_of(scanner("a", one), scanner("b", two)) as (devices, told),
    ):
        await one.until_opened(1, WITHIN)
        await two.until_opened(1, WITHIN)
        hands = DeviceHands(devices, Verbs([], devices, None, is_running=True))
        await hands.restart("a")
        await one.until_opened(2, WITHIN)
        one.scan("again")
        assert await read(told) == ("a", b"again")
        assert two.opened == 1
        with pytest.raises(NoSuchDevice):
            await hands.restart("x")
        with pytest.raises(NoSuchDevice):
            await hands.test_paper("a")


async def test_a_test_page_that_cannot_be_printed_says_why() -> None:
    gone = replace(LABELS, address="tcp:127.0.0.1:1")
    async with devices_of(gone) as (devices, _):
        hands = DeviceHands(devices, Verbs([gone], devices, None, is_running=True))
        with pytest.raises(DeviceRefused, match="labels"):
            await hands.test_paper("labels")


async def test_whoever_still_holds_a_printer_that_is_no_more_is_answered() -> None:
    async with devices_of(LABELS) as (devices, _):
        port = devices.ports["labels"]
        await devices.reconfigure(NOTHING)
        assert dict(devices.ports) == {}
        with pytest.raises(Exception, match="stops using this printer"):
            async with asyncio.timeout(WITHIN):
                await port.status()


# --- queues ---------------------------------------------------------------------------------------------------------------------


class SlowPort(PaperPort):
    """It waits in the middle of a job."""

    def __init__(self, paper: Path) -> None:
        super().__init__(paper)
        self.goes_on = asyncio.Event()
        self.is_at_it = asyncio.Event()

    async def prove(self, encoded: Encoded, timeout: float) -> PrintProof:
        self.is_at_it.set()
        await self.goes_on.wait()
        return await super().prove(encoded, timeout)


@pytest.fixture
def printers(tmp_path: Path, outbox: Outbox, clock: FixedClock) -> Printers:
    return Printers(tmp_path, Journal(outbox._facts, outbox, clock), clock, ("labels",))


async def until_is(printers: Printers, job: str, state: JobState) -> None:
    for _ in range(2000):
        if printers.job(job).state is state:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{job} is {printers.job(job).state}")


async def test_a_job_on_its_way_ends_before_its_printer_is_closed(printers: Printers, tmp_path: Path) -> None:
    slow = printers.port["labels"] = SlowPort(tmp_path / "slow")
    async with printers.running():
        await printers.wants("first")
        await slow.is_at_it.wait()
        await printers.wants("second")
        pausing = asyncio.create_task(printers.spooler.pause("labels"))
        await settle()
        assert not pausing.done()
        slow.goes_on.set()
        await pausing
        assert printers.job("first").state is JobState.PRINTED
        await settle()
        assert printers.job("second").state is JobState.QUEUED  # nothing new begins
        printers.port["labels"] = PaperPort(tmp_path / "new")
        await printers.spooler.reconfigure(with_devices(LABELS))
        await until_is(printers, "second", JobState.PRINTED)
    assert (slow.printed(), printers.port["labels"].printed()) == (["first"], ["second"])


async def test_a_pause_does_not_wait_for_ever(printers: Printers, tmp_path: Path) -> None:
    slow = printers.port["labels"] = SlowPort(tmp_path / "slow")
    async with printers.running():
        await printers.wants("first")
        await slow.is_at_it.wait()
        pausing = asyncio.create_task(printers.spooler.pause("labels"))
        await settle()
        await let_pass(spooler.PAUSE_SECONDS + 1)
        await pausing
        del printers.port["labels"]
        await printers.spooler.reconfigure(NOTHING)
        assert printers.job("first").state is JobState.UNCERTAIN  # a person is asked


async def test_the_queue_of_a_printer_that_is_no_more_holds_and_goes_on_when_it_is_back(printers: Printers, tmp_path: Path) -> None:
    async with printers.running():
        await settle()
        await printers.spooler.pause("labels")
        await printers.wants("milk")
        del printers.port["labels"]
        await printers.spooler.reconfigure(NOTHING)
        assert printers.job("milk").state is JobState.QUEUED
        assert printers.reason("milk") == "unknown_printer"
        printers.port["labels"] = PaperPort(tmp_path / "back")
        await printers.spooler.reconfigure(with_devices(LABELS))
        await until_is(printers, "milk", JobState.PRINTED)
    assert printers.port["labels"].printed() == ["milk"]


# --- the box --------------------------------------------------------------------------------------------------------------------


async def test_the_box_forgets_at_the_broker_what_is_no_more(tmp_path: Path, session: MemorySession, clock: FixedClock) -> None:
    world = build(tmp_path, session, clock)
    async with running(world):
        world.link()
        await settle()
        assert world.retained()[f"{ROOT}/scale/state"]
        document: dict[str, object] = {
            "device": [{"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "tcp:127.0.0.1:1"}],
            "station": [{"id": "desk", "scanner": "scanner"}, {"id": "other", "scanner": "scanner"}],
        }
        session.deliver(f"{ROOT}/_/twin/desired", _desired(2, document), world.acknowledged)
        await settle()
        assert world.acknowledged == [f"{ROOT}/_/twin/desired"]
        assert world.retained()[f"{ROOT}/scale/state"] == b""
        assert b"scale" not in world.retained()[f"{ROOT}/_/desc"]
        assert b'"applied_version":2' in world.retained()[f"{ROOT}/_/twin/reported"]
        world.scan("4006381333931")
        await settle()
        assert world.answers == [("desk", "scanned")]
    world.stores.facts.close()
    again = build(tmp_path, MemorySession(), clock)
    async with running(again):
        again.link()
        await settle()
        assert again.retained()[f"{ROOT}/scale/state"] == b""  # the broker may have kept it, had the box died in between


async def test_a_task_goes_on_when_its_station_changes(tmp_path: Path, session: MemorySession, clock: FixedClock) -> None:
    world = build(tmp_path, session, clock)
    async with running(world):
        world.link()
        for text in ("SW:COUNT", "A-01"):
            world.scan(text)
        await settle()
        before = world.stores.outbox.station_states()["desk"]
        config = replace(world.box.twin.config, stations=(StationConfig(id="desk", scanner="scanner", double_read_ms=0),))
        await world.box.intake.reconfigure(config)
        await world.box.intake.reconfigure(replace(config, stations=()))
        await world.box.intake.reconfigure(config)
        assert encode(world.box.intake.state("desk")) == before


def _desired(version: int, document: dict[str, object]) -> bytes:
    return encode(TwinDesired(version=version, document=document))


# --- commands -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("synced", "ttl_ms", "off_by", "code"),
    [
        (False, 60_000, timedelta(days=3), "ok"),  # the wall clock is wrong, and known not to be right
        (False, 60_000, timedelta(days=-3), "ok"),
        (False, 0, timedelta(days=-3), "expired"),
        (False, None, timedelta(days=3), "expired"),  # nothing else is said
        (True, 60_000, timedelta(minutes=2), "expired"),
        (True, 60_000, timedelta(), "ok"),
    ],
)
async def test_a_command_holds_by_the_boot_clock_from_its_arrival(
    tmp_path: Path, session: MemorySession, clock: FixedClock, synced: bool, ttl_ms: int | None, off_by: timedelta, code: str
) -> None:
    world = build(tmp_path, session, clock, synced=synced)
    expires_at = clock.now() + timedelta(seconds=60)
    clock.wall += off_by
    async with running(world):
        world.link()
        request = CommandRequest(name="identify", expires_at=expires_at, ttl_ms=ttl_ms, actor="office")
        session.deliver(f"{ROOT}/_/cmd/c1/req", encode(request), world.acknowledged)
        await settle()
        assert world.results() == [("c1", code)]


async def test_a_log_level_that_was_asked_for_ends_by_itself() -> None:
    used: list[str] = []
    levels = LogLevels(NOTHING, used.append)
    levels.for_a_while("DEBUG", 60)
    levels.for_a_while("ERROR", 120)
    await let_pass(61)
    assert used == ["DEBUG", "ERROR"]
    await levels.reconfigure(replace(NOTHING, box=replace(NOTHING.box, log_level="WARNING")))
    assert used == ["DEBUG", "ERROR"]  # what was asked for goes on
    await let_pass(121)
    assert used == ["DEBUG", "ERROR", "WARNING"]
    await levels.reconfigure(NOTHING)
    assert used[-1] == "INFO"


class SlowHands:
    """A device that takes its time."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()

    async def restart(self, device: str) -> None:
        del device
        await self.goes_on.wait()

    async def test_paper(self, printer: str) -> str:
        return f"{printer}: it came out"


async def test_a_slow_command_holds_up_no_other(tmp_path: Path, session: MemorySession, clock: FixedClock) -> None:
    world: World = build(tmp_path, session, clock)
    hands = SlowHands()
    world.box.hands = hands
    async with running(world):
        world.link()
        for number, (name, args) in enumerate([("restart_device", {"device": "scanner"}), ("identify", {})]):
            request = CommandRequest(name=name, args=dict(args), expires_at=clock.now() + timedelta(seconds=60))
            session.deliver(f"{ROOT}/_/cmd/c{number}/req", encode(request), world.acknowledged)
        await settle()
        assert world.results() == [("c1", "ok")]
        hands.goes_on.set()
        await settle()
        assert world.results() == [("c1", "ok"), ("c0", "ok")]
