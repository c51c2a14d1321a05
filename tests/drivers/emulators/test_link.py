"""Drivers against emulators in processes of their own, over a real pty and a real TCP connection."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from drivers.devices import Scale, Scanner, Symbol, Weight
from drivers.errors import DeviceFault, DeviceTimeout, DeviceUnavailable
from drivers.registry import open_device
from drivers.scales.toledo_8217 import Toledo8217
from drivers.transports.opening import open_transport
from tests.drivers.running import RunningEmulator, running_emulator

KG = {"unit": "kg"}


@pytest.fixture(params=["pty", "tcp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "device" if request.param == "pty" else None


@pytest.fixture
def scale(place: Path | None) -> Iterator[RunningEmulator]:
    with running_emulator("toledo_8217", pty=place) as emulator:
        yield emulator


@pytest.fixture
def scanner(place: Path | None) -> Iterator[RunningEmulator]:
    with running_emulator("scanner", pty=place) as emulator:
        yield emulator


@pytest.fixture
def driver(scale: RunningEmulator) -> Iterator[Toledo8217]:
    with closing(open_device("toledo.8217", scale.address, KG)) as device:
        assert isinstance(device.driver, Toledo8217)
        yield device.driver


def _read(driver: Scale) -> Weight:
    weight = driver.read_weight()
    assert weight is not None
    return weight


def test_what_lies_on_the_scale_is_what_the_driver_reads(scale: RunningEmulator, driver: Toledo8217) -> None:
    assert _read(driver).grams == 0
    assert scale.tell("put", grams="1234", id=7) == [
        {"event": "platter", "grams": "1234"},
        {"event": "done", "do": "put", "id": 7},
    ]
    assert _read(driver) == Weight(Decimal(1234), stable=True, raw=b"\x0201.234\r")
    scale.fault("motion")
    assert not _read(driver).stable
    scale.fault("motion", on=False)
    scale.tell("put", grams="16000")
    with pytest.raises(DeviceFault, match="take some off"):
        driver.read_weight()
    scale.tell("remove")
    assert _read(driver).grams == 0


def test_zero_and_tare_on_the_scale(scale: RunningEmulator, driver: Toledo8217) -> None:
    scale.tell("put", grams="200")
    driver.tare()
    scale.tell("put", grams="1234")
    assert _read(driver) == Weight(Decimal(1034), stable=True, raw=b"\x0201.034N\r", is_net=True)
    scale.tell("remove")
    with pytest.raises(DeviceFault, match="less than zero"):
        driver.read_weight()
    driver.clear_tare()
    scale.tell("put", grams="30")
    driver.zero()
    assert _read(driver).grams == 0


def test_a_scale_that_says_a_weight_once_says_nothing_new_then(scale: RunningEmulator, driver: Toledo8217) -> None:
    scale.fault("once")
    scale.tell("put", grams="500")
    assert _read(driver).grams == 500
    assert driver.read_weight() is None


@pytest.mark.parametrize("fault", ["split", "slow", "garbage"])
def test_bad_lines_give_the_right_weight(scale: RunningEmulator, driver: Toledo8217, fault: str) -> None:
    scale.tell("put", grams="1234")
    scale.fault(fault)
    assert _read(driver).grams == 1234


@pytest.mark.parametrize("fault", ["silence", "mute"])
def test_a_silent_scale_is_a_timeout_and_then_fine_again(scale: RunningEmulator, driver: Toledo8217, fault: str) -> None:
    scale.fault(fault)
    with pytest.raises(DeviceTimeout):
        driver.read_weight()
    scale.fault(fault, on=False)
    assert _read(driver).grams == 0


def test_unplugged_and_plugged_in_again(scale: RunningEmulator, driver: Toledo8217) -> None:
    scale.fault("unplug")
    with pytest.raises(DeviceUnavailable):
        driver.read_weight()
    with pytest.raises(DeviceUnavailable):
        open_device("toledo.8217", scale.address, KG)
    assert scale.tell("fault", name="unplug", on=False)[0] == {"event": "ready", "address": scale.address}
    with closing(open_device("toledo.8217", scale.address, KG)) as device:
        assert isinstance(device.driver, Toledo8217)
        assert _read(device.driver).grams == 0


def test_scans_arrive_as_the_scanner_read_them(scanner: RunningEmulator) -> None:
    with closing(open_device("scanner.serial", scanner.address)) as device:
        assert isinstance(device.driver, Scanner)
        assert device.driver.read_symbol(0.01) is None
        scanner.tell("scan", text="4006381333931", aim="]E0")
        scanner.tell("scan", text="10ABC\x1d17270101", aim="]C1")
        scanner.fault("split")
        scanner.tell("scan", text="SHELFXCOUNT")
        assert [device.driver.read_symbol(1.0) for _ in range(3)] == [
            Symbol(b"4006381333931", "]E0"),
            Symbol(b"10ABC\x1d17270101", "]C1"),
            Symbol(b"SHELFXCOUNT"),
        ]


def test_the_scanner_beeps_when_it_is_told(scanner: RunningEmulator) -> None:
    with closing(open_transport(scanner.address)) as transport:
        transport.write(b"\x07")
        assert scanner.next_report() == {"event": "beeped", "times": 1}


def test_wrong_commands_are_refused_and_harm_nothing(scanner: RunningEmulator) -> None:
    wrong: list[dict[str, object]] = [
        {"do": "dance"},
        {"do": "scan"},
        {"do": "scan", "raw_b64": "?"},
        {"do": "scan", "text": "\ud800"},
        {"do": "\ud800"},
        {"do": ["scan"]},
        {"do": "fault", "name": "unplug", "on": "yes"},
        {"do": "fault", "name": {}},
    ]
    for command in wrong:
        refused = scanner.tell(**command)[-1]  # type: ignore[arg-type]  # wrong on purpose
        assert refused["event"] == "refused", command
        assert refused["message"]
    assert scanner.tell("scan", text="1")[-1]["event"] == "done"


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'"', b"[" * 100_000])
def test_lines_that_are_no_commands_are_refused_and_harm_nothing(line: bytes) -> None:
    with running_emulator("scanner") as emulator:
        assert emulator.process.stdin is not None
        emulator.process.stdin.write(line + b"\n\n")
        emulator.process.stdin.flush()
        assert emulator.next_report()["event"] == "refused"
        assert emulator.tell("scan", text="1")[-1]["event"] == "done"


def test_a_terminated_emulator_removes_its_link(tmp_path: Path) -> None:
    link = tmp_path / "scanner"
    with running_emulator("scanner", pty=link) as emulator:
        emulator.process.send_signal(signal.SIGTERM)
        assert emulator.process.wait(10) == 0
        assert not link.is_symlink()


def test_a_place_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    with running_emulator("scanner") as emulator:
        taken = emulator.address.rpartition(":")[2]
        for place in (("--tcp", taken), ("--pty", str(tmp_path / "no" / "folder"))):
            command = [sys.executable, "-m", "drivers.emulators", "scanner", *place]
            done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=10)
            assert done.returncode == 1
            assert b"cannot be plugged in" in done.stderr
            assert b"Traceback" not in done.stderr


def test_a_device_that_talks_by_itself_talks_without_being_asked(place: Path | None) -> None:
    with running_emulator("cas_stream", pty=place) as emulator, closing(open_transport(emulator.address)) as transport:
        emulator.tell("configure", every_ms=20)
        lines = [transport.read_until(b"\r\n", 1.0) for _ in range(5)]
        assert lines[1:] == [b"ST,GS,1\xc5,0000.000 kg\r\n"] * 4
        emulator.tell("configure", every_ms=0)
        transport.discard_input()
        assert emulator.tell("put", grams="5")[-1]["event"] == "done"
        assert transport.read(1, 0.1) == b""


def test_a_slow_line_loses_what_a_device_says_too_fast(tmp_path: Path) -> None:
    with running_emulator("cas_stream", pty=tmp_path / "scale") as emulator, closing(open_transport(emulator.address)) as transport:
        emulator.fault("slow")  # 20 bytes a second
        emulator.tell("configure", every_ms=5)
        transport.read_until(b"\n", 2.0)
        emulator.tell("put", grams="5000")
        emulator.fault("slow", on=False)
        lines = [transport.read_until(b"\n", 2.0) for _ in range(10)]  # the last slow ones, and no more
        assert b"0005.000" in lines[-1]


def test_two_devices_at_once_do_not_mix(tmp_path: Path) -> None:
    with running_emulator("toledo_8217", pty=tmp_path / "one") as one, running_emulator("toledo_8217", pty=tmp_path / "two") as two:
        one.tell("put", grams="100")
        two.tell("put", grams="200")
        with (
            closing(open_device("toledo.8217", one.address, KG)) as first,
            closing(open_device("toledo.8217", two.address, KG)) as second,
        ):
            assert isinstance(first.driver, Toledo8217)
            assert isinstance(second.driver, Toledo8217)
            one.fault("silence")
            assert _read(second.driver).grams == 200
            one.fault("silence", on=False)
            assert _read(first.driver).grams == 100
