"""The one `Transport`: buffering and logging over a raw pipe, so that a pipe is only what differs between lines."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from drivers.errors import DeviceTimeout, ProtocolViolation
from drivers.recording import Ring, Way

_log = logging.getLogger(__name__)
_MOST_DISCARDS = 64


class Pipe(Protocol):
    """A raw line to a device: whatever arrives, as it arrives."""

    def send(self, data: bytes) -> None:
        """All of it, or an error.  Raises DeviceTimeout (it takes no more for 1 s), DeviceUnavailable (gone)."""
        ...

    def receive(self, timeout: float) -> bytes:
        """What has arrived; b"" after `timeout` seconds of silence.  Raises DeviceUnavailable (gone)."""
        ...

    def close(self) -> None: ...


class Buffered:
    """A `Transport` on a pipe.  All bytes pass here: logged at DEBUG with the line's `name`, kept in `ring`."""

    def __init__(self, pipe: Pipe, name: str, ring: Ring | None = None) -> None:
        self._pipe = pipe
        self._name = name
        self._ring = ring
        self._received = bytearray()

    def write(self, data: bytes) -> None:
        _log.debug("%s <- %s", self._name, data.hex(" "))
        if self._ring is not None:
            self._ring.add(Way.HOST, data)
        self._pipe.send(data)

    def read(self, size: int, timeout: float) -> bytes:
        if not self._received:
            self._receive(timeout)
        return self._take(size)

    def read_until(self, terminator: bytes, timeout: float, limit: int = 4096) -> bytes:
        deadline = time.monotonic() + timeout
        while (end := self._received.find(terminator)) < 0:
            got = len(self._received)
            if got > limit:
                self._received.clear()
                raise ProtocolViolation(f"{self._name} sent {got} bytes without {terminator!r}, expected at most {limit}")
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not self._receive(remaining):
                dropped = self._take(got)
                raise DeviceTimeout(f"{self._name} did not answer within {timeout:g} s; before that it sent {dropped!r}")
        if end + len(terminator) > limit:
            self._take(end + len(terminator))
            raise ProtocolViolation(f"{self._name} sent {end} bytes before {terminator!r}, expected at most {limit}")
        return self._take(end + len(terminator))

    def discard_input(self) -> None:
        for _ in range(_MOST_DISCARDS):  # a device that never stops talking must not hold us here
            if not self._receive(0):
                break
        self._received.clear()

    def close(self) -> None:
        self._received.clear()
        self._pipe.close()

    def _receive(self, timeout: float) -> bool:
        data = self._pipe.receive(max(0.0, timeout))
        if data:
            _log.debug("%s -> %s", self._name, data.hex(" "))
            if self._ring is not None:
                self._ring.add(Way.DEVICE, data)
            self._received += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken
