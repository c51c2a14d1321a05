"""What an ESC/POS printer sends: replies told apart on one stream, and status bytes read.  Pure.

Source: Epson ESC/POS command reference (DLE EOT, GS a, GS r, GS I, GS ( H); TM-U220 manual p. 54, 55, 82-84; SRP-350 manual.
By its fixed bits each first byte says what it begins: DLE EOT `0xx1xx10`, ASB `0xx1xx00`, blocks `37` (GS ( H) and `5F` (GS I),
XOFF/XON `13`/`11`, GS r `0xx0xxxx`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.devices import PrinterStatus, Readiness

DrawerLevel = Literal["high", "low", "none"]
_FIXED = 0x93
_LONGEST_BLOCK = 96


@dataclass(frozen=True, slots=True)
class RealTime:
    """Answer to one DLE EOT; which one, only the order tells."""

    value: int


@dataclass(frozen=True, slots=True)
class AutoStatus:
    """Automatic status back: four bytes, sent at each change."""

    values: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """`header` 0x37: GS ( H or a similar function; 0x5F: GS I.  `body` is without header and final NUL."""

    header: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Buffered:
    """Answer to GS r, sent when the printer came to it in its buffer."""

    value: int


Reply = RealTime | AutoStatus | Block | Buffered


class ReplyReader:
    """Takes the stream in any pieces; drops what is no reply."""

    def __init__(self) -> None:
        self._held = b""

    def clear(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Reply]:
        self._held += data
        replies: list[Reply] = []
        while self._held:
            size, reply = _first(self._held)
            if not size:
                break
            self._held = self._held[size:]
            if reply is not None:
                replies.append(reply)
        return replies


def _first(data: bytes) -> tuple[int, Reply | None]:
    """How many bytes the first reply takes (0: not all there yet), and the reply, if those bytes are one."""
    first = data[0]
    if first in (0x37, 0x5F):
        end = data.find(0, 1, _LONGEST_BLOCK)
        if end >= 0:
            return end + 1, Block(first, data[1:end])
        return (1, None) if len(data) >= _LONGEST_BLOCK else (0, None)
    if first & _FIXED == 0x12:
        return 1, RealTime(first)
    if first & _FIXED == 0x10:
        if any(byte & 0x90 for byte in data[1:4]):
            return 1, None
        return (4, AutoStatus(data[:4])) if len(data) >= 4 else (0, None)
    if first & 0x90 == 0:
        return 1, Buffered(first)
    return 1, None


def parse_status(answers: Mapping[int, int], drawer: DrawerLevel) -> PrinterStatus:
    """The answers to DLE EOT 1 to 4.  One missing answer makes it unknown: silence is neither "ok" nor "no paper"."""
    raw = bytes(answers[n] for n in sorted(answers))
    if set(answers) != {1, 2, 3, 4} or any(value & _FIXED != 0x12 for value in answers.values()):
        return PrinterStatus(Readiness.UNKNOWN, raw=raw)
    printer, offline, error, paper = (answers[n] for n in (1, 2, 3, 4))
    found = {
        "cover_open": offline & 0x04,
        "paper_out": offline & 0x20 or paper & 0x60,
        "cutter": error & 0x08,
        "head_hot": error & 0x40,
        "mechanical": error & 0x04,
        "printer_error": error & 0x20,
    }
    return _status(found, is_offline=printer & 0x08 != 0, is_low=paper & 0x0C != 0, drawer=_drawer(printer, drawer), raw=raw)


def parse_auto_status(values: bytes, drawer: DrawerLevel) -> PrinterStatus:
    """Four bytes of automatic status back."""
    first, error, paper = values[0], values[1], values[2]
    found = {
        "cover_open": first & 0x20,
        "paper_out": paper & 0x0C,
        "cutter": error & 0x08,
        "head_hot": error & 0x40,
        "mechanical": error & 0x04,
        "printer_error": error & 0x20,
    }
    return _status(found, is_offline=first & 0x08 != 0, is_low=paper & 0x03 != 0, drawer=_drawer(first, drawer), raw=values)


def _status(found: Mapping[str, int], *, is_offline: bool, is_low: bool, drawer: bool | None, raw: bytes) -> PrinterStatus:
    faults = tuple(name for name, bits in found.items() if bits) or (("offline",) if is_offline else ())
    warnings = ("paper_low",) if is_low and "paper_out" not in faults else ()
    return PrinterStatus(Readiness.FAULT if faults else Readiness.OK, faults, warnings, drawer, raw)


def _drawer(first: int, drawer: DrawerLevel) -> bool | None:
    """Pin 3 of the drawer connector; what its level means depends on the drawer's wiring."""
    if drawer == "none":
        return None
    return (first & 0x04 != 0) == (drawer == "high")
