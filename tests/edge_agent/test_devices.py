"""Device threads against emulated devices on real ptys and ports: unplugged, plugged in again, silent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from drivers.devices import Encoded, PrinterStatus, PrintProof, Readiness, Weight
from drivers.documents.model import Label, Line, Receipt
from drivers.errors import DeviceUnavailable, Unsupported
from drivers.registry import Kind, open_device
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Reporter, Scanned, StateChanged, WeightChanged
from edge_agent.devices import Devices
from edge_agent.printer_port import NothingSent, PrinterPort
from edge_agent.printing import PIECE, PrinterThread
from edge_agent.reading import Settling
from edge_agent.seams import SystemClock
from edge_agent.wire.messages import Condition

T = TypeVar("T")
WITHIN = 10
"""Seconds; a bound for a slow machine, not a time that is waited."""
RECEIPT = Receipt(parts=(Line(text="Milk 1 L"),))


class Emulator:
    """An emulated device in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[dict[str, object]] = []

    @classmethod
    @asynccontextmanager
    async def on_pty(cls, protocol: str, link: Path) -> AsyncIterator[Emulator]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "drivers.emulators", protocol, "--pty", str(link)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        emulator = cls(process)
        await emulator._read_until("ready")
        try:
            yield emulator
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await asyncio.wait_for(process.wait(), WITHIN)

    async def next(self, event: str) -> dict[str, object]:
        """The next report of this kind."""
        return await self._read_until(event)

    async def do(self, what: str, **arguments: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        await self._read_until("done")

    async def fault(self, name: str, *, on: bool = True) -> None:
        await self.do("fault", name=name, on=on)

    async def _read_until(self, event: str) -> dict[str, object]:
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), WITHIN)
            told: dict[str, object] = json.loads(line)
            assert told["event"] != "refused", told
            self.events.append(told)
            if told["event"] == event:
                return told


class Box:
    """Devices of a test, and what they tell."""

    def __init__(self, *configs: DeviceConfig) -> None:
        self._events: asyncio.Queue[DeviceEvent] = asyncio.Queue()
        self.devices = Devices(configs, self._events.put_nowait, SystemClock(), Random(1))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.devices.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def next(self, device: str, kind: type[T]) -> T:
        """The next event of a kind from a device; others of it are skipped."""
        while True:
            event = await asyncio.wait_for(self._events.get(), WITHIN)
            if event.device == device and isinstance(event.what, kind):
                return event.what

    async def next_state(self) -> tuple[str, Condition]:
        """The next state that any device tells."""
        while True:
            event = await asyncio.wait_for(self._events.get(), WITHIN)
            if isinstance(event.what, StateChanged):
                return event.device, event.what.state

    async def until(self, device: str, state: Condition) -> StateChanged:
        while (told := await self.next(device, StateChanged)).state is not state:
            pass
        return told


async def until_status(printer: PrinterPort, readiness: Readiness) -> PrinterStatus:
    """Asks until the answer is this: on a busy machine an answer may come too late and is then unknown."""
    async with asyncio.timeout(WITHIN):
        while (status := await printer.status()).readiness is not readiness:
            pass
    return status


def scanner_at(link: Path) -> DeviceConfig:
    return DeviceConfig(id="scanner", kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{link}")


def beeping_scanner_at(link: Path) -> DeviceConfig:
    return DeviceConfig(
        id="scanner", kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{link}", options={"beeps_on_bel": True}
    )


def scale_at(link: Path) -> DeviceConfig:
    return DeviceConfig(id="scale", kind=Kind.SCALE, model="toledo.8217", address=f"serial:{link}", options={"unit": "kg"})


def printer_at(link: Path, options: Mapping[str, object] | None = None) -> DeviceConfig:
    address = f"serial:{link}?baud=115200"
    return DeviceConfig(id="till", kind=Kind.RECEIPT_PRINTER, model="escpos", address=address, options=options or {})


class TestScanner:
    async def test_what_it_reads_comes_in_order_and_whole(self, tmp_path: Path) -> None:
        box = Box(scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            await box.until("scanner", Condition.READY)
            for number in range(50):
                await scanner.do("scan", text=f"item-{number}")
            assert [(await box.next("scanner", Scanned)).symbol.data for _ in range(50)] == [
                f"item-{number}".encode() for number in range(50)
            ]

    async def test_pulled_out_and_put_in_again(self, tmp_path: Path) -> None:
        box = Box(scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            await box.until("scanner", Condition.READY)
            await scanner.fault("unplug")
            absent = await box.until("scanner", Condition.ABSENT)
            assert [fault.code for fault in absent.faults] == ["absent"]
            assert "plug the device in" in absent.faults[0].message
            await scanner.fault("unplug", on=False)
            await box.until("scanner", Condition.READY)
            await scanner.do("scan", text="again")
            assert (await box.next("scanner", Scanned)).symbol.data == b"again"

    async def test_a_port_that_is_not_there_is_absent_and_the_others_go_on(self, tmp_path: Path) -> None:
        missing = DeviceConfig(id="gone", kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{tmp_path / 'no'}")
        box = Box(missing, scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            states: dict[str, Condition] = {}
            while states != {"gone": Condition.ABSENT, "scanner": Condition.READY}:
                device, state = await box.next_state()
                states[device] = state
            await scanner.do("scan", text="here")
            assert (await box.next("scanner", Scanned)).symbol.data == b"here"

    async def test_line_noise_is_told_and_the_next_scan_is_read(self, tmp_path: Path) -> None:
        box = Box(scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            await box.until("scanner", Condition.READY)
            await scanner.fault("garbage")
            await scanner.do("scan", text="lost")
            assert "Scan it again" in (await box.next("scanner", Failed)).fault.message
            await scanner.fault("garbage", on=False)
            await scanner.do("scan", text="again")
            assert (await box.next("scanner", Scanned)).symbol.data == b"again"

    async def test_a_port_in_use_is_absent_and_says_so(self, tmp_path: Path) -> None:
        box = Box(scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner"):
            with contextlib.closing(open_device("scanner.serial", f"serial:{tmp_path / 'scanner'}")):
                async with box.running():
                    told = await box.until("scanner", Condition.ABSENT)
            assert "in use by another program" in told.faults[0].message

    async def test_the_box_s_answer_is_its_sound(self, tmp_path: Path) -> None:
        box = Box(beeping_scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            await box.until("scanner", Condition.READY)
            for good, times in ((True, 1), (False, 3)):
                await scanner.do("scan", text="milk")
                await box.next("scanner", Scanned)
                box.devices.signal("scanner", good=good)
                assert (await scanner.next("beeped"))["times"] == times

    async def test_an_answer_to_a_scanner_that_is_gone_is_not_sounded_when_it_is_back(self, tmp_path: Path) -> None:
        box = Box(beeping_scanner_at(tmp_path / "scanner"))
        async with Emulator.on_pty("scanner", tmp_path / "scanner") as scanner, box.running():
            await box.until("scanner", Condition.READY)
            await scanner.fault("unplug")
            await box.until("scanner", Condition.ABSENT)
            box.devices.signal("scanner", good=False)
            box.devices.signal("nobody", good=False)
            await scanner.fault("unplug", on=False)
            await box.until("scanner", Condition.READY)
            await scanner.do("scan", text="milk")
            await box.next("scanner", Scanned)
            box.devices.signal("scanner", good=True)
            assert (await scanner.next("beeped"))["times"] == 1

    async def test_a_model_of_another_kind_says_what_to_correct(self, tmp_path: Path) -> None:
        wrong = DeviceConfig(id="x", kind=Kind.SCALE, model="scanner.serial", address=f"serial:{tmp_path / 'scanner'}")
        box = Box(wrong)
        async with Emulator.on_pty("scanner", tmp_path / "scanner"), box.running():
            told = await box.until("x", Condition.FAULT)
            assert "correct its `kind`" in told.faults[0].message


class TestScale:
    async def test_a_weight_at_rest_settles_once_and_again_after_it_was_lifted(self, tmp_path: Path) -> None:
        box = Box(scale_at(tmp_path / "scale"))
        async with Emulator.on_pty("toledo_8217", tmp_path / "scale") as scale, box.running():
            await box.until("scale", Condition.READY)
            for grams in ("1234", "0", "1234"):
                await scale.do("put", grams=grams)
                while not (told := await box.next("scale", WeightChanged)).is_settled or told.weight.grams != Decimal(grams):
                    pass

    async def test_motion_is_shown_and_not_booked(self, tmp_path: Path) -> None:
        box = Box(scale_at(tmp_path / "scale"))
        async with Emulator.on_pty("toledo_8217", tmp_path / "scale") as scale, box.running():
            await scale.fault("motion")
            while (told := await box.next("scale", WeightChanged)).weight.stable:
                pass
            assert not told.is_settled

    async def test_silence_is_unknown_and_over_capacity_a_fault(self, tmp_path: Path) -> None:
        box = Box(scale_at(tmp_path / "scale"))
        async with Emulator.on_pty("toledo_8217", tmp_path / "scale") as scale, box.running():
            await box.until("scale", Condition.READY)
            await scale.do("put", grams="99000")
            assert [fault.code for fault in (await box.until("scale", Condition.FAULT)).faults] == ["over_capacity"]
            await scale.do("remove")
            await box.until("scale", Condition.READY)
            await scale.fault("silence")
            assert [fault.code for fault in (await box.until("scale", Condition.UNKNOWN)).faults] == ["no_answer"]
            await scale.fault("silence", on=False)
            await box.until("scale", Condition.READY)


class TestPrinter:
    async def test_a_receipt_comes_out_with_the_device_s_own_word(self, tmp_path: Path) -> None:
        box = Box(printer_at(tmp_path / "till"))
        async with Emulator.on_pty("escpos", tmp_path / "till") as printer, box.running():
            await box.until("till", Condition.READY)
            till = box.devices.ports["till"]
            await until_status(till, Readiness.OK)
            encoded = await till.encode(RECEIPT, copies=2, copy_mark=True)
            await till.send(encoded)
            assert await till.prove(encoded, 5) is PrintProof.CONFIRMED
            await box.until("till", Condition.BUSY)
            await box.until("till", Condition.READY)
            await printer.do("tear")
            assert sum(event["event"] == "paper" for event in printer.events) == 2

    async def test_no_paper_is_a_fault_with_what_to_do(self, tmp_path: Path) -> None:
        box = Box(printer_at(tmp_path / "till"))
        async with Emulator.on_pty("escpos", tmp_path / "till") as printer, box.running():
            await box.until("till", Condition.READY)
            await printer.fault("paper_out")
            assert (await until_status(box.devices.ports["till"], Readiness.FAULT)).faults == ("paper_out",)
            told = await box.until("till", Condition.FAULT)
            assert "Load a roll" in told.faults[0].message
            await printer.fault("paper_out", on=False)
            await box.until("till", Condition.READY)

    async def test_the_drawer_is_seen(self, tmp_path: Path) -> None:
        box = Box(printer_at(tmp_path / "till"))
        async with Emulator.on_pty("escpos", tmp_path / "till") as printer, box.running():
            await box.until("till", Condition.READY)
            for is_open in (True, False):
                await printer.do("drawer", open=is_open)
                await until_status(box.devices.ports["till"], Readiness.OK)
                assert await box.next("till", DrawerMoved) == DrawerMoved(is_open)

    async def test_pulled_out_it_refuses_without_a_byte_and_comes_back(self, tmp_path: Path) -> None:
        box = Box(printer_at(tmp_path / "till"))
        async with Emulator.on_pty("escpos", tmp_path / "till") as printer, box.running():
            await box.until("till", Condition.READY)
            till = box.devices.ports["till"]
            await printer.fault("unplug")
            with pytest.raises(DeviceUnavailable):
                await till.status()
            await box.until("till", Condition.ABSENT)
            with pytest.raises(NothingSent):
                await till.send(Encoded(b"receipt"))
            await printer.fault("unplug", on=False)
            await box.until("till", Condition.READY)

    async def test_a_label_is_no_receipt(self, tmp_path: Path) -> None:
        box = Box(printer_at(tmp_path / "till"))
        label = Label(width=Decimal(60), height=Decimal(40), elements=())
        async with Emulator.on_pty("escpos", tmp_path / "till"), box.running():
            await box.until("till", Condition.READY)
            with pytest.raises(Unsupported, match="another printer"):
                await box.devices.ports["till"].encode(label, copies=1, copy_mark=False)


async def test_all_threads_end_with_the_run(tmp_path: Path) -> None:
    box = Box(scanner_at(tmp_path / "scanner"), scale_at(tmp_path / "no"), printer_at(tmp_path / "no"))
    async with Emulator.on_pty("scanner", tmp_path / "scanner"):
        async with box.running():
            await box.until("scanner", Condition.READY)
        assert [worker.config.id for worker in box.devices._workers.values() if worker.thread.is_alive()] == []


class ScriptedPrinter:
    """Takes pieces; `stop` after the first one."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def send(self, encoded: Encoded) -> None:
        self.pieces.append(encoded.data)


def test_the_first_byte_goes_alone_and_no_piece_is_longer_than_a_second_of_a_slow_line() -> None:
    printer, thread = ScriptedPrinter(), PrinterThread(Reporter("till", lambda _: None, SystemClock()))
    data = bytes(range(256)) * 5
    thread._send(printer, Encoded(data))  # type: ignore[arg-type]  # only `send` is used
    assert b"".join(printer.pieces) == data
    assert len(printer.pieces[0]) == 1
    assert max(map(len, printer.pieces)) == PIECE


class TestSettling:
    def test_the_same_weight_twice_is_two_with_motion_between(self) -> None:
        settling = Settling()
        moving, parcel = Weight(Decimal(0), stable=False), Weight(Decimal(500), stable=True)
        assert [settling.is_settled(each) for each in (moving, parcel, parcel, moving, parcel)] == [
            *(False, True, False, False, True)
        ]

    def test_another_weight_without_motion_seen_is_new(self) -> None:
        settling = Settling()
        assert [settling.is_settled(Weight(Decimal(grams), stable=True)) for grams in (500, 510, 510)] == [True, True, False]
