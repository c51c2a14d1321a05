"""A host that speaks USB/IP: what a kernel's vhci_hcd does, as far as tests need it.

Source: Linux ``Documentation/usb/usbip_protocol.rst``; written apart from `drivers.emulators.usbip_messages`.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

from drivers.errors import DeviceUnavailable

_WAIT = 10.0
_IN_KIND, _OUT_KIND = 0xA1, 0x21


@dataclass(frozen=True)
class Listed:
    """A device as a server tells of it."""

    bus_id: str
    speed: int
    vendor: int
    product: int
    interfaces: int

    @classmethod
    def parse(cls, record: bytes) -> Listed:
        speed, vendor, product = struct.unpack_from(">I2H", record, 256 + 32 + 8)
        return cls(record[256:288].rstrip(b"\0").decode(), speed, vendor, product, record[311])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_WAIT)


def listed(port: int) -> list[Listed]:
    """What a server has to give.  Each is followed by its interfaces, of which ours have one."""
    with connect(port) as peer:
        peer.sendall(struct.pack(">HHI", 0x0111, 0x8005, 0))
        version, code, status, count = struct.unpack(">HHII", exactly(peer, 12))
        assert (version, code, status) == (0x0111, 0x0005, 0)
        return [Listed.parse(exactly(peer, 312 + 4)) for _ in range(count)]


def exactly(peer: socket.socket, length: int) -> bytes:
    """Raises DeviceUnavailable when the connection ends before."""
    data = b""
    while len(data) < length:
        try:
            piece = peer.recv(length - len(data))
        except ConnectionError:
            piece = b""
        if not piece:
            raise DeviceUnavailable("the device was unplugged")
        data += piece
    return data


class UsbHost:
    """A host that has imported a device; as a `Pipe` on its bulk endpoints, and as a `ReportSource` with its reports."""

    def __init__(self, port: int, bus_id: str = "1-1") -> None:
        self._peer = connect(port)
        self._peer.sendall(struct.pack(">HHI32s", 0x0111, 0x8003, 0, bus_id.encode()))
        version, code, self.refusal = struct.unpack(">HHI", exactly(self._peer, 8))
        assert (version, code) == (0x0111, 0x0003)
        self.device = None if self.refusal else Listed.parse(exactly(self._peer, 312))
        self._number = 0
        self._ended: dict[int, tuple[int, bytes]] = {}
        self._lengths: dict[int, int] = {}
        self._asked: int | None = None

    # --- what a kernel does while it gets to know a device ---

    def control_in(self, kind: int, request: int, value: int, index: int = 0, length: int = 255) -> bytes | None:
        """None if the device stalls."""
        number = self._submit(0, length, is_in=True, setup=struct.pack("<BBHHH", kind, request, value, index, length))
        status, data = self._wait(number)
        return data if status == 0 else None

    def control_out(self, kind: int, request: int, value: int, data: bytes = b"", index: int = 0) -> bool:
        setup = struct.pack("<BBHHH", kind, request, value, index, len(data))
        return self._wait(self._submit(0, len(data), is_in=False, setup=setup, data=data))[0] == 0

    def descriptor(self, kind: int, index: int = 0, length: int = 255) -> bytes | None:
        return self.control_in(0x81 if kind == 0x22 else 0x80, 6, kind << 8 | index, length=length)

    def text(self, index: int) -> str:
        told = self.descriptor(3, index) or b"\0\0"
        assert told[0] == len(told)
        return told[2:].decode("utf-16-le")

    # --- its reports (ReportSource) ---

    @property
    def report_descriptor(self) -> bytes:
        told = self.descriptor(0x22, length=4096)
        assert told is not None
        return told

    def read_report(self, timeout: float) -> bytes:
        return self._read(1, 64, timeout)

    def write_report(self, report: bytes) -> None:
        assert self.control_out(_OUT_KIND, 0x09, 0x0200 | report[0], report)

    # --- its bulk endpoints (Pipe) ---

    def send(self, data: bytes) -> None:
        assert self.send_to(1, data) == 0

    def send_to(self, endpoint: int, data: bytes) -> int:
        """How it ended."""
        return self._wait(self._submit(endpoint, len(data), is_in=False, data=data))[0]

    def receive(self, timeout: float) -> bytes:
        return self._read(2, 4096, timeout)

    def close(self) -> None:
        self._peer.close()

    # --- transfers ---

    def give_up(self) -> int | None:
        """Unlink the read that waits; the status with which it was given up, None if nothing waited."""
        if self._asked is None:
            return None
        self._number += 1
        self._peer.sendall(struct.pack(">6I24x", 2, self._number, 1 << 16 | 1, 0, 0, self._asked))
        self._asked = None
        return self._wait(self._number)[0]

    def _read(self, endpoint: int, length: int, timeout: float) -> bytes:
        """A read stays asked when nothing came, as a driver's does."""
        if self._asked is None:
            self._asked = self._submit(endpoint, length, is_in=True)
        if not self._collect(self._asked, timeout):
            return b""
        status, data = self._ended.pop(self._asked)
        self._asked = None
        assert status == 0
        return data

    def _submit(self, endpoint: int, length: int, *, is_in: bool, setup: bytes = bytes(8), data: bytes = b"") -> int:
        self._number += 1
        self._lengths[self._number] = length if is_in else 0
        head = struct.pack(">5I5I", 1, self._number, 1 << 16 | 1, int(is_in), endpoint, 0, length, 0, 0, 0)
        try:
            self._peer.sendall(head + setup + data)
        except ConnectionError as error:
            raise DeviceUnavailable("the device was unplugged") from error
        return self._number

    def _wait(self, number: int) -> tuple[int, bytes]:
        assert self._collect(number, _WAIT), "the device never ended a transfer"
        return self._ended.pop(number)

    def _collect(self, wanted: int, timeout: float) -> bool:
        """Take what ends until `wanted` has; whether it has."""
        until = time.monotonic() + timeout
        while wanted not in self._ended:
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._peer.settimeout(left)
            try:
                first = self._peer.recv(1)
            except TimeoutError:
                return False
            except ConnectionError:
                first = b""
            if not first:
                raise DeviceUnavailable("the device was unplugged")
            self._peer.settimeout(_WAIT)
            code, number, _, _, _, status, length = struct.unpack_from(">5IiI", first + exactly(self._peer, 47))
            is_read = code == 3 and self._lengths.pop(number, 0) > 0
            self._ended[number] = status, exactly(self._peer, length) if is_read else b""
        return True
