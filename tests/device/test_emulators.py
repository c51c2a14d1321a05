"""Our own USB/IP devices (`python -m drivers.emulators … --usbip`) in a real kernel: found, suggested, used, pulled, back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from drivers.devices import PrinterStatus, PrintProof, Readiness, Symbol, Weight
from drivers.errors import DeviceUnavailable
from tests.device.guest import PYTHON, Guest, Held
from tests.drivers.running import RunningEmulator, running_emulator

_SUGGEST = """
import json
from drivers.discovery import candidates
from drivers.udev import Udev
print(json.dumps([[list(each.models), each.identity.name, each.identity.serial] for each in candidates(Udev().all())]))
"""
LINKS = {"hid_scale": "hidraw", "hidpos": "hidraw", "wedge": "kbd"}
CODE = "4006381333931"
RAW = "/dev/shelfwire/by-port/*-hidraw"


@contextmanager
def plugged(guest: Guest, protocol: str, *more: str) -> Iterator[tuple[RunningEmulator, int, str]]:
    """The emulator, the socket of the guest that it is in, and the link by its port."""
    socket, port = next(iter(guest.sockets.items()))
    with running_emulator(protocol, "--usbip", str(port), *more) as emulator:
        guest.attach(socket)
        yield emulator, socket, guest.node(f"/dev/shelfwire/by-port/*-{LINKS.get(protocol, 'lp')}")
    guest.unplug_all()


def suggested(guest: Guest) -> list[list[object]]:
    found: list[list[object]] = json.loads(guest.shell(f"udevadm settle; {PYTHON} -c '{_SUGGEST}'"))
    return found


@pytest.mark.parametrize(
    ("protocol", "models"),
    [
        ("hid_scale", ["hid.scale"]),
        ("hidpos", ["scanner.hidpos"]),
        ("wedge", ["scanner.wedge"]),
        ("escpos", ["escpos"]),
        ("star", ["star.line"]),
        ("zpl", ["zpl"]),
        ("tspl", ["tspl"]),
        ("epl2", ["epl2"]),
    ],
)
def test_each_is_found_with_its_serial_number_and_its_model_is_suggested(guest: Guest, protocol: str, models: list[str]) -> None:
    with plugged(guest, protocol, "--usb-serial", "SN77"):
        assert [(each[0], each[2]) for each in suggested(guest) if each[2] == "SN77"] == [(models, "SN77")]


def test_a_hid_scale_weighs_is_pulled_and_weighs_again(guest: Guest) -> None:
    with plugged(guest, "hid_scale") as (emulator, socket, path):
        with guest.held("hid.scale", f"hidraw:{path}") as held:
            assert weighed(emulator, held, 1234) == 1234
            emulator.fault("unplug")
            with pytest.raises(DeviceUnavailable):
                for _ in range(10):  # the kernel still has reports from before
                    held.maybe(Weight, "read_weight")
        guest.wait_for(f"[ ! -e {path} ]")
        emulator.fault("unplug", on=False)
        guest.attach(socket)
        with guest.held("hid.scale", f"hidraw:{guest.node(path)}") as held:
            assert weighed(emulator, held, 500) == 500


def test_two_identical_scales_are_kept_apart(guest: Guest) -> None:
    (first_socket, first_port), (second_socket, second_port) = guest.sockets.items()
    with running_emulator("hid_scale", "--usbip", str(first_port)) as one:
        with running_emulator("hid_scale", "--usbip", str(second_port)) as two:
            guest.attach(first_socket)
            first = guest.node(RAW)
            guest.attach(second_socket)
            guest.wait_for(f"[ $(ls {RAW} | wc -l) = 2 ]")
            (second,) = set(guest.shell(f"udevadm settle; ls {RAW}").split()) - {first}
            with guest.held("hid.scale", f"hidraw:{first}") as here, guest.held("hid.scale", f"hidraw:{second}") as there:
                assert weighed(one, here, 1111) == 1111
                assert weighed(two, there, 2222) == 2222
        guest.wait_for(f"[ ! -e {second} ]")
        guest.shell(f"test -e {first}")
    guest.unplug_all()


def weighed(emulator: RunningEmulator, held: Held, grams: int) -> Decimal | None:
    """The first legal weight; what is reported while nobody reads is lost, so it is put there again."""
    for _ in range(10):
        emulator.tell("put", grams=str(grams))
        for _ in range(3):
            weight = held.maybe(Weight, "read_weight")
            if weight is not None and weight.is_legal:
                return weight.grams
        emulator.tell("remove")
    return None


def test_a_hid_pos_scanner_scans_and_sounds_the_box_s_answer(guest: Guest) -> None:
    with plugged(guest, "hidpos") as (emulator, _, path), guest.held("scanner.hidpos", f"hidraw:{path}") as held:
        for text, aim in ((CODE, "]E0"), ("A" * 150, "]d2")):
            held.start("call", method="read_symbol", arguments={"timeout": 10})
            emulator.tell("scan", text=text, aim=aim)
            assert held.finish_maybe(Symbol) == Symbol(text.encode(), aim)
        held.call(object, "signal", good=True)
        assert emulator.next_report() == {"event": "beeped", "times": 1}


def test_a_wedge_types_its_scan_through_the_kernels_keyboard(guest: Guest) -> None:
    with plugged(guest, "wedge") as (emulator, _, path), guest.held("scanner.wedge", f"evdev:{path}") as held:
        assert held.call(object, "read_symbol", timeout=0.5) is None
        held.start("call", method="read_symbol", arguments={"timeout": 20})
        emulator.tell("scan", text="ABC-123xyz")
        assert held.finish_maybe(Symbol) == Symbol(b"ABC-123xyz")


@pytest.mark.parametrize(("model", "address"), [("escpos", "file:{}"), ("zpl", "file:{}"), ("escpos", "usb:04b8:0e15:SN77")])
def test_a_printer_prints_and_tells_its_faults_through_usblp_and_libusb(guest: Guest, model: str, address: str) -> None:
    with (
        plugged(guest, model, "--usb-serial", "SN77") as (emulator, _, path),
        guest.held(model, address.format(path)) as held,
    ):
        assert held.call(PrinterStatus, "status").readiness is Readiness.OK
        held.ask(bytes, "encode", lines=["A-1"])
        held.ask(object, "send")
        assert held.ask(PrintProof, "prove", timeout=10.0) is PrintProof.CONFIRMED
        assert emulator.next_report()["event"] == "paper"
        emulator.fault("paper_out")
        assert "paper_out" in held.call(PrinterStatus, "status").faults
