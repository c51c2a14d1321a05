"""A USB device with one interface: its descriptors, and what it answers on its control endpoint.  Pure.

Source: USB 2.0, sections 9.3, 9.4 and 9.6; USB HID 1.11, sections 6.2.1 and 7.2; USB Device Class Definition for Printing Devices
1.1, section 4.2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

_DEVICE, _CONFIGURATION, _STRING, _INTERFACE, _ENDPOINT, _HID, _REPORT = 1, 2, 3, 4, 5, 0x21, 0x22
_BULK, _INTERRUPT = 2, 3
_TYPE = 0x60
_US_ENGLISH = 0x0409
_PRINTER_IS_WELL = 0x18  # selected, no error, paper there; many printers answer this whatever is, so no driver of ours asks


class Speed(IntEnum):
    """As USB/IP numbers them (Linux ``enum usb_device_speed``)."""

    FULL = 2
    HIGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a device is on the bus.

    A HID device has a `report_descriptor` and sends reports of `report_size` bytes, at most one in `interval` milliseconds; a
    printer has neither, and an IEEE 1284 `device_id`.  `interface`: class, subclass, protocol.  `release` is binary coded decimal.
    """

    vendor: int
    product: int
    maker: str
    name: str
    serial: str = "EMULATED1"
    release: int = 0x0100
    speed: Speed = Speed.FULL
    interface: tuple[int, int, int]
    report_descriptor: bytes = b""
    report_size: int = 0
    interval: int = 10
    device_id: str = ""

    @property
    def is_hid(self) -> bool:
        return bool(self.report_descriptor)

    @property
    def into_host(self) -> int:
        """The number of the endpoint by which it talks."""
        return 1 if self.is_hid else 2

    @property
    def out_of_host(self) -> int | None:
        """The number of the endpoint by which it listens; None: only on the control endpoint."""
        return None if self.is_hid else 1


@dataclass(frozen=True, slots=True)
class Setup:
    """The eight bytes that begin a control transfer."""

    kind: int
    request: int
    value: int
    index: int
    length: int


class UsbDevice:
    """What one host made of it.  `heard`: output reports that came by the control endpoint, for who takes them."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.configuration = 0
        self.heard = b""
        self.last_report = bytes(shape.report_size)

    def control(self, setup: bytes, data: bytes) -> bytes | None:
        """A control transfer: what the device sends (b"" for one that goes to it), or None if it stalls."""
        asked = Setup(*struct.unpack("<BBHHH", setup))
        match asked.kind & _TYPE:
            case 0:
                return self._standard(asked)
            case 0x20 if self.shape.is_hid:
                return self._hid(asked, data)
            case 0x20:
                return self._printer(asked)
        return None

    def _standard(self, asked: Setup) -> bytes | None:
        match asked.request:
            case 0:  # GET_STATUS: self powered
                return b"\1\0" if asked.kind & 0x1F == 0 else b"\0\0"
            case 6:
                return self._descriptor(asked.value >> 8, asked.value & 0xFF)
            case 8:
                return bytes((self.configuration,))
            case 9:
                self.configuration = asked.value & 0xFF
                return b""
            case 10:  # GET_INTERFACE: there is no alternate setting
                return b"\0"
            case 1 | 3 | 11:  # CLEAR_FEATURE, SET_FEATURE, SET_INTERFACE
                return b""
        return None

    def _hid(self, asked: Setup, data: bytes) -> bytes | None:
        match asked.request:
            case 0x01:
                return self.last_report
            case 0x09:
                self.heard += data
                return b""
            case 0x02 | 0x03:  # GET_IDLE, GET_PROTOCOL: reports when something changes; the report protocol
                return b"\0" if asked.request == 0x02 else b"\1"
            case 0x0A | 0x0B:  # SET_IDLE, SET_PROTOCOL
                return b""
        return None

    def _printer(self, asked: Setup) -> bytes | None:
        match asked.request:
            case 0:
                text = self.shape.device_id.encode()
                return struct.pack(">H", len(text) + 2) + text
            case 1:
                return bytes((_PRINTER_IS_WELL,))
            case 2:  # SOFT_RESET: nothing is buffered here
                return b""
        return None

    def _descriptor(self, kind: int, index: int) -> bytes | None:
        match kind:
            case 1:
                return self._device_descriptor()
            case 2:
                return self._configuration_descriptor()
            case 3:
                return self._text(index)
            case 0x21 if self.shape.is_hid:
                return self._hid_descriptor()
            case 0x22 if self.shape.is_hid:
                return self.shape.report_descriptor
        return None

    def _device_descriptor(self) -> bytes:
        shape = self.shape
        has_serial = 3 if shape.serial else 0
        ids = (shape.vendor, shape.product, shape.release)
        return struct.pack("<BBH4B3H4B", 18, _DEVICE, 0x0200, 0, 0, 0, 64, *ids, 1, 2, has_serial, 1)

    def _configuration_descriptor(self) -> bytes:
        shape = self.shape
        endpoints = [shape.into_host | 0x80, *([] if shape.out_of_host is None else [shape.out_of_host])]
        body = struct.pack("<9B", 9, _INTERFACE, 0, 0, len(endpoints), *shape.interface, 0)
        body += self._hid_descriptor() if shape.is_hid else b""
        for each in endpoints:
            how = (_INTERRUPT, 64, shape.interval) if shape.is_hid else (_BULK, 512, 0)
            body += struct.pack("<4BHB", 7, _ENDPOINT, each, *how)
        return struct.pack("<BBH5B", 9, _CONFIGURATION, 9 + len(body), 1, 1, 0, 0xC0, 50) + body

    def _hid_descriptor(self) -> bytes:
        return struct.pack("<BBHBBBH", 9, _HID, 0x0111, 0, 1, _REPORT, len(self.shape.report_descriptor))

    def _text(self, index: int) -> bytes | None:
        if index == 0:
            return struct.pack("<BBH", 4, _STRING, _US_ENGLISH)
        texts = (self.shape.maker, self.shape.name, self.shape.serial)
        if index > len(texts):
            return None
        text = texts[index - 1].encode("utf-16-le")[:252]
        return bytes((len(text) + 2, _STRING)) + text
