"""What a TSPL printer answers to ESC ! S, ESC ! ? and OUT @LABEL.  Pure.

Source: TSC, TSPL/TSPL2 programming manual (TTP-244 Plus, 2013), p. 84 and 85; Gprinter GP-2120T manual, p. 30, for bits 6 and 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import ProtocolViolation

_FRAME = re.compile(rb"\x02([@-\x7f]{4})\x03\r\n\Z")
_WORKING = frozenset(b"BCFPW")
"""Backing the label, cutting, feeding, printing, imaging."""
_MESSAGES = {ord("`"): "paused", ord("K"): "paused", ord("E"): "printer_error"}
_WAITS_FOR_HAND = ord("L")
_WARNINGS = {0x01: "paper_low", 0x02: "ribbon_low"}
"""Reserved in the manual of 2013, named in later ones."""
_BUFFER_FULL = 0x08
_ERRORS_3 = {0x01: "head_hot", 0x02: "motor_hot", 0x04: "head_element", 0x08: "cutter", 0x10: "printer_error"}
_ERRORS_4 = {0x01: "paper_out", 0x02: "paper_jam", 0x04: "ribbon_out", 0x08: "mechanical", 0x20: "head_open"}
_BYTE = {0x01: "head_open", 0x02: "paper_jam", 0x04: "paper_out", 0x08: "ribbon_out", 0x10: "paused", 0x40: "cover_open"}
_BYTE_ERROR = 0x80
"""Over temperature (Gprinter), other error (TSC): not told apart."""
_BYTE_WORKING = 0x20


@dataclass(frozen=True, slots=True)
class TsplStatus:
    """`is_working`: it prints, or has bytes that it has not worked off."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_working: bool = False


def parse_status(answer: bytes) -> TsplStatus:
    """The answer to ESC ! S: STX, four characters, ETX CR LF; noise before STX is dropped.  Raises ProtocolViolation."""
    match = _FRAME.search(answer)
    if match is None:
        raise ProtocolViolation(f"the label printer sent {answer[-40:]!r}, expected STX, four of '@' and above, ETX CR LF")
    message, warning, mechanism, supply = match[1]
    if message not in _WORKING | _MESSAGES.keys() | {_WAITS_FOR_HAND, ord("@")}:
        raise ProtocolViolation(f"the label printer says it is in state {message:#04x}, which no manual names")
    named = (*_names(mechanism, _ERRORS_3), *_names(supply, _ERRORS_4))
    faults = tuple(dict.fromkeys(named)) or ((_MESSAGES[message],) if message in _MESSAGES else ())
    warnings = _names(warning, _WARNINGS) + (("label_waiting",) if message == _WAITS_FOR_HAND else ())
    is_working = message in _WORKING or message == _WAITS_FOR_HAND or bool(warning & _BUFFER_FULL)
    return TsplStatus(faults, warnings, is_working)


def parse_status_byte(answer: bytes) -> TsplStatus:
    """The answer to ESC ! ?: one byte.  Raises ProtocolViolation."""
    if len(answer) != 1:
        raise ProtocolViolation(f"the label printer sent {answer[:40]!r}, expected one byte")
    bits = answer[0]
    faults = _names(bits, _BYTE) + (("printer_error",) if bits & _BYTE_ERROR else ())
    return TsplStatus(faults, (), bool(bits & _BYTE_WORKING))


def parse_count(answer: bytes) -> int:
    """The answer to OUT @LABEL: a whole number, with or without CR LF.  Raises ProtocolViolation."""
    if not re.fullmatch(rb"[0-9]{1,10}\s{0,4}", answer):
        raise ProtocolViolation(f"the label printer sent {answer[:40]!r}, expected the number of labels it has printed")
    return int(answer)


def _names(bits: int, names: dict[int, str]) -> tuple[str, ...]:
    return tuple(name for bit, name in names.items() if bits & bit)
