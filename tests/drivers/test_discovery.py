"""What is plugged in: suggestions by what it says of itself, lasting addresses, and no guess where nobody can know."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import (
    PRINTER_MAKERS,
    SCANNER_MAKERS,
    Candidate,
    candidates,
    languages_of,
    local_rule,
    toml_block,
)
from drivers.errors import DriverError
from drivers.registry import find, models
from drivers.transports.opening import parse_address
from drivers.udev import Identity, Seen, Udev

RULES = (Path(__file__).parents[2] / "systemd/udev/70-shelfwire.rules").read_text(encoding="utf-8")
SCALE_DESCRIPTOR = bytes.fromhex("058d0920a101750895018102c0")
SCANNER_DESCRIPTOR = bytes.fromhex("058c0902a101750895018102c0")
MOUSE_DESCRIPTOR = bytes.fromhex("05010902a101750895018102c0")


def ftdi(port: str = "1-1", serial: str = "", node: str = "/dev/ttyUSB0") -> Seen:
    return Seen(
        node=node,
        subsystem="tty",
        sys_path=f"/sys/devices/usb1/{port}/{port}:1.0/ttyUSB0/tty/ttyUSB0",
        identity=Identity(vendor="0403", product="6001", serial=serial, name="FTDI USB Serial", port=port, interface="00"),
        links=(f"/dev/serial/by-path/pci-usb-{port}-port0", f"/dev/shelfwire/by-port/pci-usb-{port}-tty"),
    )


def usb_printer(port: str, vendor: str = "04b8", serial: str = "", interfaces: tuple[str, ...] = ("070102",)) -> Seen:
    identity = Identity(vendor=vendor, product="0202", serial=serial, name="EPSON TM", port=port)
    node = f"/dev/bus/usb/001/{port[-1]:>03}"
    return Seen(node=node, subsystem="usb", sys_path=f"/sys/devices/usb1/{port}", identity=identity, interfaces=interfaces)


def printer_port(port: str, printer_id: str) -> Seen:
    return Seen(
        node="/dev/usb/lp0",
        subsystem="usbmisc",
        sys_path=f"/sys/devices/usb1/{port}/{port}:1.0/usbmisc/lp0",
        identity=Identity(vendor="0a5f", product="0120", port=port, interface="00"),
        links=(f"/dev/shelfwire/by-port/pci-usb-{port}-lp",),
        printer_id=printer_id,
    )


def keyboard(vendor: str, *, is_marked: bool = False) -> Seen:
    return Seen(
        node="/dev/input/event3",
        subsystem="input",
        sys_path="/sys/devices/usb1/1-4/1-4:1.0/input/input3/event3",
        identity=Identity(vendor=vendor, product="0001", port="1-4", interface="00"),
        is_keyboard=True,
        is_marked=is_marked,
    )


def hid(descriptor: bytes) -> Seen:
    identity = Identity(vendor="0eb8", product="f000", port="1-5", interface="00")
    return Seen(node="/dev/hidraw0", subsystem="hidraw", sys_path="/sys/x/hidraw0", identity=identity, descriptor=descriptor)


def only(seen: Seen) -> Candidate:
    (found,) = candidates([seen])
    return found


class TestSuggestions:
    def test_what_is_behind_a_serial_adapter_is_not_guessed(self) -> None:
        found = only(ftdi())
        assert found.models == ()
        assert "cannot be asked without writing to it" in found.why

    @pytest.mark.parametrize(
        ("printer_id", "expected"),
        [
            ("MFG:Zebra Technologies ;CMD:ZPL;MDL:ZTC ZD420-203dpi ZPL;CLS:PRINTER;", ("zpl",)),
            ("MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;", ("escpos",)),
            ("MFG:Brother;CMD:PT-CBP;MDL:QL-820NWB;CLS:PRINTER;", ("brother.ql", "brother.pt")),
            ("MFG:Star;CMD:STAR;MDL:TSP143 (STR_T-001);CLS:PRINTER;", ("star.line",)),
            ("MANUFACTURER:TSC;COMMAND SET:TSPL2,EPL2;MODEL:TDP-225;", ("tspl", "epl2")),
            ("MFG:HP;CMD:PCL,PJL;MDL:LaserJet;", ()),
            ("", ()),
        ],
    )
    def test_a_printer_says_what_it_speaks(self, printer_id: str, expected: tuple[str, ...]) -> None:
        assert languages_of(printer_id) == expected

    def test_a_printer_port_stands_for_its_usb_device(self) -> None:
        (found,) = candidates([printer_port("1-2", "CMD:ZPL;"), usb_printer("1-2", vendor="0a5f")])
        assert (found.models, found.address) == (("zpl",), "file:/dev/shelfwire/by-port/pci-usb-1-2-lp")

    def test_a_usb_device_that_is_no_printer_is_none(self) -> None:
        assert candidates([usb_printer("1-2", vendor="1234", interfaces=("080650",))]) == []
        assert candidates([usb_printer("1-2", vendor="04b8", interfaces=("080650",))]) == []

    def test_a_keyboard_is_a_scanner_only_by_its_maker_or_a_rule(self) -> None:
        assert only(keyboard("05e0")).models == ("scanner.wedge",)
        assert only(keyboard("1234", is_marked=True)).models == ("scanner.wedge",)
        typewriter = only(keyboard("046d"))
        assert typewriter.models == ()
        assert "rule" in typewriter.why

    def test_hid_devices_by_their_usage_page(self) -> None:
        scale, scanner = only(hid(SCALE_DESCRIPTOR)), only(hid(SCANNER_DESCRIPTOR))
        assert (scale.models, "0x8D" in scale.why) == (("hid.scale",), True)
        assert (scanner.models, "0x8C" in scanner.why) == (("scanner.hidpos",), True)
        assert candidates([hid(MOUSE_DESCRIPTOR), hid(b""), hid(b"\x05")]) == []

    def test_only_models_that_are_there_are_suggested(self) -> None:
        for vendor in PRINTER_MAKERS:
            assert only(usb_printer("1-1", vendor=vendor)).models == PRINTER_MAKERS[vendor]
            assert set(PRINTER_MAKERS[vendor]) <= set(models())

    def test_ports_that_are_no_usb_devices_are_not_listed(self) -> None:
        assert candidates([replace(ftdi(), identity=None)]) == []


class TestAddresses:
    def test_the_product_s_own_link_comes_first_and_lasts(self) -> None:
        found = only(ftdi("1-1.2"))
        assert (found.address, found.lasts) == ("serial:/dev/shelfwire/by-port/pci-usb-1-1.2-tty", True)

    def test_without_our_rules_the_distribution_s_link_and_without_any_the_node(self) -> None:
        assert only(replace(ftdi(), links=("/dev/serial/by-path/x",))).address == "serial:/dev/serial/by-path/x"
        bare = only(replace(ftdi(), links=()))
        assert (bare.address, bare.lasts) == ("serial:/dev/ttyUSB0", False)
        assert "may change" in toml_block(bare)

    def test_two_identical_printers_have_addresses_of_their_own(self) -> None:
        assert [each.address for each in candidates([usb_printer("1-1"), usb_printer("1-2")])] == [
            "usb:04b8:0202@1-1",
            "usb:04b8:0202@1-2",
        ]
        assert [each.address for each in candidates([usb_printer("1-1", serial="A"), usb_printer("1-2", serial="B")])] == [
            "usb:04b8:0202:A",
            "usb:04b8:0202:B",
        ]
        assert [each.address for each in candidates([usb_printer("1-1", serial="0"), usb_printer("1-2", serial="0")])] == [
            "usb:04b8:0202@1-1",
            "usb:04b8:0202@1-2",
        ]
        assert only(usb_printer("1-1")).address == "usb:04b8:0202"

    def test_two_identical_adapters_are_two(self) -> None:
        found = candidates([ftdi("1-2", node="/dev/ttyUSB1"), ftdi("1-1")])
        assert [each.identity.port for each in found] == ["1-1", "1-2"]
        assert len({each.address for each in found}) == 2

    def test_what_is_configured_already_is_said(self) -> None:
        (found,) = candidates([ftdi("1-1")], {"scale": ftdi("1-1").sys_path})
        assert found.device == "scale"
        (found,) = candidates([usb_printer("1-12")], {"till": "/sys/devices/usb1/1-1"})
        assert found.device is None


class TestPasting:
    @pytest.mark.parametrize(
        "seen", [ftdi(), usb_printer("1-1"), printer_port("1-1", "CMD:ZPL"), keyboard("05e0"), hid(SCALE_DESCRIPTOR)]
    )
    def test_the_block_is_toml_and_its_address_an_address(self, seen: Seen) -> None:
        (device,) = tomllib.loads(toml_block(only(seen)))["device"]
        parse_address(device["address"])
        assert set(device) >= {"id", "kind", "model", "address"}

    def test_a_known_model_is_ready_to_be_used(self) -> None:
        (device,) = tomllib.loads(toml_block(only(printer_port("1-1", "CMD:ZPL")), taken=["label-printer"]))["device"]
        assert (device["kind"], device["model"], device["id"]) == ("label_printer", "zpl", "label-printer-2")
        find(device["model"]).check_options(device.get("options", {}))

    def test_what_only_a_person_knows_is_left_open_and_refused_by_the_check(self) -> None:
        found = replace(only(ftdi()), models=("toledo.8217",))
        (device,) = tomllib.loads(toml_block(found))["device"]
        assert device["options"] == {"unit": "?"}
        with pytest.raises(DriverError):
            find("toledo.8217").check_options(device["options"])

    @pytest.mark.parametrize("seen", [ftdi(), usb_printer("1-1"), printer_port("1-1", ""), keyboard("046d"), hid(SCALE_DESCRIPTOR)])
    def test_the_rule_names_the_device_and_nothing_else(self, seen: Seen) -> None:
        rule = local_rule(only(seen))
        assert seen.identity is not None
        assert f'=="{seen.identity.vendor}"' in rule
        assert f'=="{seen.identity.product}"' in rule
        assert f'SUBSYSTEM=="{seen.subsystem}"' in rule


class TestRules:
    def test_they_know_the_makers_that_discovery_knows(self) -> None:
        scanners, printers = (
            re.findall(r'ATTRS\{idVendor\}=="([0-9a-f|]+)"', RULES),
            re.findall(r'ATTR\{idVendor\}=="([^"]+\|[^"]+)"', RULES),
        )
        assert set(scanners[0].split("|")) == set(SCANNER_MAKERS)
        assert set(printers[0].split("|")) == set(PRINTER_MAKERS)

    def test_no_rule_opens_all_keyboards(self) -> None:
        for rule in RULES.replace("\\\n", "").splitlines():
            if 'SUBSYSTEM=="input"' in rule and not rule.startswith("#"):
                assert "idVendor" in rule or "SHELFWIRE_SCANNER" in rule


NUMBERED = Identity(vendor="0403", product="6001", serial="A1")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (NUMBERED, True),
        (replace(NUMBERED, port="9-9", name="renamed"), True),
        (replace(NUMBERED, serial="A2"), False),
        (replace(NUMBERED, serial=""), True),
        (replace(NUMBERED, product="6015"), False),
    ],
)
def test_a_device_is_the_same_by_ids_and_serial_number(other: Identity, expected: bool) -> None:
    assert NUMBERED.is_same_device(other) is expected
    assert other.is_same_device(NUMBERED) is expected


@given(st.text())
def test_any_printer_id_is_read(text: str) -> None:
    assert set(languages_of(text)) <= {"zpl", "tspl", "epl2", "escpos", "star.line", "brother.ql", "brother.pt"}


def test_this_machine_is_looked_at_without_an_error() -> None:
    pytest.importorskip("pyudev")
    try:
        udev = Udev()
    except DriverError:
        pytest.skip("there is no libudev here")
    candidates(udev.all())
    for address in ("tcp:127.0.0.1:9", "serial:/nowhere", "usb:ffff:fffe", "usb:nothing", "file:/dev/null", "evdev:relative"):
        found = udev.at(parse_address(address))
        assert found is None or found.identity is None
