"""The 32 bytes in which a Brother label printer tells its status, asked or not.  Pure.

Source: Brother, Raster Command Reference QL-720NW v1.01, "Status information request", p. 21 (the layout and tables 1 to 7); the
same for PT-E550W/P750W/P710BT v1.01, where bit 5 of error information 2 is overheating.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.errors import ProtocolViolation
from drivers.printers.brother_options import Family, Paper

HEADER = b"\x80\x20B"
SIZE = 32
_SERIES, _ERRORS_1, _ERRORS_2, _WIDTH, _TYPE, _LENGTH, _KIND, _PHASE = 3, 8, 9, 10, 11, 17, 18, 19
_ALWAYS_0 = (12, 13, 16, 23, 30, 31)
_FAULTS_1 = {
    0x01: "paper_out",
    0x02: "paper_out",
    0x04: "cutter",
    0x08: "printer_error",
    0x10: "offline",
    0x20: "offline",
    0x40: "printer_error",
    0x80: "mechanical",
}
_FAULTS_2 = {
    0x01: "wrong_media",
    0x02: "printer_error",
    0x04: "printer_error",
    0x08: "printer_error",
    0x10: "cover_open",
    0x20: "head_hot",
    0x40: "paper_feed",
    0x80: "printer_error",
}
_NO_MEDIA, _INCOMPATIBLE = 0x00, 0xFF
_CONTINUOUS, _DIE_CUT = frozenset((0x0A, 0x4A)), frozenset((0x0B, 0x4B))


class Said(IntEnum):
    """Why the printer sent it."""

    REPLY = 0x00
    COMPLETED = 0x01
    ERROR = 0x02
    EXITED = 0x03
    OFF = 0x04
    NOTICE = 0x05
    PHASE = 0x06


@dataclass(frozen=True, slots=True)
class BrotherStatus:
    """Media in millimetres, `media_type` as the manual codes it; `is_printing`: the phase."""

    said: Said
    faults: tuple[str, ...]
    media_width: int
    media_length: int
    media_type: int
    is_printing: bool

    def fits(self, paper: Paper, family: Family) -> tuple[str, ...]:
        """What is wrong with the media in it, compared with what it was configured for."""
        if self.media_type == _NO_MEDIA:
            return ("paper_out",)
        is_right = (self.media_width, self.media_length) == (paper.width, paper.length)
        if family.series == ord("4"):
            is_right = is_right and self.media_type in (_DIE_CUT if paper.length else _CONTINUOUS)
        return () if is_right and self.media_type != _INCOMPATIBLE else ("wrong_media",)


def parse_status(frame: bytes) -> BrotherStatus:
    """Raises ProtocolViolation."""
    if len(frame) != SIZE or not frame.startswith(HEADER) or any(frame[index] for index in _ALWAYS_0):
        raise ProtocolViolation(f"the label printer sent {frame[:40].hex(' ')}, expected 80 20 42 and 29 bytes of status")
    if frame[_KIND] not in set(Said) or frame[_PHASE] > 1 or frame[_SERIES] not in b"04":
        raise ProtocolViolation(f"the label printer sent {frame.hex(' ')}, with a status type or phase that no manual names")
    faults = (*_names(frame[_ERRORS_1], _FAULTS_1), *_names(frame[_ERRORS_2], _FAULTS_2))
    return BrotherStatus(
        said=Said(frame[_KIND]),
        faults=tuple(dict.fromkeys(faults)),
        media_width=frame[_WIDTH],
        media_length=frame[_LENGTH],
        media_type=frame[_TYPE],
        is_printing=frame[_PHASE] == 1,
    )


def _names(bits: int, names: dict[int, str]) -> tuple[str, ...]:
    return tuple(name for bit, name in names.items() if bits & bit)
