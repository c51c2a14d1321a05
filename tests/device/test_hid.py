"""USB HID scales and POS scanners through the kernel's hidraw."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from drivers.devices import Symbol, Weight
from drivers.errors import DeviceFault, DeviceUnavailable, ProtocolViolation
from tests.device.guest import Guest, Held

REPORTS = "/dev/shelfwire/by-port/*-hidraw"
LONG = "0109506000134352" + "10" + "A" * 20 + "\x1d" + "21" + "B" * 60  # three reports


def weighed(held: Held, scale: Any, kg: float, **more: int) -> Weight:
    """The scale reports as real ones do, again and again; the first after opening is for displays only."""
    for _ in range(20):
        scale.weigh(kg, **more)
        weight = held.maybe(Weight, "read_weight")
        if weight is not None and weight.grams == Decimal(str(kg)) * 1000 and weight.is_legal:
            return weight
    raise AssertionError(f"never a legal weight; the last was {weight}")


def test_a_hid_scale_weighs_and_tells_its_faults(guest: Guest) -> None:
    scale = guest.usbip.HidScale()
    guest.plug(scale)
    with guest.held("hid.scale", f"hidraw:{guest.node(REPORTS)}") as held:
        for kg in (0.755, 1.234, 1.234, 14.995):
            assert weighed(held, scale, kg).stable
        scale.weigh(1.234, status=scale.MOTION)
        assert held.call(Weight, "read_weight").is_legal is False
        for status, fault in ((scale.UNDER, "under_zero"), (scale.OVER, "over_capacity")):
            scale.weigh(0.1, status=status)
            with pytest.raises(DeviceFault) as told:
                held.call(object, "read_weight")
            assert told.value.faults == (fault,)
        assert held.maybe(Weight, "read_weight") is None  # silence is no fault


def test_a_hid_scale_pulled_while_it_is_listened_to_is_usable_when_it_is_back(guest: Guest) -> None:
    scale = guest.usbip.HidScale()
    guest.plug(scale)
    path = guest.node(REPORTS)
    with guest.held("hid.scale", f"hidraw:{path}") as held:
        weighed(held, scale, 0.5)
        held.start("call", method="read_weight", arguments={})
        scale.unplug()
        with pytest.raises(DeviceUnavailable, match="plug"):
            held.finish_maybe(Weight)
            held.call(object, "read_weight")
    guest.wait_for(f"[ ! -e {path} ]")
    guest.plug(scale)
    with guest.held("hid.scale", f"hidraw:{guest.node(REPORTS)}") as held:
        weighed(held, scale, 0.25)


def test_a_hid_pos_scanner_gives_symbols_whole_with_their_aim_identifiers(guest: Guest) -> None:
    scanner = guest.usbip.HidPosScanner()
    guest.plug(scanner)
    address = f"hidraw:{guest.node(REPORTS)}"
    with guest.held("scanner.hidpos", address) as held:
        for text, aim in (("4006381333931", "]E0"), ("ABC-123xyz", "]C0"), (LONG, "]d2"), ("4006381333931", "]E0")):
            scanner.scan(text, aim=aim)
            assert held.call(Symbol, "read_symbol", timeout=10) == Symbol(text.encode(), aim)
        with pytest.raises(DeviceUnavailable, match="in use"), guest.held("scanner.hidpos", address):
            pass


def test_a_hid_pos_scanner_pulled_in_the_middle_of_a_long_symbol_leaves_no_half_code_behind(guest: Guest) -> None:
    scanner = guest.usbip.HidPosScanner()
    guest.plug(scanner)
    with guest.held("scanner.hidpos", f"hidraw:{guest.node(REPORTS)}") as held:
        scanner.push(0x81, bytes([2, 56]) + b"]d2" + LONG[:56].encode() + b"\1")
        scanner.unplug()
        with contextlib.suppress(ProtocolViolation):  # the pause may be noticed before the plug
            assert held.maybe(Symbol, "read_symbol", timeout=0.5) is None
        with pytest.raises(DeviceUnavailable, match="plug"):
            held.call(object, "read_symbol", timeout=10)
    guest.wait_for(f'[ -z "$(ls {REPORTS} 2>/dev/null)" ]')
    guest.plug(scanner)
    with guest.held("scanner.hidpos", f"hidraw:{guest.node(REPORTS)}") as held:
        scanner.scan("4006381333931")
        assert held.call(Symbol, "read_symbol", timeout=10) == Symbol(b"4006381333931", "]E0")


def test_two_identical_hid_scales_are_kept_apart_by_their_ports(guest: Guest) -> None:
    scales = [guest.usbip.HidScale() for _ in range(2)]
    paths: list[str] = []
    for scale in scales:
        guest.plug(scale)
        guest.wait_for(f"[ $(ls {REPORTS} | wc -l) = {len(paths) + 1} ]")
        paths += set(guest.shell(f"udevadm settle; ls {REPORTS}").split()) - set(paths)
    with guest.held("hid.scale", f"hidraw:{paths[0]}") as one, guest.held("hid.scale", f"hidraw:{paths[1]}") as two:
        assert weighed(one, scales[0], 1.111).is_legal
        assert weighed(two, scales[1], 2.222).is_legal
        assert one.maybe(Weight, "read_weight") is None
