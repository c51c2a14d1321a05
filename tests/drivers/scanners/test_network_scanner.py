"""A scanner on the network: `scanner.serial` on a TCP address, its emulator as the process it is."""

from __future__ import annotations

import pytest

from drivers.devices import Scanner, Symbol
from drivers.errors import DeviceUnavailable, ProtocolViolation
from drivers.registry import OpenDevice, open_device
from drivers.scanners.calibration import CALIBRATION_TEXT
from drivers.scanners.serial_scanner import SerialScanner
from tests.drivers.running import RunningEmulator, running_emulator

TEA = Symbol(b"4006381333931", "]E0")


def scanner_at(emulator: RunningEmulator, options: dict[str, object] | None = None) -> tuple[OpenDevice, SerialScanner]:
    device = open_device("scanner.serial", emulator.address, options)
    assert isinstance(device.driver, SerialScanner)
    assert device.driver.read_symbol(0.02) is None  # the emulator has taken the connection by now
    return device, device.driver


def wait_for(scanner: Scanner) -> Symbol | None:
    return next((symbol for _ in range(5) if (symbol := scanner.read_symbol(1.0)) is not None), None)


def test_scans_arrive_over_tcp_and_after_a_reconnect() -> None:
    with running_emulator("scanner") as emulator:
        device, scanner = scanner_at(emulator)
        emulator.tell("scan", text="4006381333931", aim="]E0")
        assert wait_for(scanner) == TEA
        emulator.fault("unplug")
        with pytest.raises(DeviceUnavailable):
            wait_for(scanner)
        device.close()
        with pytest.raises(DeviceUnavailable):
            open_device("scanner.serial", emulator.address)
        emulator.fault("unplug", on=False)
        device, scanner = scanner_at(emulator)
        emulator.tell("scan", text="4006381333931", aim="]E0")
        assert wait_for(scanner) == TEA
        device.close()


@pytest.mark.parametrize("fault", ["split", "slow"])
def test_scans_in_pieces_are_whole(fault: str) -> None:
    with running_emulator("scanner") as emulator:
        device, scanner = scanner_at(emulator)
        emulator.fault(fault)
        emulator.tell("scan", text="96385074", aim="]E4")
        assert wait_for(scanner) == Symbol(b"96385074", "]E4")
        device.close()


def test_a_scan_cut_off_by_the_network_is_no_code() -> None:
    with running_emulator("scanner") as emulator:
        emulator.tell("configure", suffix="")
        device, scanner = scanner_at(emulator)
        emulator.tell("scan", text="40063813", aim="]E0")
        with pytest.raises(ProtocolViolation, match="suffix"):
            wait_for(scanner)
        device.close()


def test_two_scanners_at_once_beep_and_calibrate_each_for_itself() -> None:
    with running_emulator("scanner") as one, running_emulator("scanner") as two:
        two.tell("configure", prefix="\x02", suffix="\x03")
        (first, beeping), (second, learning) = scanner_at(one, {"beeps_on_bel": True}), scanner_at(two)
        two.tell("scan", text=CALIBRATION_TEXT, aim="]C1")
        one.tell("scan", text="4006381333931", aim="]E0")
        assert wait_for(beeping) == TEA
        beeping.signal(good=True)
        assert one.next_report() == {"event": "beeped", "times": 1}
        learned = None
        while learned is None:
            assert learning.read_symbol(1.0) is None
            learned = learning.take_learned()
        assert learned == {"framing": "suffix", "prefix": "\x02", "suffix": "\x03", "gs": "", "sends_aim": True}
        first.close()
        second.close()
