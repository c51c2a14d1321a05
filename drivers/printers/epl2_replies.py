"""What an EPL2 printer answers to ^ee, and what it says by itself.  Pure.

Source: Zebra, EPL Programming Guide 14245L-003, eR (p. 92) and ^ee (p. 175); Intermec, ESim for EasyCoder C4 v4.00, ^ee, eR, US and
appendix A.  The names of codes 12 to 16, 50 and 81 to 83 are those of the public library webzlp, which reads the same table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import ProtocolViolation

_ANSWER = re.compile(rb"([0-9]{2}(?:,[0-9]{2})*)\r?\n\Z")
_BY_ITSELF = re.compile(rb"\x15([0-9]{2})(?:([PR])([0-9]{1,5}))?(?:\x13|\r\n)?|[\x06\x11\x13]")
"""NAK and a code (at 07 what ran out, and how many labels remain), then XOFF; ACK, XON and XOFF alone."""
_FAULTS = {
    7: "media_out",
    11: "head_open",
    12: "paused",
    13: "head_hot",
    14: "motor_hot",
    81: "cutter",
    82: "mark_not_found",
    83: "mark_not_found",
}
_OUT = {b"P": "paper_out", b"R": "ribbon_out"}
_WARNINGS = {15: "battery_low", 16: "battery_low"}
_BUSY = 50


@dataclass(frozen=True, slots=True)
class Epl2Status:
    """`is_working`: it is busy with a job."""

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_working: bool = False


def parse_report(answer: bytes) -> Epl2Status:
    """Up to and with the line that ^ee is answered by; what the printer said by itself before it counts too.

    Raises ProtocolViolation.
    """
    told, rest = _take_told(answer)
    match = _ANSWER.fullmatch(rest)
    if match is None:
        raise ProtocolViolation(f"the label printer sent {answer[:40]!r}, expected codes of two digits with commas, CR LF")
    codes = [int(code) for code in match[1].split(b",")]
    faults = [_FAULTS.get(code, "printer_error") for code in codes if code not in (0, _BUSY) and code not in _WARNINGS]
    if {"paper_out", "ribbon_out"} & set(told):  # the same news with less in it
        faults = [fault for fault in faults if fault != "media_out"]
    warnings = tuple(dict.fromkeys(_WARNINGS[code] for code in codes if code in _WARNINGS))
    return Epl2Status(tuple(dict.fromkeys((*told, *faults))), warnings, _BUSY in codes)


def _take_told(answer: bytes) -> tuple[list[str], bytes]:
    """The faults that it named by itself, and what follows."""
    told: list[str] = []
    while match := _BY_ITSELF.match(answer):
        answer = answer[match.end() :]
        if match[1]:
            code = int(match[1])
            told.append(_OUT.get(match[2] or b"", _FAULTS.get(code, "printer_error")))
    return told, answer
