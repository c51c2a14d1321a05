"""The Brother emulator's reading of raster commands.  Written from Brother's manuals, not from our encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_ESCAPES = {b"a": 1, b"!": 1, b"z": 10, b"M": 1, b"K": 1, b"d": 2, b"A": 1, b"S": 0}
"""Bytes that follow ESC i and the letter."""
_COMPRESSED = 2
_NAMES_A_TYPE, _NAMES_A_WIDTH, _NAMES_A_LENGTH = 0x02, 0x04, 0x08


class Asked(Enum):
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Page:
    """Raster lines as they came, each of all pins of the head; `wanted` is the media that the job names, None where it does not."""

    lines: tuple[bytes, ...]
    announced: int
    is_last: bool
    wanted_type: int | None
    wanted_width: int | None
    wanted_length: int | None


class RasterReader:
    """Takes bytes in any pieces; yields pages and questions.  What it does not understand goes to `unknown`, a byte at a time."""

    def __init__(self, pins: int, *, is_pt: bool) -> None:
        self._bytes = pins // 8
        self._is_pt = is_pt
        self._waiting = b""
        self.unknown: list[str] = []
        self._initialize()

    def read(self, data: bytes) -> Iterator[Page | Asked]:
        self._waiting += data
        while self._waiting:
            taken, found = self._step()
            if not taken:
                return
            self._waiting = self._waiting[taken:]
            if found is not None:
                yield found

    def forget(self) -> None:
        """Switched off and on: what was begun is gone."""
        self._waiting = b""
        self._initialize()

    def _initialize(self) -> None:
        self._lines: list[bytes] = []
        self._information = bytes(10)
        self._is_compressed = False

    def _step(self) -> tuple[int, Page | Asked | None]:
        """How many bytes the next command has (0: they are not all there yet), and what came of it."""
        head = self._waiting[:1]
        match head:
            case b"\x00":
                return len(self._waiting) - len(self._waiting.lstrip(b"\x00")), None
            case b"\x1b":
                return self._escape()
            case b"M":
                if len(self._waiting) > 1:
                    self._is_compressed = self._waiting[1] == _COMPRESSED
                return 2 * (len(self._waiting) > 1), None
            case b"Z":
                self._lines.append(bytes(self._bytes))
                return 1, None
            case b"\x0c" | b"\x1a":
                page = self._page(is_last=head == b"\x1a")
                self._lines = []
                return 1, page
            case b"G" if self._is_pt:
                return self._line(3, int.from_bytes(self._waiting[1:3], "little")), None
            case b"g" if not self._is_pt:
                return self._line(3, self._waiting[2] if len(self._waiting) > 2 else 0), None
        self.unknown.append(head.hex())
        return 1, None

    def _escape(self) -> tuple[int, Page | Asked | None]:
        if self._waiting[1:2] == b"@":
            self._initialize()
            return 2, None
        match = re.match(rb"\x1bi(.)", self._waiting, re.DOTALL)
        if match is None or match[1] not in _ESCAPES:
            if len(self._waiting) < 3:
                return 0, None
            self.unknown.append(self._waiting[:3].hex())
            return 1, None
        size = 3 + _ESCAPES[match[1]]
        if len(self._waiting) < size:
            return 0, None
        if match[1] == b"z":
            self._information = self._waiting[3:size]
        return size, Asked.STATUS if match[1] == b"S" else None

    def _line(self, head: int, size: int) -> int:
        if len(self._waiting) < head or len(self._waiting) < head + size:
            return 0
        line = self._waiting[head : head + size]
        if self._is_compressed:
            line = _unpacked(line)
        if len(line) != self._bytes:
            self.unknown.append(f"a raster line of {len(line)} bytes")
        self._lines.append(line[: self._bytes].ljust(self._bytes, b"\x00"))
        return head + size

    def _page(self, *, is_last: bool) -> Page:
        flags, kind, width, length = self._information[:4]
        return Page(
            lines=tuple(self._lines),
            announced=int.from_bytes(self._information[4:8], "little"),
            is_last=is_last,
            wanted_type=kind if flags & _NAMES_A_TYPE else None,
            wanted_width=width if flags & _NAMES_A_WIDTH else None,
            wanted_length=length if flags & _NAMES_A_LENGTH else None,
        )


def _unpacked(data: bytes) -> bytes:
    """TIFF (PackBits)."""
    out = b""
    while data:
        count = data[0]
        if count > 128:
            out += data[1:2] * (257 - count)
            data = data[2:]
        else:
            out += data[1 : 2 + count]
            data = data[2 + count :]
    return out
