"""The other ends of lines into the guest: our emulators behind the rig's plugs.  A new protocol needs nothing here."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from drivers.emulators.emulator import Command, Talks, make_emulator


class SerialPeer:
    """The emulator of `protocol` on the socket that is the far end of an adapter's line."""

    def __init__(self, protocol: str, path: Path, before: Iterable[Command] = ()) -> None:
        self.reports: list[Mapping[str, object]] = []
        self.heard = bytearray()
        self.asked = threading.Event()
        """Something was heard since the test cleared it."""
        self._emulator = make_emulator(protocol, self.reports.append)
        for command in before:
            self._emulator.on_command(command)
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def tell(self, command: Command) -> None:
        """A command of the emulator; what it makes the device say goes out."""
        with self._lock:
            self.send(self._emulator.on_command(command))

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # the plug is pulled
            while True:
                tick = self._emulator.tick_every if isinstance(self._emulator, Talks) else 0
                ready, _, _ = select.select([self._socket], [], [], tick or None)
                data = self._socket.recv(4096) if ready else b""
                if ready and not data:
                    return
                with self._lock:
                    self.send(self._emulator.on_bytes(data) if ready else self._on_tick(tick))
                if ready:
                    self.heard += data
                    self.asked.set()

    def _on_tick(self, seconds: float) -> bytes:
        return self._emulator.on_tick(seconds) if isinstance(self._emulator, Talks) else b""


@contextmanager
def serial_peer(protocol: str, path: Path, before: Iterable[Command] = ()) -> Iterator[SerialPeer]:
    peer = SerialPeer(protocol, path, before)
    try:
        yield peer
    finally:
        peer.close()


def usb_printer(usbip: ModuleType, protocol: str, **ids: object) -> Any:
    """A printer of class 7 that is the emulator of `protocol`.

    It has the rig's `printed` (all bytes), `wait_printed(count)`, `unplug_after(count)`, and of ours `reports`, `tell(command)`.
    """

    class EmulatedPrinter(usbip.Printer):  # type: ignore[misc,name-defined]  # the rig is loaded from wherever it is
        def __init__(self) -> None:
            super().__init__(**ids)
            self.cut_cable_at: int | None = None
            self.reports: list[Mapping[str, object]] = []
            self.emulator = make_emulator(protocol, self.reports.append)

        def tell(self, command: Command) -> None:
            with self.lock:
                self.answer(self.emulator.on_command(command))

        def out(self, ep: int, data: bytes) -> None:
            del ep
            if self.cut_cable_at is not None and len(self.printed) + len(data) >= self.cut_cable_at:
                self.printed += data[: self.cut_cable_at - len(self.printed)]
                self.cut_cable_at = None
                self.unplug()
                return
            self.printed += data
            self.answer(self.emulator.on_bytes(data))
            self.jobs.notify_all()

        def answer(self, data: bytes) -> None:
            if data:
                self.push(0x82, data)

    return EmulatedPrinter()
