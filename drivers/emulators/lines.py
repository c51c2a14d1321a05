"""Where an emulator can be plugged in: a pty behind a stable symlink, or a TCP port.  USB: `drivers.emulators.usbip`."""

from __future__ import annotations

import contextlib
import os
import socket
import tty
from pathlib import Path
from typing import Protocol

from drivers.emulators.emulator import LINE_FAULTS

_CHUNK = 65536
_RETRY_SECONDS = 0.05


class Line(Protocol):
    """One place for one host.  Never blocks."""

    @property
    def address(self) -> str:
        """As `drivers.transports.opening` takes it."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Those of `LINE_FAULTS` that it can have."""
        ...

    @property
    def retry_seconds(self) -> float:
        """After which a host that did not take all is offered the rest."""
        ...

    def plug(self) -> None:
        """Be there; also again, after `unplug`."""
        ...

    def unplug(self) -> None:
        """Be gone, as if the cable was pulled; does nothing when it already is."""
        ...

    def readable(self) -> list[int]:
        """File descriptors to wait for, before `receive`."""
        ...

    def receive(self) -> bytes:
        """What the host sent, b"" if nothing."""
        ...

    def send(self, data: bytes) -> int:
        """How many bytes of `data` the host's side took now; all of them when nobody listens (they are lost, as on a real line)."""
        ...


class PtyLine:
    """A serial port: `link` points to the pty's other end, and is gone while the device is unplugged."""

    faults = LINE_FAULTS
    retry_seconds = _RETRY_SECONDS

    def __init__(self, link: Path) -> None:
        self._link = link
        self._master = self._slave = -1

    @property
    def address(self) -> str:
        return f"serial:{self._link}"

    def plug(self) -> None:
        if self._master >= 0:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # We keep our own descriptor of the host's end: without it the pty hangs up whenever the host closes the port.
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        if self._master < 0:
            return
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def readable(self) -> list[int]:
        return [self._master] if self._master >= 0 else []

    def receive(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self._master, _CHUNK)
        return b""

    def send(self, data: bytes) -> int:
        if self._master < 0:
            return len(data)
        with contextlib.suppress(BlockingIOError):
            return os.write(self._master, data)
        return 0


class TcpLine:
    """A network device on 127.0.0.1; one host at a time, as raw printing ports have it.  Port 0: any free one."""

    faults = LINE_FAULTS
    retry_seconds = _RETRY_SECONDS

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"tcp:127.0.0.1:{self._port}"

    def plug(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._listener.setblocking(False)
            self._port = self._listener.getsockname()[1]

    def unplug(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def readable(self) -> list[int]:
        return [each.fileno() for each in (self._host or self._listener,) if each is not None]

    def receive(self) -> bytes:
        if self._host is None:
            self._accept()
            return b""
        try:
            data = self._host.recv(_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> int:
        if self._host is None:
            return len(data)
        try:
            return self._host.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._hang_up()
            return len(data)

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            self._host, _ = self._listener.accept()
            self._host.setblocking(False)
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _hang_up(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None
