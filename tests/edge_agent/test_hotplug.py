"""Plugging and unplugging as udev tells it: noticed within a second, usable within two; and another device is asked about first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from drivers.recording import Mark
from drivers.registry import Kind
from drivers.scanners.calibration import CALIBRATION_TEXT
from drivers.transports.opening import Address
from drivers.udev import Change, Identity, Seen
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, Scanned, StateChanged
from edge_agent.devices import Devices
from edge_agent.hotplug import Hotplug, tell
from edge_agent.known_devices import KnownDevices
from edge_agent.seams import SystemClock
from edge_agent.wire.messages import Condition
from tests.edge_agent.test_devices import WITHIN, Emulator, printer_at, scanner_at

SYS = "/sys/devices/usb1/1-1/1-1:1.0/ttyUSB0"
ONE = Identity(vendor="0403", product="6001", serial="A1", name="FTDI", port="1-1")
OTHER = replace(ONE, serial="A2")
NOTICED = 1.0
USABLE = 2.0


class FakePorts:
    """One port; `identity` stands there while the link is there."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.identity: Identity | None = ONE
        self.comes_late = False

    def all(self) -> list[Seen]:
        return []

    def at(self, address: Address) -> Seen | None:
        if self.comes_late:
            self.comes_late = False
            return None
        if not os.path.lexists(address.where) or self.identity is None:
            return None
        return Seen(node=address.where, subsystem="tty", sys_path=SYS, identity=self.identity)


class FakeWatch:
    """A `Watch` that a test feeds."""

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        self._changes: list[Change] = []
        self.fails = False

    def fileno(self) -> int:
        return self._reads

    def feed(self, *changes: Change) -> None:
        self._changes += changes
        os.write(self._writes, b"x")

    def changes(self) -> list[Change]:
        os.read(self._reads, 1)
        if self.fails:
            raise OSError("No buffer space available")
        taken, self._changes = self._changes, []
        return taken

    def close(self) -> None:
        os.close(self._reads)
        os.close(self._writes)


class Shop:
    """Devices with a fake udev, and when they told which state."""

    def __init__(self, config: DeviceConfig, folder: Path) -> None:
        self.ports = FakePorts(Path(config.address.partition(":")[2].partition("?")[0]))
        self.watch = FakeWatch()
        self.events: asyncio.Queue[DeviceEvent] = asyncio.Queue()
        self.known = KnownDevices(folder)
        self.devices = Devices([config], self.events.put_nowait, SystemClock(), Random(1), self.known, self.ports)
        self._hotplug = Hotplug(self.watch, self.devices)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(part.run()) for part in (self.devices, self._hotplug)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, state: Condition) -> StateChanged:
        while True:
            event = await asyncio.wait_for(self.events.get(), WITHIN)
            if isinstance(event.what, StateChanged) and event.what.state is state:
                return event.what

    def plug(self) -> float:
        self.watch.feed(Change(is_gone=False, sys_path=SYS))
        return time.monotonic()

    def pull(self) -> float:
        self.watch.feed(Change(is_gone=True, sys_path="/sys/devices/usb1/1-1"))
        return time.monotonic()


async def test_a_scanner_is_usable_within_two_seconds_after_minutes_of_absence(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    shop = Shop(scanner_at(link), tmp_path)
    async with shop.running():
        await shop.until(Condition.ABSENT)
        await asyncio.sleep(1.2)  # it has begun to wait longer
        async with Emulator.on_pty("scanner", link) as scanner:
            began = shop.plug()
            await shop.until(Condition.READY)
            assert time.monotonic() - began < USABLE
            await scanner.do("scan", text="here")
            while not isinstance((await asyncio.wait_for(shop.events.get(), WITHIN)).what, Scanned):
                pass


async def test_an_idle_printer_that_is_pulled_is_noticed_within_a_second(tmp_path: Path) -> None:
    link = tmp_path / "till"
    shop = Shop(printer_at(link), tmp_path)
    async with Emulator.on_pty("escpos", link) as printer, shop.running():
        await shop.until(Condition.READY)
        await printer.fault("unplug")
        began = shop.pull()
        await shop.until(Condition.ABSENT)
        assert time.monotonic() - began < NOTICED
        await printer.fault("unplug", on=False)
        began = shop.plug()
        await shop.until(Condition.READY)
        assert time.monotonic() - began < USABLE


async def test_what_is_gone_elsewhere_disturbs_nobody(tmp_path: Path) -> None:
    link = tmp_path / "till"
    shop = Shop(printer_at(link), tmp_path)
    async with Emulator.on_pty("escpos", link), shop.running():
        await shop.until(Condition.READY)
        shop.watch.feed(
            Change(is_gone=True, sys_path="/sys/devices/usb1/1-11"), Change(is_gone=True, sys_path="/sys/devices/usb1/1-1/x")
        )
        shop.plug()
        await asyncio.sleep(0.3)
        assert shop.devices.state("till").state is Condition.READY
        assert shop.events.empty()


async def test_changes_that_were_lost_make_everybody_look(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    shop = Shop(scanner_at(link), tmp_path)
    async with shop.running():
        await shop.until(Condition.ABSENT)
        async with Emulator.on_pty("scanner", link):
            shop.watch.fails = True
            shop.plug()
            await shop.until(Condition.READY)


async def test_another_device_on_the_port_waits_for_a_word_and_then_has_the_name(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    shop = Shop(scanner_at(link), tmp_path)
    async with Emulator.on_pty("scanner", link) as scanner, shop.running():
        await shop.until(Condition.READY)
        assert shop.devices.identity("scanner") == ONE
        await scanner.fault("unplug")
        shop.pull()
        await shop.until(Condition.ABSENT)
        shop.ports.identity = OTHER
        await scanner.fault("unplug", on=False)
        shop.plug()
        (told,) = (await shop.until(Condition.FAULT)).faults
        assert told.code == "device_swapped"
        assert "devices confirm scanner" in told.message
        assert "A1" in told.message
        assert "A2" in told.message
        assert shop.devices.seen("scanner") == OTHER
        shop.devices.confirm("scanner", OTHER)
        await shop.until(Condition.READY)
        assert KnownDevices(tmp_path).of("scanner").identity == OTHER


async def test_another_device_that_comes_between_the_look_and_the_opening_is_asked_about(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    KnownDevices(tmp_path).sees("scanner", OTHER)
    shop = Shop(scanner_at(link), tmp_path)
    shop.ports.comes_late = True
    async with Emulator.on_pty("scanner", link), shop.running():
        (told,) = (await shop.until(Condition.FAULT)).faults
        assert told.code == "device_swapped"
        assert not shop.ports.comes_late
    assert KnownDevices(tmp_path).of("scanner").identity == OTHER


async def test_the_old_device_needs_no_word_when_it_is_back(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    KnownDevices(tmp_path).sees("scanner", OTHER)
    shop = Shop(scanner_at(link), tmp_path)
    async with Emulator.on_pty("scanner", link), shop.running():
        await shop.until(Condition.FAULT)
        shop.ports.identity = OTHER
        shop.plug()
        await shop.until(Condition.READY)


async def test_what_was_learned_overrides_the_configuration(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    KnownDevices(tmp_path).learns("scanner", {"prefix": "P"})
    shop = Shop(scanner_at(link), tmp_path)
    async with Emulator.on_pty("scanner", link) as scanner, shop.running():
        await shop.until(Condition.READY)
        assert shop.devices.options("scanner") == {"prefix": "P"}
        await scanner.do("configure", prefix="P")
        await scanner.do("scan", text="milk")
        while not isinstance(what := (await asyncio.wait_for(shop.events.get(), WITHIN)).what, Scanned):
            pass
        assert what.symbol.data == b"milk"


async def test_one_scan_of_the_calibration_symbol_sets_a_scanner_up_for_good(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    shop = Shop(scanner_at(link), tmp_path)
    async with Emulator.on_pty("scanner", link) as scanner, shop.running():
        await shop.until(Condition.READY)
        await scanner.do("configure", prefix="P", suffix="\r")
        await scanner.do("scan", text=CALIBRATION_TEXT)
        async with asyncio.timeout(WITHIN):
            while [each.what for each in shop.devices.ring("scanner").since()[0]].count(Mark.OPENED) < 2:
                await asyncio.sleep(0.01)
        assert shop.devices.options("scanner")["prefix"] == "P"
        await scanner.do("scan", text="milk")
        while not isinstance(what := (await asyncio.wait_for(shop.events.get(), WITHIN)).what, Scanned):
            pass
        assert what.symbol.data == b"milk"
    assert KnownDevices(tmp_path).of("scanner").learned["prefix"] == "P"


async def test_what_was_learned_and_is_not_known_any_more_is_left_aside(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    KnownDevices(tmp_path).learns("scanner", {"option_of_last_year": 1})
    shop = Shop(scanner_at(link), tmp_path)
    async with Emulator.on_pty("scanner", link), shop.running():
        await shop.until(Condition.READY)
        assert shop.devices.options("scanner") == {}


async def test_without_udev_the_agent_goes_on(tmp_path: Path) -> None:
    task = asyncio.create_task(Hotplug(None, Devices([], lambda _: None, SystemClock(), Random(1))).run())
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_a_device_over_the_network_is_not_woken_by_usb() -> None:
    woken = []

    class Concerned:
        def plugged(self) -> None:
            woken.append("plugged")

        def unplugged(self, sys_path: str) -> None:
            woken.append(sys_path)

    tell([Change(is_gone=False, sys_path="/a"), Change(is_gone=True, sys_path="/b")], Concerned())
    assert woken == ["/b", "plugged"]


def display_at(address: str) -> DeviceConfig:
    return DeviceConfig(id="display", kind=Kind.LINE_DISPLAY, model="display.escpos", address=address)


async def test_a_line_display_shows_the_newest_lines_also_after_it_was_away(tmp_path: Path) -> None:
    link = tmp_path / "display"
    shop = Shop(display_at(f"serial:{link}"), tmp_path)
    async with Emulator.on_pty("line_display", link) as display, shop.running():
        await shop.until(Condition.READY)
        shop.devices.show("display", ["Milk 1 L", "1.29"])
        while "Milk" not in str(shown := await display.next("display")):
            pass
        await display.fault("unplug")
        shop.pull()
        await shop.until(Condition.ABSENT)
        shop.devices.show("display", ["Thank you"])
        await display.fault("unplug", on=False)
        shop.plug()
        await shop.until(Condition.READY)
        while "Thank you" not in str(shown):
            shown = await display.next("display")
    shop.devices.show("nobody", ["x"])
