"""A socket for paho that reads and writes in large pieces, run by the event loop.

paho reads every packet with three or more `recv` calls and writes each with its own `send`; through this pipe a wake-up costs one
of each, whatever the number of packets.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

CHUNK = 256 * 1024


class Pipe:
    """What paho takes for its socket.  `recv` only hands out what `fill` has read; `send` only collects until `flush`.

    `attach` gives it to a running event loop; until then nothing is sent.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._input = b""
        self._position = 0
        self._output = bytearray()
        self._has_ended = False
        self.error: OSError | None = None
        """Why the socket broke, if it said so."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_flush_due = False
        self._is_writer = False
        self._on_broken: Callable[[], None] = lambda: None

    # --- what paho calls -----------------------------------------------------------------------------------------------------

    def recv(self, size: int) -> bytes:
        """Raises BlockingIOError when nothing is left of what `fill` read; b"" once the other end closed."""
        if self._position >= len(self._input):
            if self._has_ended:
                return b""
            raise BlockingIOError
        data = self._input[self._position : self._position + size]
        self._position += len(data)
        return data

    def send(self, data: bytes) -> int:
        self._output += data
        if self._loop is not None and not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self.flush)
        return len(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def pending(self) -> int:
        return len(self._input) - self._position

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 -- the name and shape of socket.setblocking
        self._sock.setblocking(flag)

    def close(self) -> None:
        if self._sock.fileno() < 0:
            return
        if self._output:
            self.flush()
        self.detach()
        self._sock.close()

    # --- what the session calls ----------------------------------------------------------------------------------------------

    def attach(self, loop: asyncio.AbstractEventLoop, on_readable: Callable[[], None], on_broken: Callable[[], None]) -> None:
        """From now on the loop calls `on_readable`; a failed write calls `on_broken`."""
        self._loop = loop
        self._on_broken = on_broken
        loop.add_reader(self._sock, on_readable)
        self.flush()

    def detach(self) -> None:
        """Take it off its event loop."""
        if self._loop is not None and self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
        self._loop = None

    def fill(self) -> None:
        """Read what the socket has, once; an error or the end shows in `recv`."""
        rest = self._input[self._position :]
        try:
            data = self._sock.recv(CHUNK)
            if isinstance(self._sock, ssl.SSLSocket):
                while self._sock.pending():
                    data += self._sock.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self.error = error
            data = b""
        self._has_ended = not data
        self._input, self._position = rest + data, 0

    @property
    def has_input(self) -> bool:
        return self._has_ended or self._position < len(self._input)

    def flush(self) -> None:
        """Send what was collected; what the socket does not take goes when it is writable."""
        self._is_flush_due = False
        if not self._output or self._sock.fileno() < 0:
            return
        try:
            sent = self._sock.send(self._output)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            self._output.clear()
            self.fill()  # what the other end said before it closed, such as why it takes no certificate of ours
            self.error = self.error or error
            self._on_broken()
            return
        del self._output[:sent]
        self._watch_writable(wanted=bool(self._output))

    def _watch_writable(self, *, wanted: bool) -> None:
        if self._loop is None or wanted == self._is_writer:
            return
        self._is_writer = wanted
        if wanted:
            self._loop.add_writer(self._sock, self.flush)
        else:
            self._loop.remove_writer(self._sock)
