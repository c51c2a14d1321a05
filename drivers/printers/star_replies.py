"""What a Star printer sends: its automatic status, framed and read.  Pure.

Source: Star Line Mode Command Specifications, Appendix 2 "Status Specifications", 5.2.3 "Automatic Status" (header 1, header 2,
printer status 1 to 7, by byte and bit) and 5.1.4 (over Ethernet: bit 7 of header 2, and a length behind the status).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.devices import PrinterStatus, Readiness
from drivers.printers.star_options import DrawerSwitch

_FLOW_CONTROL = b"\x11\x13"
"""XON and XOFF may stand between the bytes of a status on a serial line; no byte of a status has bit 4."""
_SHORTEST, _MOST_DATA = 7, 0x200
_MARK, _HAS_LENGTH = 0x01, 0x80


@dataclass(frozen=True, slots=True)
class Frame:
    """One status, header 1 first."""

    raw: bytes

    @property
    def counter(self) -> int | None:
        """How many ETBs it has come to since its reset, 0 to 31; None if its status has no eighth byte."""
        if len(self.raw) < 8:
            return None
        return self.raw[7] >> 1 & 0x07 | (self.raw[7] >> 5 & 0x03) << 3

    @property
    def has_passed_etb(self) -> bool:
        """It came to an ETB since it was last asked."""
        return bool(self.raw[2] & 0x02)

    @property
    def has_lost_data(self) -> bool:
        """Its buffer overflowed since it was last asked: what was sent is not what comes out."""
        return bool(self.raw[4] & 0x40)


class FrameReader:
    """Takes the stream in any pieces; drops what is no status."""

    def __init__(self) -> None:
        self._held = b""

    def clear(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Frame]:
        self._held += data.translate(None, _FLOW_CONTROL)
        frames: list[Frame] = []
        while self._held:
            size, frame = _first(self._held)
            if not size:
                break
            self._held = self._held[size:]
            if frame is not None:
                frames.append(frame)
        return frames


def _first(data: bytes) -> tuple[int, Frame | None]:
    """How many bytes the first status takes (0: not all there yet), and the status, if those bytes are one."""
    length = data[0] >> 1 & 0x07 | (data[0] >> 5 & 0x01) << 3
    if data[0] & 0x91 != _MARK or length < _SHORTEST:
        return 1, None
    body = data[1:length]
    if any(byte & 0x91 & ~(_HAS_LENGTH if place == 0 else 0) for place, byte in enumerate(body)):
        return 1, None
    if len(data) < length:
        return 0, None
    if not body[0] & _HAS_LENGTH:
        return length, Frame(data[:length])
    if len(data) < length + 2:
        return 0, None
    more = int.from_bytes(data[length : length + 2], "big")
    if more > _MOST_DATA:
        return 1, None
    size = length + 2 + more
    return (size, Frame(data[:length])) if len(data) >= size else (0, None)


def parse_frame(frame: Frame, drawer: DrawerSwitch) -> PrinterStatus:
    """The status in the words of all printers."""
    first, second, third, paper = frame.raw[2:6]
    found = {
        "cover_open": first & 0x20,
        "paper_out": paper & 0x08,
        "cutter": second & 0x08,
        "head_hot": second & 0x40,
        "mechanical": second & 0x04,
        "printer_error": second & 0x20,
        "mark_not_found": third & 0x08,
        "presenter": third & 0x04,
        "head_open": third & 0x02,
    }
    faults = tuple(name for name, bit in found.items() if bit) or (("offline",) if first & 0x48 else ())
    warnings = ("paper_low",) if paper & 0x06 and "paper_out" not in faults else ()
    is_open = None if drawer == "none" else (first & 0x04 != 0) == (drawer == "high")
    return PrinterStatus(Readiness.FAULT if faults else Readiness.OK, faults, warnings, is_open, frame.raw)
