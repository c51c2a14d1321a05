"""MQTT 5 control packets in a stream of bytes (MQTT 5, section 2.1): where each begins and ends, and what a fault needs of it.

Nothing is judged: what cannot be a packet is handed on as it came, as one piece after another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

LONGEST_LENGTH = 4
"""Bytes of a remaining length (section 1.5.5)."""
DUP = 0x08


class Kind(IntEnum):
    """Packet types (section 2.1.2); BROKEN is ours: bytes that cannot be one."""

    BROKEN = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole packet with its fixed header, as it came; `body` is where its variable header begins."""

    kind: Kind
    raw: bytes
    body: int = 0

    @property
    def qos(self) -> int:
        """Of a PUBLISH."""
        return (self.raw[0] >> 1) & 3 if self.kind is Kind.PUBLISH else 0

    @property
    def topic(self) -> str:
        """Of a PUBLISH; empty if it cannot be read."""
        if self.kind is not Kind.PUBLISH or len(self.raw) < self.body + 2:
            return ""
        size = int.from_bytes(self.raw[self.body : self.body + 2])
        return self.raw[self.body + 2 : self.body + 2 + size].decode(errors="replace")

    def as_duplicate(self) -> Frame:
        """The same PUBLISH, marked as delivered again (section 3.3.1.1)."""
        return Frame(self.kind, bytes([self.raw[0] | DUP]) + self.raw[1:], self.body)


class Frames:
    """Packets out of chunks of any size; what is left waits for the next chunk."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_broken = False

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Each packet that is whole now.  Their bytes in order are exactly the bytes that came."""
        self._buffer += chunk
        while self._buffer:
            if self._is_broken:
                yield self._take(Kind.BROKEN, len(self._buffer), 0)
                return
            found = self._length()
            if found is None:
                return
            header, size = found
            if header < 0:
                self._is_broken = True
            elif len(self._buffer) < header + size:
                return
            else:
                yield self._take(Kind(self._buffer[0] >> 4), header + size, header)

    @property
    def rest(self) -> bytes:
        """The beginning of a packet whose end has not come."""
        return bytes(self._buffer)

    def _take(self, kind: Kind, size: int, header: int) -> Frame:
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        return Frame(kind, raw, header)

    def _length(self) -> tuple[int, int] | None:
        """Bytes of the fixed header, and of what follows it; None if it is not there yet, (-1, 0) if it can be none."""
        if self._buffer[0] >> 4 == Kind.BROKEN:
            return -1, 0
        size = 0
        for place in range(LONGEST_LENGTH):
            if len(self._buffer) < place + 2:
                return None
            byte = self._buffer[place + 1]
            size |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return place + 2, size
        return -1, 0
