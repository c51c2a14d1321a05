"""USB devices by USB/IP: known as a kernel gets to know them, then used by our own drivers."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices import KeyEvent, PrintProof, Symbol
from drivers.discovery import languages_of
from drivers.emulators.emulator import BadCommand, Command, make_emulator
from drivers.emulators.hid_keyboard import DESCRIPTOR, USAGE_OF_KEY
from drivers.emulators.usbip_device import UsbDevice
from drivers.emulators.usbip_messages import NoUsbip, take_ask, take_transfer
from drivers.emulators.usbip_shapes import SHAPES
from drivers.errors import DeviceUnavailable
from drivers.hid_descriptor import parse_descriptor
from drivers.registry import find
from drivers.scanners.keystrokes import WedgeDecoder
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.strokes import CapsLock
from drivers.transports.buffered import Buffered
from tests.drivers.every import encoded
from tests.drivers.running import RunningEmulator, running_emulator
from tests.drivers.usbip_host import Listed, UsbHost, connect, listed

MODELS = {
    "escpos": ("escpos", {}),
    "star": ("star.line", {}),
    "zpl": ("zpl", {}),
    "epl2": ("epl2", {}),
    "tspl": ("tspl", {}),
    "brother_ql": ("brother.ql", {"media": "62"}),
    "brother_pt": ("brother.pt", {"media": "24"}),
}
LONG = "0109506000134352" + "10" + "A" * 20 + "\x1d" + "21" + "B" * 60


def port_of(emulator: RunningEmulator) -> int:
    return int(emulator.address.removeprefix("usbip:127.0.0.1:").removesuffix("/1-1"))


@contextmanager
def attached(protocol: str, *more: str) -> Iterator[tuple[RunningEmulator, UsbHost]]:
    with running_emulator(protocol, "--usbip", "0", *more) as emulator, closing(UsbHost(port_of(emulator))) as host:
        assert host.refusal == 0
        yield emulator, host


def reports(host: UsbHost, count: int) -> list[bytes]:
    return [host.read_report(5.0) for _ in range(count)]


# --- getting to know it ---------------------------------------------------------------------------------------------------------


def test_the_list_tells_its_ids_and_one_host_at_a_time_has_it() -> None:
    with running_emulator("wedge", "--usbip", "0", "--usb-ids", "0c2e:0901", "--usb-serial", "S1") as emulator:
        port = port_of(emulator)
        assert listed(port) == [Listed("1-1", 2, 0x0C2E, 0x0901, 1)]
        with closing(UsbHost(port, "1-2")) as other:
            assert other.refusal == 1
        with closing(UsbHost(port)) as host:
            assert host.device == Listed("1-1", 2, 0x0C2E, 0x0901, 1)
            assert [host.text(index) for index in (1, 2, 3)] == ["Symbol", "Bar code scanner", "S1"]
            with closing(UsbHost(port)) as other:
                assert other.refusal == 2


@pytest.mark.parametrize("protocol", SHAPES)
def test_its_descriptors_are_whole_and_agree(protocol: str) -> None:
    shape, device = SHAPES[protocol], UsbDevice(SHAPES[protocol])
    told = device.control(struct.pack("<BBHHH", 0x80, 6, 0x0100, 0, 18), b"")
    assert told is not None
    assert struct.unpack("<BBH4B3H4B", told)[8:10] == (shape.product, shape.release)
    configuration = device.control(struct.pack("<BBHHH", 0x80, 6, 0x0200, 0, 255), b"")
    assert configuration is not None
    assert struct.unpack_from("<H", configuration, 2)[0] == len(configuration)
    parts, rest = [], configuration
    while rest:
        parts.append(rest[: rest[0]])
        rest = rest[rest[0] :]
    assert [part[1] for part in parts] == ([2, 4, 0x21, 5] if shape.is_hid else [2, 4, 5, 5])
    assert parts[1][4] == len([part for part in parts if part[1] == 5])
    assert tuple(parts[1][5:8]) == shape.interface
    if shape.is_hid:
        assert struct.unpack_from("<H", parts[2], 7)[0] == len(shape.report_descriptor)
        assert parse_descriptor(shape.report_descriptor).applications
    assert device.control(struct.pack("<BBHHH", 0xC0, 77, 0, 0, 1), b"") is None


@pytest.mark.parametrize(("protocol", "model"), [(protocol, model) for protocol, (model, _) in MODELS.items()])
def test_a_printer_says_what_it_speaks_so_that_its_model_is_suggested(protocol: str, model: str) -> None:
    device = UsbDevice(SHAPES[protocol])
    told = device.control(struct.pack("<BBHHH", 0xA1, 0, 0, 0, 1023), b"") or b""
    assert struct.unpack(">H", told[:2])[0] == len(told)
    assert model in languages_of(told[2:].decode())
    assert device.control(struct.pack("<BBHHH", 0xA1, 1, 0, 0, 1), b"") == b"\x18"


def test_what_is_no_usb_device_and_what_is_only_one_are_refused_with_a_sentence() -> None:
    for arguments, words in (
        (["toledo_8217", "--usbip", "0"], "no USB device here; there are: brother_pt, "),
        (["wedge", "--tcp", "0"], "use --usbip PORT"),
        (["wedge", "--usbip", "0", "--usb-ids", "cafe"], "such as 05e0:1200"),
    ):
        done = subprocess.run([sys.executable, "-m", "drivers.emulators", *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr


# --- printers -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", MODELS)
def test_a_printer_prints_and_proves_over_its_bulk_endpoints(protocol: str) -> None:
    model, options = MODELS[protocol]
    with attached(protocol) as (emulator, host):
        assert host.control_out(0x00, 9, 1)
        printer: Any = find(model).build(Buffered(host, protocol), options)
        assert printer.status().readiness == "ok"
        document = encoded(printer)
        printer.send(document)
        assert printer.prove(document, 5.0) in (PrintProof.CONFIRMED, PrintProof.STATUS_OK)
        assert emulator.next_report()["event"] == "paper"
        fault = "cover_open" if "cover_open" in printer_faults(emulator) else "paper_out"
        emulator.fault(fault)
        assert printer.status().readiness == "fault"


def printer_faults(emulator: RunningEmulator) -> str:
    return str(emulator.tell("fault", name="none of its")[-1]["message"])


def test_a_printer_pulled_out_is_gone_and_is_there_again_when_it_is_plugged_in() -> None:
    with running_emulator("escpos", "--usbip", "0") as emulator:
        port = port_of(emulator)
        with closing(UsbHost(port)) as host:
            host.send(b"\x10\x04\x01")
            assert host.receive(5.0) == b"\x12"
            emulator.fault("unplug")
            with pytest.raises(DeviceUnavailable):
                host.send(b"\x10\x04\x01")
                host.receive(5.0)
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        assert emulator.tell("fault", name="unplug", on=False)[0] == {"event": "ready", "address": f"usbip:127.0.0.1:{port}/1-1"}
        with closing(UsbHost(port)) as host:
            host.send(b"\x10\x04\x01")
            assert host.receive(5.0) == b"\x12"


def test_a_host_gets_nothing_of_what_another_one_left_behind() -> None:
    with running_emulator("escpos", "--usbip", "0") as emulator:
        with closing(UsbHost(port_of(emulator))) as host:
            assert host.receive(0.01) == b""
            host.send(b"\x10\x04\x01")
            host.send(b"\x10\x04\x01")
            host._peer.sendall(struct.pack(">5I", 1, 99, 0, 0, 0))
        with closing(UsbHost(port_of(emulator))) as host:
            assert host.text(2) == "TM-T20II"
            assert host.receive(0.1) == b""


def test_unplugging_ends_every_connection() -> None:
    with running_emulator("escpos", "--usbip", "0") as emulator, connect(port_of(emulator)) as peer:
        assert len(listed(port_of(emulator))) == 1
        emulator.fault("unplug")
        assert peer.recv(1) == b""


def test_what_it_has_not_stalls() -> None:
    with attached("hid_scale") as (_, host):
        assert host.descriptor(6) is None  # DEVICE_QUALIFIER, which kernels ask for
        assert host.control_in(0xC0, 1, 0) is None
        assert host.send_to(1, b"x") == -32
        assert len(host.descriptor(1) or b"") == 18


def test_an_answer_waits_for_the_host_and_a_read_that_is_given_up_takes_none() -> None:
    with attached("escpos") as (_, host):
        assert host.receive(0.05) == b""
        assert host.give_up() == -104
        host.send(b"\x10\x04\x01\x10\x04\x02")
        assert host.receive(5.0) == b"\x12\x12"


# --- HID devices ----------------------------------------------------------------------------------------------------------------


class AsReports:
    """The host's side of a HID device, as our drivers take it."""

    def __init__(self, host: UsbHost) -> None:
        self.descriptor = host.report_descriptor
        self.read_report, self.write_report, self.close = host.read_report, host.write_report, host.close


def test_a_scale_reports_what_is_put_on_it() -> None:
    with attached("hid_scale") as (emulator, host):
        scale: Any = find("hid.scale").build(AsReports(host))
        host.read_report(0.05)
        grams = []
        for each in ("1234", "200"):
            emulator.tell("put", grams=each)
            host_weights = [scale.read_weight() for _ in range(2)]
            grams.append(host_weights[-1].grams)
        assert grams == [Decimal(1234), Decimal(200)]
        scale.zero()
        assert host.control_in(0xA1, 0x01, 0x0103, length=6) == bytes.fromhex("0302" + "03fd0000")


def test_what_a_scale_says_while_nobody_has_it_open_is_lost_not_kept() -> None:
    with attached("hid_scale") as (emulator, host):
        for each in range(20):
            emulator.tell("put", grams=str(each + 1))
        assert host.read_report(0.3) == b""
        emulator.tell("put", grams="700")
        assert struct.unpack("<H", reports(host, 2)[-1][4:]) == (700,)


def test_a_hid_pos_scanner_scans_and_beeps() -> None:
    with attached("hidpos") as (emulator, host):
        scanner: Any = find("scanner.hidpos").build(AsReports(host))
        host.read_report(0.01)
        for text, aim in (("4006381333931", "]E0"), (LONG, "]d2")):
            emulator.tell("scan", text=text, aim=aim)
            assert scanner.read_symbol(5.0) == Symbol(text.encode(), aim)
        for good, times in ((True, 1), (False, 3)):
            scanner.signal(good=good)
            assert emulator.next_report() == {"event": "beeped", "times": times}


def test_a_wedge_types_not_faster_than_a_keyboard_and_follows_the_lamp() -> None:
    keys = {usage: code for code, usage in USAGE_OF_KEY.items()}
    with attached("wedge") as (emulator, host):
        host.read_report(0.01)
        for lamp in (False, True):
            host.control_out(0x21, 0x09, 0x0200, bytes((2 * lamp,)))
            decoder = WedgeDecoder(LAYOUTS["us"], CapsLock.FOLLOW, ("\r",))
            decoder.sync((), caps_lock=lamp)
            emulator.tell("scan", text="Ab\x1d-1")
            began = time.monotonic()
            assert typed(host, decoder, keys) == "Ab\x1d-1"
            assert time.monotonic() - began >= 10 * SHAPES["wedge"].interval / 1000
        refused = emulator.tell("fault", name="garbage")[-1]
        assert refused["message"] == "this line cannot have the fault 'garbage'; it can have: silence, slow, unplug"


def test_a_scan_that_breaks_off_is_not_whole() -> None:
    for protocol in ("hidpos", "wedge"):
        scanner = make_emulator(protocol, lambda _: None)
        size = SHAPES[protocol].report_size
        scan: Command = {"do": "scan", "text": LONG if protocol == "hidpos" else "4006381333931", "aim": "]d2"}
        whole = scanner.on_command(scan)
        scanner.on_command({"do": "fault", "name": "breaks_off"})
        part = scanner.on_command(scan)
        assert (len(part) % size, whole.startswith(part), 0 < len(part) < len(whole)) == (0, True, True)


def test_a_wedge_types_the_aim_identifier_if_it_is_told_to_and_refuses_what_it_has_no_key_for() -> None:
    wedge = make_emulator("wedge", lambda _: None)
    plain = wedge.on_command({"do": "scan", "text": "E0", "aim": "]E0"})
    wedge.on_command({"do": "configure", "send_aim": True})
    assert wedge.on_command({"do": "scan", "text": "E0", "aim": "]E0"}) != plain
    assert wedge.on_command({"do": "scan", "text": "]E0E0"}) == wedge.on_command({"do": "scan", "text": "E0", "aim": "]E0"})
    for wrong in ({"do": "scan", "text": "汉"}, {"do": "configure", "layout": "xx"}, {"do": "configure", "caps_lock": "no"}):
        with pytest.raises(BadCommand):
            wedge.on_command(wrong)


def typed(host: UsbHost, decoder: WedgeDecoder, keys: dict[int, int]) -> str | None:
    """What a kernel makes of the reports: key events, in the order of its usages."""
    modifiers = (29, 42, 56, 125, 97, 54, 100, 126)
    down: set[int] = set()
    while True:
        report = host.read_report(5.0)
        now = {code for bit, code in enumerate(modifiers) if report[0] & 1 << bit} | {keys[each] for each in report[2:] if each}
        changes = [(code, 1) for code in sorted(now - down)] + [(code, 0) for code in sorted(down - now)]
        down = now
        for code, value in changes:
            text = decoder.feed(KeyEvent(1, code, value))
            if text is not None:
                return text


def test_every_key_that_a_layout_types_with_has_a_usage_within_the_report_descriptor() -> None:
    for layout in LAYOUTS.values():
        assert {code for level in layout.levels for code in level} <= USAGE_OF_KEY.keys()
    assert len(set(USAGE_OF_KEY.values())) == len(USAGE_OF_KEY)
    assert max(USAGE_OF_KEY.values()) <= DESCRIPTOR[-4]


# --- whatever comes -------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=120))
def test_any_bytes_are_a_question_none_yet_or_no_usbip(data: bytes) -> None:
    for take in (take_ask, take_transfer):
        try:
            found, length = take(data)
        except NoUsbip:
            continue
        assert (found is None) == (length == 0)
        assert length <= len(data)


@given(st.sampled_from(sorted(SHAPES)), st.binary(min_size=8, max_size=8), st.binary(max_size=16))
def test_any_control_transfer_is_answered_or_stalled(protocol: str, setup: bytes, data: bytes) -> None:
    answer = UsbDevice(SHAPES[protocol]).control(setup, data)
    assert answer is None or isinstance(answer, bytes)


def test_a_peer_that_does_not_speak_the_protocol_is_sent_away_and_the_next_is_served() -> None:
    with running_emulator("hid_scale", "--usbip", "0") as emulator:
        with connect(port_of(emulator)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert peer.recv(100) == b""
        assert len(listed(port_of(emulator))) == 1
        with closing(UsbHost(port_of(emulator))) as host:
            host._peer.sendall(bytes(48))
            with pytest.raises(DeviceUnavailable):
                host.descriptor(1)
        assert len(listed(port_of(emulator))) == 1
