"""A USB device as a line: a USB/IP server on 127.0.0.1 with one device, for any Linux kernel that has vhci_hcd.

``python -m drivers.emulators hid_scale --usbip 3240``, then as root ``modprobe vhci_hcd; usbip attach -r 127.0.0.1 -b 1-1``
(another port: ``usbip --tcp-port PORT attach …``).  The kernel then has it as if it was plugged in: /dev/hidraw0, /dev/usb/lp0, a
keyboard.  Unplugging ends the connection, which the kernel takes as a pulled cable; attach it again when it is back.

A HID device gives a report when it is asked, and the next not before its interval is over; what it would say while nobody has it
open is lost.  A printer's answers wait until they are read.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque

from drivers.emulators.emulator import LINE_FAULTS
from drivers.emulators.usbip_device import Shape, UsbDevice
from drivers.emulators.usbip_messages import (
    NoUsbip,
    Refusal,
    Status,
    Submit,
    Unlink,
    imported,
    listed,
    returned,
    take_ask,
    take_transfer,
    unlinked,
)

BUS_ID = "1-1"
_CHUNK = 65536
_MOST_PIECES = 16
_SEND_SECONDS = 1.0
_STILL_ASKED_SECONDS = 1.0
_MOST_WAITING = 64 * 1024
_MOST_GUESTS = 8


class UsbipLine:
    """One host has the device; others may ask for the list."""

    def __init__(self, shape: Shape, port: int) -> None:
        self._shape = shape
        self._port = port
        self._listener: socket.socket | None = None
        self._guests: dict[socket.socket, bytes] = {}
        self._host: socket.socket | None = None
        self._device = UsbDevice(shape)
        self._unread = b""
        self._asked: deque[tuple[int, int]] = deque()
        """Transfers into the host that wait for something to be said: number, and how much it takes."""
        self._asked_at = 0.0
        self._said = b""

    @property
    def address(self) -> str:
        """What `usbip attach` takes: host and port, and the bus id."""
        return f"usbip:127.0.0.1:{self._port}/{BUS_ID}"

    @property
    def faults(self) -> tuple[str, ...]:
        """A HID report comes whole or not at all."""
        return ("silence", "slow", "unplug") if self._shape.is_hid else LINE_FAULTS

    @property
    def retry_seconds(self) -> float:
        return self._shape.interval / 1000 if self._shape.is_hid else 0.05

    def plug(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._listener.setblocking(False)
            self._port = self._listener.getsockname()[1]

    def unplug(self) -> None:
        self._hang_up()
        for guest in list(self._guests):
            self._send_away(guest)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def readable(self) -> list[int]:
        return [each.fileno() for each in (self._listener, self._host, *self._guests) if each is not None]

    def receive(self) -> bytes:
        self._accept()
        heard = self._hear_host()  # before guests: one who left makes room for the next
        for guest in list(self._guests):
            self._serve_guest(guest)
        heard += self._serve_host(b"")  # what came behind the question of a guest who is the host now
        by_control, self._device.heard = self._device.heard, b""
        return heard + by_control

    def _hear_host(self) -> bytes:
        """All that is there, to the end if it left."""
        heard = b""
        for _ in range(_MOST_PIECES):
            data = _read(self._host) if self._host is not None else b""
            if data is None:
                self._hang_up()
            if not data:
                break
            heard += self._serve_host(data)
        return heard

    def send(self, data: bytes) -> int:
        if self._host is None:
            self._said = b""
            return len(data)
        return self._send_reports(data) if self._shape.is_hid else self._send_stream(data)

    def _send_stream(self, data: bytes) -> int:
        taken = min(len(data), _MOST_WAITING - len(self._said))
        self._said += data[:taken]
        self._give()
        return taken

    def _send_reports(self, data: bytes) -> int:
        """`data` may begin in the middle of a report that was begun before."""
        size, taken = self._shape.report_size, 0
        while taken < len(data):
            missing = size - len(self._said)
            piece = data[taken : taken + missing]
            if len(piece) == missing and not self._asked:
                if time.monotonic() < self._asked_at + _STILL_ASKED_SECONDS:
                    break
                self._said = b""  # nobody has it open
            else:
                self._said += piece
                self._give()
            taken += len(piece)
        return taken

    def _give(self) -> None:
        """What was said goes to whoever asked; a report when it is whole."""
        while self._asked and len(self._said) >= max(1, self._shape.report_size):
            number, length = self._asked.popleft()
            piece = self._said[: self._shape.report_size or length]
            self._said = self._said[len(piece) :]
            self._device.last_report = piece
            self._asked_at = time.monotonic()
            self._answer(returned(number, Status.DONE, piece[:length]))

    def _serve_host(self, data: bytes) -> bytes:
        heard = b""
        self._unread += data
        try:
            while self._host is not None:
                transfer, length = take_transfer(self._unread)
                if transfer is None:
                    break
                self._unread = self._unread[length:]
                heard += self._unlink(transfer) if isinstance(transfer, Unlink) else self._submit(transfer)
        except NoUsbip:
            self._hang_up()
        return heard

    def _submit(self, transfer: Submit) -> bytes:
        """What the host said by it."""
        if transfer.endpoint == 0:
            answer = self._device.control(transfer.setup, transfer.data)
            if answer is None:
                self._answer(returned(transfer.number, Status.STALLED))
            else:
                data = answer[: transfer.length] if transfer.is_in else b""
                self._answer(returned(transfer.number, Status.DONE, data, taken=len(transfer.data)))
            return b""
        if transfer.is_in and transfer.endpoint == self._shape.into_host:
            self._asked.append((transfer.number, transfer.length))
            self._asked_at = time.monotonic()
            self._give()
            return b""
        is_heard = not transfer.is_in and transfer.endpoint == self._shape.out_of_host
        self._answer(returned(transfer.number, Status.DONE if is_heard else Status.STALLED, taken=len(transfer.data) * is_heard))
        return transfer.data if is_heard else b""

    def _unlink(self, unlink: Unlink) -> bytes:
        waiting = [each for each in self._asked if each[0] != unlink.which]
        was_waiting = len(waiting) < len(self._asked)
        self._asked = deque(waiting)
        self._answer(unlinked(unlink.number, Status.UNLINKED if was_waiting else Status.DONE))
        return b""

    def _answer(self, data: bytes) -> None:
        if self._host is not None:
            try:
                _send(self._host, data)
            except OSError:
                self._hang_up()

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            guest, _ = self._listener.accept()
            guest.setblocking(False)
            guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._guests[guest] = b""
            if len(self._guests) > _MOST_GUESTS:
                self._send_away(next(iter(self._guests)))

    def _serve_guest(self, guest: socket.socket) -> None:
        data = _read(guest)
        try:
            ask, length = take_ask(self._guests[guest] + (data or b""))
        except NoUsbip:
            data = None
        if data is None:
            self._send_away(guest)
        elif ask is None:
            self._guests[guest] += data
        elif ask.bus_id is None:
            self._tell(guest, listed(BUS_ID, self._device))
        else:
            refusal = Refusal.NOT_AVAILABLE if ask.bus_id != BUS_ID else Refusal.BUSY if self._host else Refusal.NONE
            rest = (self._guests[guest] + data)[length:]
            self._tell(guest, imported(BUS_ID, self._device, refusal), keep=not refusal)
            if not refusal:
                self._host, self._unread = guest, rest

    def _tell(self, guest: socket.socket, answer: bytes, *, keep: bool = False) -> None:
        with contextlib.suppress(OSError):
            _send(guest, answer)
        del self._guests[guest]
        if not keep:
            guest.close()

    def _send_away(self, guest: socket.socket) -> None:
        del self._guests[guest]
        guest.close()

    def _hang_up(self) -> None:
        if self._host is not None:
            self._host.close()
        self._host = None
        self._device = UsbDevice(self._shape)
        self._unread = self._said = b""
        self._asked.clear()


def _send(peer: socket.socket, data: bytes) -> None:
    """Raises OSError, also when the peer takes nothing for long: a kernel always reads."""
    peer.settimeout(_SEND_SECONDS)
    peer.sendall(data)
    peer.setblocking(False)


def _read(peer: socket.socket) -> bytes | None:
    """What is there, b"" if nothing; None if the peer is gone."""
    try:
        return peer.recv(_CHUNK) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None
