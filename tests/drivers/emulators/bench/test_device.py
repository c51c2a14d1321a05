"""A device of the bench, its emulator in a process of its own, with a driver at its other end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from drivers.printers.zpl import Zpl
from drivers.registry import open_device
from drivers.transports.opening import open_transport
from tests.drivers.documents import samples


async def until(device: BenchDevice, holds: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    device.changed = changed.set
    async with asyncio.timeout(10):
        while not holds():
            await changed.wait()
            changed.clear()


@pytest.fixture
async def printer() -> AsyncIterator[BenchDevice]:
    async with running(DeviceSpec(id="labels", protocol="zpl", place=("--tcp", "0"))) as device:
        yield device


async def test_a_printer_that_ran_out_of_paper_by_itself_is_seen_and_goes_on_when_it_is_loaded(printer: BenchDevice) -> None:
    await printer.do({"do": "paper", "labels": 1})
    assert printer.faults == set()
    with closing(open_device("zpl", printer.address)) as opened:
        assert isinstance(opened.driver, Zpl)
        opened.driver.send(opened.driver.encode_label(samples.label("shelf-label", samples.SHELF_DATA), copies=3))
        await until(printer, lambda: printer.faults == {"paper_out"} and printer.copies_printed == 1)
        await printer.do({"do": "fault", "name": "paper_out", "on": False})
        await until(printer, lambda: printer.copies_printed == 3)
    assert printer.faults == set()


async def test_another_roll_ends_the_fault_too(printer: BenchDevice) -> None:
    await printer.do({"do": "fault", "name": "paper_out", "on": True})
    await printer.do({"do": "paper", "labels": 5})
    assert printer.faults == set()


@pytest.mark.parametrize(("answer", "times"), [(b"\a", 1), (b"\a\a\a", 3)])
async def test_a_beep_is_counted_and_seen(tmp_path: Path, answer: bytes, times: int) -> None:
    async with running(DeviceSpec(id="scanner", protocol="scanner", place=("--pty", str(tmp_path / "scanner")))) as scanner:
        with closing(open_transport(scanner.address)) as line:
            line.write(answer)
            await until(scanner, lambda: scanner.counts["beeped"] > 0)
    assert scanner.seen["beeped"]["times"] == times
