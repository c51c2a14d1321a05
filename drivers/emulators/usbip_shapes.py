"""What each protocol is as a USB device: ids, names, and what it says of itself, so that it is found and its model suggested.

The ids are those of a product of the maker; another one's can be given.  Source: usb.ids 2025.07.26; IEEE 1284-2000, section 7.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drivers.emulators import hid_keyboard, hid_scale
from drivers.emulators.emulator import BadCommand
from drivers.emulators.hidpos import HidPosEmulator
from drivers.emulators.usbip_device import Shape, Speed

_HID, _KEYBOARD, _PRINTER = (3, 0, 0), (3, 1, 1), (7, 1, 2)


def _printer(vendor: int, product: int, maker: str, name: str, language: str) -> Shape:
    device_id = f"MFG:{maker};CMD:{language};MDL:{name};CLS:PRINTER;"
    return Shape(vendor=vendor, product=product, maker=maker, name=name, interface=_PRINTER, speed=Speed.HIGH, device_id=device_id)


SHAPES: Mapping[str, Shape] = {
    "hid_scale": Shape(
        vendor=0x0922,
        product=0x8003,
        maker="Dymo",
        name="HID scale",
        interface=_HID,
        report_descriptor=hid_scale.DESCRIPTOR,
        report_size=hid_scale.REPORT_SIZE,
    ),
    "hidpos": Shape(
        vendor=0x0C2E,
        product=0x0B6A,
        maker="Honeywell",
        name="HID POS scanner",
        interface=_HID,
        report_descriptor=HidPosEmulator().descriptor,
        report_size=len(HidPosEmulator().reports(b"")[0]),
    ),
    "wedge": Shape(
        vendor=0x05E0,
        product=0x1200,
        maker="Symbol",
        name="Bar code scanner",
        interface=_KEYBOARD,
        report_descriptor=hid_keyboard.DESCRIPTOR,
        report_size=hid_keyboard.REPORT_SIZE,
        interval=8,
    ),
    "escpos": _printer(0x04B8, 0x0E15, "EPSON", "TM-T20II", "ESC/POS"),
    "star": _printer(0x0519, 0x0003, "Star", "TSP650II", "STAR"),
    "zpl": _printer(0x0A5F, 0x0120, "Zebra Technologies", "ZTC ZD421-203dpi ZPL", "ZPL"),
    "epl2": _printer(0x0A5F, 0x000A, "Zebra Technologies", "ZTC LP2844", "EPL2"),
    "tspl": _printer(0x1203, 0x0230, "TSC", "TTP-244 Plus", "TSPL2"),
    "brother_ql": _printer(0x04F9, 0x209D, "Brother", "QL-820NWB", "PT-CBP"),
    "brother_pt": _printer(0x04F9, 0x2062, "Brother", "PT-P750W", "PT-CBP"),
}


def shape_of(protocol: str, ids: str = "", serial: str = "") -> Shape:
    """The USB device of `protocol`; `ids` as ``05e0:1200`` and `serial` instead of its own.  Raises BadCommand."""
    shape = SHAPES.get(protocol)
    if shape is None:
        raise BadCommand(f"{protocol!r} is no USB device here; there are: {', '.join(sorted(SHAPES))}")
    if serial:
        shape = replace(shape, serial=serial)
    if not ids:
        return shape
    vendor, _, product = ids.partition(":")
    try:
        numbers = int(vendor, 16), int(product, 16)
    except ValueError:
        numbers = -1, -1
    if not all(0 <= each <= 0xFFFF for each in numbers):
        raise BadCommand(f"USB ids are two hex numbers such as 05e0:1200, got {ids!r}")
    return replace(shape, vendor=numbers[0], product=numbers[1])
