"""Listening to a scale that talks by itself, without ever lagging behind it."""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.devices import Transport
from drivers.errors import DeviceTimeout, ProtocolViolation

_WAIT = 1.0
_CHUNK = 4096
_MOST_CHUNKS = 64
_FULL = 4095
"""Bytes that the kernel keeps of a serial line that nobody reads (N_TTY_BUF_SIZE); what comes then is lost."""

FindLast = Callable[[bytes], tuple[bytes, int] | None]
"""The last whole frame in what was received, and where it ends; None if there is none."""


class LatestFrame:
    """Gives the latest whole frame; all older ones are dropped, a part of the next one is kept.

    `longest` is the length of a frame; what cannot be part of one any more is dropped too, so that nothing grows.
    """

    def __init__(self, transport: Transport, find_last: FindLast, longest: int) -> None:
        self._transport = transport
        self._find_last = find_last
        self._longest = longest
        self._received = b""

    def read(self) -> bytes:
        """At once if one has arrived, else the next.  Raises DeviceTimeout (1 s of silence), ProtocolViolation (of others)."""
        deadline = time.monotonic() + _WAIT
        heard = self._take_all()
        if heard >= _FULL:  # nobody listened for half a minute: the latest of these is old, newer ones were lost
            self._received = b""
        while (found := self._find_last(self._received)) is None:
            self._received = self._received[-self._longest :]
            remaining = deadline - time.monotonic()
            more = self._transport.read(_CHUNK, remaining) if remaining > 0 else b""
            if not more:
                raise self._nothing(heard)
            heard += len(more)
            self._received += more
            self._take_all()
        frame, end = found
        self._received = self._received[end:]
        return frame

    def _take_all(self) -> int:
        """What has arrived already, without waiting; how many bytes."""
        pieces = []
        for _ in range(_MOST_CHUNKS):  # a device that never stops talking must not hold us here
            piece = self._transport.read(_CHUNK, 0)
            if not piece:
                break
            pieces.append(piece)
        taken = b"".join(pieces)
        self._received += taken
        return len(taken)

    def _nothing(self, heard: int) -> DeviceTimeout | ProtocolViolation:
        if not heard:
            return DeviceTimeout(f"the scale said nothing for {_WAIT:g} s, expected it to talk by itself")
        return ProtocolViolation(
            f"the scale sent {heard} bytes and no whole frame of the expected form, at last {self._received[-self._longest :]!r}"
        )
