"""USB/IP: what a host asks, and how it is answered.  Pure; transfers in isochronous mode are not known here.

Source: Linux ``Documentation/usb/usbip_protocol.rst``, version 1.1.1 of the protocol.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from drivers.emulators.usbip_device import UsbDevice

VERSION = 0x0111
_ASK_LIST, _ASK_IMPORT, _LISTED, _IMPORTED = 0x8005, 0x8003, 0x0005, 0x0003
_SUBMIT, _UNLINK, _RETURNED, _UNLINKED = 1, 2, 3, 4
_IN = 1
_URB_HEAD = 48
_MOST = 1024 * 1024
_BUS, _NUMBER = 1, 2


class NoUsbip(Exception):
    """The other side does not speak the protocol; the connection is of no use."""


class Refusal(IntEnum):
    """Why a device is not given away.  Source: ``tools/usb/usbip``, `usbip_common.h` (names of the numbers)."""

    NONE = 0
    NOT_AVAILABLE = 1
    BUSY = 2


class Status(IntEnum):
    """How a transfer ended: Linux errno numbers, negative."""

    DONE = 0
    STALLED = -32
    UNLINKED = -104


@dataclass(frozen=True, slots=True)
class Ask:
    """Before a device is imported: for the list of all (no `bus_id`), or for one."""

    bus_id: str | None


@dataclass(frozen=True, slots=True)
class Submit:
    """A transfer.  `data` is what goes to the device, `length` how many bytes may come from it."""

    number: int
    endpoint: int
    is_in: bool
    length: int
    setup: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Unlink:
    """Give up the transfer `which`."""

    number: int
    which: int


def take_ask(data: bytes) -> tuple[Ask | None, int]:
    """The first question in `data` and how long it is; (None, 0) if it is not all there.  Raises NoUsbip."""
    if len(data) < 8:
        return None, 0
    version, code, _ = struct.unpack_from(">HHI", data)
    if version != VERSION or code not in (_ASK_LIST, _ASK_IMPORT):
        raise NoUsbip(f"a host of version {version:#06x} asked {code:#06x}; expected a list or an import of {VERSION:#06x}")
    if code == _ASK_LIST:
        return Ask(None), 8
    if len(data) < 40:
        return None, 0
    return Ask(data[8:40].rstrip(b"\0").decode("ascii", "replace")), 40


def take_transfer(data: bytes) -> tuple[Submit | Unlink | None, int]:
    """The first transfer in `data` and how long it is; (None, 0) if it is not all there.  Raises NoUsbip."""
    if len(data) < _URB_HEAD:
        return None, 0
    code, number, _, way, endpoint, flags_or_which, length, _, packets, _ = struct.unpack_from(">10I", data)
    if code == _UNLINK:
        return Unlink(number, flags_or_which), _URB_HEAD
    if code != _SUBMIT or length > _MOST or endpoint > 15 or packets not in (0, 0xFFFFFFFF):
        raise NoUsbip(f"a transfer with code {code}, {length} bytes, endpoint {endpoint} and {packets} packets")
    end = _URB_HEAD + (0 if way == _IN else length)
    if len(data) < end:
        return None, 0
    return Submit(number, endpoint, way == _IN, length, data[40:48], data[_URB_HEAD:end]), end


def listed(bus_id: str, device: UsbDevice | None) -> bytes:
    """The answer to a question for the list: one device, or none."""
    head = struct.pack(">HHII", VERSION, _LISTED, 0, int(device is not None))
    return head if device is None else head + _record(bus_id, device) + bytes((*device.shape.interface, 0))


def imported(bus_id: str, device: UsbDevice, refusal: Refusal) -> bytes:
    """The answer to a question for one; after a refusal nothing follows."""
    head = struct.pack(">HHI", VERSION, _IMPORTED, refusal)
    return head if refusal else head + _record(bus_id, device)


def returned(number: int, status: Status, data: bytes = b"", *, taken: int = 0) -> bytes:
    """The end of a transfer: `data` came from the device, or it took `taken` bytes."""
    return struct.pack(">5IiI3I8x", _RETURNED, number, 0, 0, 0, status, len(data) or taken, 0, 0, 0) + data


def unlinked(number: int, status: Status) -> bytes:
    """The answer to an Unlink: UNLINKED, or DONE if the transfer had ended before."""
    return struct.pack(">5Ii24x", _UNLINKED, number, 0, 0, 0, status)


def _record(bus_id: str, device: UsbDevice) -> bytes:
    shape = device.shape
    path = f"/sys/devices/emulated/{bus_id}".encode()
    ids = (shape.vendor, shape.product, shape.release)
    numbers = (_BUS, _NUMBER, shape.speed)
    return struct.pack(">256s32s3I3H6B", path, bus_id.encode(), *numbers, *ids, 0, 0, 0, device.configuration, 1, 1)
