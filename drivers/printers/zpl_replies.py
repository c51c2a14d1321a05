"""What a ZPL printer answers to ~HQES, ~HS and ~HI.  Pure.

Source: Zebra ZPL II programming guide (~HS, ~HQ, ~HI); lprint, lprint-zpl.c for the bits of ~HQES and its line layout (issue 117).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import ProtocolViolation

_ERRORS = {
    0x1: "paper_out",
    0x2: "ribbon_out",
    0x4: "head_open",
    0x8: "cutter",
    0x10: "head_hot",
    0x20: "motor_hot",
    0x40: "head_element",
    0x80: "head_detect",
    0x100: "firmware_config",
    0x200: "thermistor",
    0x1000: "paper_jam",
    0x2000: "presenter",
    0x4000: "paper_feed",
    0x8000: "paper_path",
    0x10000: "paused",
    0x20000: "retract",
    0x40000: "mark_calibrate",
    0x80000: "mark_not_found",
}
_WARNINGS = {0x1: "calibrate_media", 0x2: "clean_head", 0x4: "replace_head", 0x8: "paper_low"}
_COUNTER = re.compile(rb"(ERRORS|WARNINGS):\s+([01])\s+([0-9A-F]{8})\s+([0-9A-F]{8})")
_IDENTITY = re.compile(rb"\x02([^,\x03]+),([^,\x03]*),([0-9]+),[^\x03]*\x03")
DPI_OF_DOTS_PER_MM = {6: 152, 8: 203, 12: 300, 24: 600}


@dataclass(frozen=True, slots=True)
class Errors:
    """The answer to ~HQES."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostStatus:
    """The answer to ~HS.  `formats` wait in the receive buffer, `remaining` labels of the current one are still to come."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    formats: int
    remaining: int
    is_busy: bool

    @property
    def is_idle(self) -> bool:
        return not (self.formats or self.remaining or self.is_busy)


@dataclass(frozen=True, slots=True)
class Identity:
    """The answer to ~HI; `dpi` None for a resolution that we do not know."""

    model: str
    dpi: int | None


def parse_errors(answer: bytes) -> Errors:
    """Raises ProtocolViolation."""
    found = {match[1]: match for match in _COUNTER.finditer(answer)}
    if set(found) != {b"ERRORS", b"WARNINGS"}:
        raise ProtocolViolation(f"the label printer sent {answer[:200]!r}, expected ERRORS: and WARNINGS: with two words each")
    errors, warnings = found[b"ERRORS"], found[b"WARNINGS"]
    faults = _names(int(errors[4], 16), _ERRORS)
    if not faults and (errors[2] == b"1" or int(errors[3], 16)):
        faults = ("printer_error",)
    return Errors(faults, _names(int(warnings[4], 16), _WARNINGS))


def _names(bits: int, names: dict[int, str]) -> tuple[str, ...]:
    known = tuple(name for bit, name in names.items() if bits & bit)
    return known or (("printer_error",) if bits and names is _ERRORS else ())


def parse_host_status(first: bytes, second: bytes) -> HostStatus:
    """The first two of the three lines, each from STX to ETX.  Raises ProtocolViolation."""
    one, two = _fields(first, 12), _fields(second, 11)
    found = {
        "paper_out": one[1] == "1",
        "paused": one[2] == "1",
        "printer_error": one[9] == "1",
        "head_hot": one[11] == "1",
        "head_open": two[2] == "1",
        "ribbon_out": two[3] == "1",
    }
    warned = {"head_cold": one[10] == "1", "label_waiting": two[7] == "1"}
    return HostStatus(
        faults=tuple(name for name, is_set in found.items() if is_set),
        warnings=tuple(name for name, is_set in warned.items() if is_set),
        formats=int(one[4]),
        remaining=int(two[8]),
        is_busy=one[5] == "1" or one[7] == "1",
    )


def _fields(line: bytes, count: int) -> list[str]:
    start, end = line.rfind(b"\x02"), line.rfind(b"\x03")
    fields = line[start + 1 : end].decode("ascii", "replace").split(",")
    if start < 0 or end < start or len(fields) < count or not all(re.fullmatch("[0-9]+", field) for field in fields[:count]):
        raise ProtocolViolation(f"the label printer sent {line[:120]!r}, expected STX, {count} or more numbers with commas, ETX")
    return fields


def parse_identity(answer: bytes) -> Identity:
    """Raises ProtocolViolation."""
    match = _IDENTITY.search(answer)
    if not match:
        raise ProtocolViolation(f"the label printer sent {answer[:120]!r}, expected STX model,version,dots per mm,memory ETX")
    return Identity(match[1].decode("ascii", "replace"), DPI_OF_DOTS_PER_MM.get(int(match[3])))
