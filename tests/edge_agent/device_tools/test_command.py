"""`shelfwire-agent devices` as a person uses it: with a running agent over its socket, and alone."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from drivers.recording import load_recording
from drivers.registry import Kind
from drivers.scanners.calibration import CALIBRATION_ELEMENTS
from drivers.symbols.commands import Command
from drivers.transports.opening import Address
from drivers.udev import Identity, Seen
from edge_agent.__main__ import main
from edge_agent.config import DeviceConfig, load_config
from edge_agent.device_tools import alone, command
from edge_agent.device_tools.ear import FILE, Ear
from edge_agent.device_tools.request import CannotDo, Request
from edge_agent.device_tools.verbs import Verbs
from edge_agent.devices import Devices
from edge_agent.known_devices import KnownDevices
from edge_agent.seams import SystemClock
from edge_agent.state_lock import StateLock
from tests.drivers.running import RunningEmulator, running_emulator

ONE = Identity(vendor="0403", product="6001", serial="A1", name="FTDI", port="1-1")
OTHER = replace(ONE, serial="A2")


class Shop:
    """Two devices on ptys, a configuration that names them, and what `devices` says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        self._capsys = capsys
        self.config = folder / "agent.toml"
        self.devices = (
            DeviceConfig(id="gun", kind=Kind.SCANNER, model="scanner.serial", address=f"serial:{folder / 'gun'}"),
            DeviceConfig(
                id="scale", kind=Kind.SCALE, model="toledo.8217", address=f"serial:{folder / 'scale'}", options={"unit": "kg"}
            ),
            DeviceConfig(id="till", kind=Kind.RECEIPT_PRINTER, model="escpos", address=f"serial:{folder / 'till'}"),
            DeviceConfig(id="labels", kind=Kind.LABEL_PRINTER, model="zpl", address=f"serial:{folder / 'labels'}"),
            DeviceConfig(id="display", kind=Kind.LINE_DISPLAY, model="display.escpos", address=f"serial:{folder / 'display'}"),
        )
        blocks = "".join(
            f'[[device]]\nid = "{d.id}"\nkind = "{d.kind}"\nmodel = "{d.model}"\naddress = "{d.address}"\n'
            + ('options = { unit = "kg" }\n' if d.options else "")
            for d in self.devices
        )
        self.config.write_text(
            f'[box]\nid = "b"\nsite = "s"\nstate_dir = "{self.state}"\n[broker]\nhost = "127.0.0.1"\n{blocks}', encoding="utf-8"
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, output, complaints."""
        self._capsys.readouterr()
        status = main(["devices", "--config", str(self.config), *arguments])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def items(self, *arguments: str) -> list[dict[str, object]]:
        status, out, err = self.run("--json", *arguments)
        assert status == 0, err
        return [json.loads(line) for line in out.splitlines()]

    @contextmanager
    def agent(self, *ids: str) -> Iterator[Devices]:
        """The part of an agent that holds devices, in a thread of its own."""
        ready, loop = threading.Event(), asyncio.new_event_loop()
        configs = [each for each in self.devices if each.id in ids]
        devices = Devices(configs, lambda _: None, SystemClock(), Random(1), KnownDevices(self.state), FakePorts())
        lock = StateLock(self.state)

        async def serve() -> None:
            tasks = [
                asyncio.create_task(part.run())
                for part in (devices, Ear(self.state, Verbs(configs, devices, None, is_running=True)))
            ]
            await asyncio.sleep(0)
            loop.call_soon(ready.set)
            await stopped.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        stopped = asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(10)
            yield devices
        finally:
            loop.call_soon_threadsafe(stopped.set)
            thread.join(10)
            loop.close()
            lock.release()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class FakePorts:
    """What stands at each address that is looked at."""

    identity: Identity | None = ONE

    def all(self) -> list[Seen]:
        return []

    def at(self, address: Address) -> Seen | None:
        return None if self.identity is None else Seen(node=address.where, subsystem="tty", sys_path="/x", identity=self.identity)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


@contextmanager
def emulated(shop: Shop, protocol: str, link: str) -> Iterator[RunningEmulator]:
    with running_emulator(protocol, pty=shop.folder / link) as emulator:
        yield emulator


@pytest.fixture(params=["alone", "agent"])
def place(request: pytest.FixtureRequest) -> str:
    """Every verb does the same with a running agent and without."""
    return str(request.param)


@contextmanager
def with_or_without(shop: Shop, place: str, device: str) -> Iterator[None]:
    if place == "alone":
        yield
        return
    with shop.agent(device):
        yield


class TestBothWays:
    def test_a_scale_is_read(self, shop: Shop, place: str) -> None:
        with emulated(shop, "toledo_8217", "scale") as scale, with_or_without(shop, place, "scale"):
            scale.tell("put", grams="1234")
            (item,) = shop.items("read-weight", "scale")
            assert (item["grams"], item["stable"], item["legal"]) == ("1234.000", True, True)
            assert "1234.000 g (stable)" in shop.run("read-weight", "scale")[1]

    def test_a_receipt_is_printed_and_its_proof_told(self, shop: Shop, place: str) -> None:
        with emulated(shop, "escpos", "till") as till, with_or_without(shop, place, "till"):
            (item,) = shop.items("test-print", "till")
            assert item["proof"] == "confirmed"
            assert any(each["event"] == "paper" for each in till.tell("tear"))

    def test_a_label_is_printed_in_its_size(self, shop: Shop, place: str) -> None:
        with emulated(shop, "zpl", "labels"), with_or_without(shop, place, "labels"):
            assert shop.items("test-print", "labels", "--size", "60x40")[0]["proof"] in ("confirmed", "status_ok")

    def test_the_command_sheet_is_printed(self, shop: Shop, place: str) -> None:
        with emulated(shop, "escpos", "till") as till, with_or_without(shop, place, "till"):
            assert [item["proof"] for item in shop.items("command-sheet", "till")] == ["confirmed"]
            assert any(each["event"] == "paper" for each in till.tell("tear"))

    def test_a_printer_without_paper_says_so_and_prints_nothing(self, shop: Shop, place: str) -> None:
        with emulated(shop, "escpos", "till") as till:
            till.fault("paper_out")
            with with_or_without(shop, place, "till"):
                status, _, err = shop.run("test-print", "till")
            assert status == 1
            assert "Load a roll" in err

    def test_a_text_is_shown(self, shop: Shop, place: str) -> None:
        with emulated(shop, "line_display", "display") as display, with_or_without(shop, place, "display"):
            shop.items("show", "display", "Milk 1 L", "1.29")
            reports = display.tell("size", rows=2, columns=20)
            assert "Milk 1 L" in str([*reports])

    def test_what_passed_is_recorded_in_a_file_of_its_own(self, shop: Shop, place: str) -> None:
        out = shop.folder / "scale.jsonl"
        with emulated(shop, "toledo_8217", "scale"), with_or_without(shop, place, "scale"):
            out.touch(0o644)
            assert "holds what was scanned" in shop.run("record", "scale", "--for", "0.6", "-o", str(out))[1]
        recording = load_recording(out.read_text(encoding="utf-8"))
        assert b"W" in [each.what for each in recording.entries]
        assert recording.begins_open
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        status, source, err = shop.run("replay", str(out), "--as-test")
        assert status == 0, err
        assert "def test_scale_as_recorded" in source

    def test_a_device_that_is_not_there_is_told_with_what_to_do(self, shop: Shop, place: str) -> None:
        with with_or_without(shop, place, "scale"):
            status, _, err = shop.run("read-weight", "scale")
        assert status == 1
        assert "plug the device in" in err


class TestWithAnAgent:
    def test_the_list_says_how_each_is_and_which_it_is(self, shop: Shop) -> None:
        with emulated(shop, "scanner", "gun"), shop.agent("gun", "scale") as devices:
            until(lambda: devices.is_told("gun") and devices.is_told("scale"))
            gun, scale = shop.items("list")[:2]
            assert (gun["state"], gun["identity"]) == ("ready", str(ONE))
            assert scale["state"] == "absent"
            assert "plug the device in" in str(scale["faults"])
            text = shop.run("list")[1]
            assert "gun" in text
            assert "serial number A1" in text

    def test_scans_are_heard_as_they_come(self, shop: Shop) -> None:
        with emulated(shop, "scanner", "gun") as gun, shop.agent("gun") as devices:
            until(lambda: devices.is_told("gun"))
            scan = threading.Timer(0.3, lambda: gun.tell("scan", text="4006381333931", aim="]E0"))
            scan.start()
            items = shop.items("listen", "gun", "--for", "1")
            scan.join()
        assert items[0]["event"] == "state"
        assert [each["gtin"] for each in items if each["event"] == "scan"] == ["04006381333931"]

    def test_another_device_is_confirmed(self, shop: Shop) -> None:
        KnownDevices(shop.state).sees("gun", OTHER)
        with emulated(shop, "scanner", "gun"), shop.agent("gun") as devices:
            until(lambda: devices.is_told("gun"))
            (listed,) = [each for each in shop.items("list") if each.get("device") == "gun"]
            assert listed["other"] == str(ONE)
            assert "confirm gun" in shop.run("list")[1]
            assert shop.items("confirm", "gun") == [{"confirmed": str(ONE)}]
            until(lambda: devices.state("gun").state == "ready")

    def test_the_socket_is_for_the_agent_s_own_and_goes_with_it(self, shop: Shop) -> None:
        with shop.agent():
            assert stat.S_IMODE((shop.state / FILE).stat().st_mode) == 0o660
        assert not (shop.state / FILE).exists()

    def test_a_dead_agent_s_socket_is_no_agent_and_is_replaced(self, shop: Shop) -> None:
        with shop.agent():
            pass
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(shop.state / FILE))
        items = shop.items("list")
        assert items[0]["state"] == "not in use"
        assert str(items[-1]["note"]).startswith("The agent does not run")
        with shop.agent("gun"):
            assert shop.items("list")[0]["state"] != "not in use"

    def test_an_agent_that_does_not_answer_is_told_from_none(self, shop: Shop) -> None:
        lock = StateLock(shop.state)
        try:
            status, _, err = shop.run("read-weight", "scale")
        finally:
            lock.release()
        assert status == 1
        assert "does not answer" in err

    @pytest.mark.parametrize("asked", [{"width": 1_000_000}, {"height": -1}, {"seconds": 1e300}, {"seconds": -1.0}])
    async def test_what_is_asked_for_has_bounds(self, asked: dict[str, Any]) -> None:
        verbs = Verbs([], Devices([], lambda _: None, SystemClock(), Random(1)), None, is_running=True)
        with pytest.raises(CannotDo, match="not possible"):
            await anext(verbs.do(Request(do="test-print", **asked)))

    @pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"do": 1}', b"\xff\n", b"x" * 70_000, b'{"do": "dance"}\n', b"\n" * 10])
    async def test_nonsense_is_refused_and_the_agent_goes_on(self, shop: Shop, line: bytes) -> None:
        devices = Devices([], lambda _: None, SystemClock(), Random(1))
        ear = asyncio.create_task(Ear(shop.state, Verbs([], devices, None, is_running=True)).run())
        while not (shop.state / FILE).exists():
            await asyncio.sleep(0.01)
        for sent in (line, b'{"do": "list"}\n'):
            reader, writer = await asyncio.open_unix_connection(shop.state / FILE)
            writer.write(sent)
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 15)
            writer.close()
        assert b'"end":true' in answer
        ear.cancel()
        await asyncio.gather(ear, return_exceptions=True)


class TestAlone:
    def test_the_list_opens_nothing(self, shop: Shop) -> None:
        with emulated(shop, "scanner", "gun"):
            assert [each["state"] for each in shop.items("list") if "device" in each] == ["not in use"] * 5

    def test_it_leaves_no_state_where_there_was_none(self, shop: Shop) -> None:
        shop.state.rmdir()
        shop.items("list")
        assert not shop.state.exists()

    def test_a_device_that_is_not_configured_is_told_with_those_that_are(self, shop: Shop) -> None:
        status, _, err = shop.run("read-weight", "sclae")
        assert status == 1
        assert "gun, scale" in err

    def test_a_verb_for_another_kind_says_what_it_is(self, shop: Shop) -> None:
        for verb, device in (("read-weight", "gun"), ("test-print", "scale")):
            status, _, err = shop.run(verb, device)
            assert (status, "it is a" in err) == (1, True)
        assert shop.run("show", "gun", "x")[0] == 1

    def test_a_wrong_configuration_is_told(self, shop: Shop) -> None:
        shop.config.write_text("[box]\n", encoding="utf-8")
        assert shop.run("list")[0] == 2
        shop.config.unlink()
        assert shop.run("list")[0] == 2

    @pytest.mark.parametrize("size", ["0x0", "axb", "50", "1000x20", "-5x20"])
    def test_a_size_that_is_none_is_refused(self, shop: Shop, size: str) -> None:
        with pytest.raises(SystemExit) as ended:
            shop.run("test-print", "labels", "--size", size)
        assert ended.value.code == 2

    def test_the_command_sheet_is_a_label_for_each_command_or_a_page(self, shop: Shop) -> None:
        with emulated(shop, "zpl", "labels"):
            items = shop.items("command-sheet", "labels", "--size", "60x30")
        assert len(items) == len(Command)
        page = shop.folder / "commands.html"
        assert shop.run("command-sheet", "-o", str(page), "--language", "zh-CN")[0] == 0
        assert "SHELFXUNDO" in page.read_text(encoding="utf-8")

    @pytest.mark.parametrize("asked", [[], ["-o", "commands.pdf"], ["-o", "/nonexistent/a.html"], ["gun"]])
    def test_a_command_sheet_needs_a_printer_or_a_page(self, shop: Shop, asked: list[str]) -> None:
        status, _, err = shop.run("command-sheet", *asked)
        assert (status, bool(err)) == (1, True)

    async def test_what_root_would_do_is_done_alone_with_its_udev(self, shop: Shop) -> None:
        items = [item async for item in alone.do_alone(load_config(shop.config), Request(do="confirm", device="gun"), FakePorts())]
        assert items == [{"confirmed": str(ONE)}]
        assert KnownDevices(shop.state).of("gun").identity == ONE


class TestFiles:
    @pytest.mark.parametrize("name", ["sheet.pdf", "sheet.png"])
    def test_the_calibration_sheet(self, shop: Shop, name: str) -> None:
        assert shop.run("calibration", "-o", str(shop.folder / name))[0] == 0
        assert (shop.folder / name).stat().st_size > 1000

    def test_both_symbols_of_the_sheet_are_the_calibration_text(self, shop: Shop) -> None:
        shop.run("calibration", "-o", str(shop.folder / "sheet.png"))
        with Image.open(shop.folder / "sheet.png") as image:
            read = zxingcpp.read_barcodes(image)
        assert sorted((each.text, each.symbology_identifier) for each in read) == [
            (CALIBRATION_ELEMENTS, "]C1"),
            (CALIBRATION_ELEMENTS, "]d2"),
        ]

    @pytest.mark.parametrize("out", ["sheet.gif", "nowhere/sheet.png"])
    def test_a_sheet_that_cannot_be_written_says_so(self, shop: Shop, out: str) -> None:
        status, _, err = shop.run("calibration", "-o", str(shop.folder / out))
        assert status == 1
        assert out in err

    def test_a_file_that_is_no_recording_says_so(self, shop: Shop) -> None:
        for place in (["--as-test"], ["--tcp", "0"]):
            status, _, err = shop.run("replay", str(shop.config), *place)
            assert status == 1
            assert "recording" in err

    def test_a_device_file_that_is_not_there_has_no_rule(self, shop: Shop) -> None:
        status, _, err = shop.run("rule", "/dev/nothing-here")
        assert status == 1
        assert "no device" in err or "libudev" in err

    def test_every_verb_explains_itself(self, capsys: pytest.CaptureFixture[str]) -> None:
        for verb in command._VERBS:
            with pytest.raises(SystemExit):
                main(["devices", verb, "--help"])
        assert capsys.readouterr().out.count("usage:") == len(command._VERBS)
