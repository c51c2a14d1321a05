"""Scales and indicators that send the Toledo continuous output: about seven frames a second, without being asked.

``STX SWA SWB SWC weight*6 tare*6 CR [checksum]``; the decimal point, the unit and all states are in the three status words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from drivers.devices import Pace, Transport, Weight
from drivers.errors import ProtocolViolation
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.latest import LatestFrame
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

STX, CR = 0x02, 0x0D
NET, NEGATIVE, OUT_OF_RANGE, MOTION, KG, ZERO_NOT_CAPTURED = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40  # status word B
UNIT, PRINT, EXPANDED, ALWAYS, KEYBOARD_TARE = 0x07, 0x08, 0x10, 0x20, 0x40  # status word C; bit 5 also of A
_UNITS: Mapping[int, Unit] = MappingProxyType(
    {1: Unit.G, 2: Unit.TONNE, 3: Unit.OZ, 4: Unit.TROY_OZ, 5: Unit.PENNYWEIGHT, 6: Unit.SHORT_TON}
)
_NUMBER = re.compile(rb" *[0-9]+")
_WITH_TARE, _SHORT = 17, 11


@dataclass(frozen=True, slots=True)
class ContinuousOptions:
    """`checksum`: whether the scale adds one after CR; without it a damaged frame may pass as another weight.

    `tare_field`: False for the short form without a tare (Cardinal).  `unit`: the only unit that is believed, empty for any.
    """

    checksum: bool = True
    tare_field: bool = True
    unit: ExpectedUnit = ""

    @property
    def size(self) -> int:
        """Bytes of a frame."""
        return (_WITH_TARE if self.tare_field else _SHORT) + self.checksum


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: the weight as it is indicated, and the tare in grams (None in the short form)."""

    weight: Weight
    tare: Decimal | None


@register("toledo.continuous", kind=Kind.SCALE, options=ContinuousOptions)
class ToledoContinuous:
    """Scales and indicators with the Toledo continuous output (Mettler Toledo, Cardinal, Kern, Fairbanks and others).

    Source: Mettler Toledo Wildcat Technical Manual (12/00), p. 6-4 and 6-5; Rockwell 57C428 User Guide, appendix D; Kern FTC manual
    FTC-BA-e-0720, p. 42; Cardinal 225 manual 8200-M698-O1 rev. B, p. 118.  Usual line: 9600 baud, 7E1 or 8N1.

    It is only listened to.  With `checksum`, one changed or lost byte never passes, more of them in 1 of 128 cases if the frame
    still has its form.  Without, STX, CR and status words must be in their places, so that a lost byte always shows; a changed
    digit is left to the line's parity.  A frame in the scale's expanded mode (ten times its digits) is refused: it is a service
    mode, and makers differ in where the decimal point then is.  Of the units that the status words can tell, the maker's own (7)
    is refused.
    """

    pace = Pace.STREAM

    def __init__(self, transport: Transport, options: ContinuousOptions) -> None:
        self._options = options
        self._frames = LatestFrame(transport, lambda received: find_last(received, options), options.size)
        self._tare: Decimal | None = None

    def read_weight(self) -> Weight:
        frame = parse_frame(self._frames.read(), self._options)
        self._tare = frame.tare
        return frame.weight

    @property
    def tare_grams(self) -> Decimal | None:
        """The tare that came with the last weight; None before the first, and in the short form."""
        return self._tare


def find_last(received: bytes, options: ContinuousOptions) -> tuple[bytes, int] | None:
    """The last whole frame and where it ends: from each STX, backwards, there must be a CR in its place and a right checksum."""
    plain = bytes(each & 0x7F for each in received)  # bit 7 is parity where the line is read as 8 bits
    start = plain.rfind(STX)
    while start >= 0:
        end = start + options.size
        if end <= len(plain) and _is_frame(plain[start:end], options):
            return received[start:end], end
        start = plain.rfind(STX, 0, start)
    return None


def parse_frame(frame: bytes, options: ContinuousOptions) -> Frame:
    """Read one frame.  Raises ProtocolViolation, DeviceFault (out of range, zero not captured, expanded)."""
    plain = bytes(each & 0x7F for each in frame)
    if len(plain) != options.size or not _is_frame(plain, options):
        raise ProtocolViolation(f"the scale sent {frame!r}, expected {options.size} bytes from STX with CR in its place")
    word_a, word_b, word_c = plain[1:4]
    if word_b & OUT_OF_RANGE:
        raise blocked(("under_capacity" if word_b & NEGATIVE else "over_capacity",))
    if word_b & ZERO_NOT_CAPTURED:
        raise blocked(("outside_zero",))
    if word_c & EXPANDED:
        raise blocked(("scale_expanded",))
    unit = _unit(word_b, word_c, frame)
    expect_unit(unit, options.unit, frame)
    grams = _grams(plain[4:10], word_a, unit, frame)
    weight = Weight(-grams if word_b & NEGATIVE else grams, stable=not word_b & MOTION, raw=frame, is_net=bool(word_b & NET))
    return Frame(weight, _grams(plain[10:16], word_a, unit, frame) if options.tare_field else None)


def checksum(frame: bytes) -> int:
    """Two's complement of the low seven bits of the sum of all bytes from STX to CR."""
    return -sum(frame) & 0x7F


def _is_frame(plain: bytes, options: ContinuousOptions) -> bool:
    end = options.size - options.checksum
    return (
        plain[0] == STX
        and plain[end - 1] == CR
        and bool(plain[1] & plain[3] & ALWAYS)
        and all(0x20 <= each < 0x7F for each in plain[4 : end - 1])
        and (not options.checksum or plain[end] == checksum(plain[:end]))
    )


def _unit(word_b: int, word_c: int, frame: bytes) -> Unit:
    further = word_c & UNIT
    if not further:
        return Unit.KG if word_b & KG else Unit.LB
    if further not in _UNITS:
        raise ProtocolViolation(f"the scale sent {frame!r} in its own unit, which nobody else knows: set it to kg, g or lb")
    return _UNITS[further]


def _grams(digits: bytes, word_a: int, unit: Unit, frame: bytes) -> Decimal:
    if not _NUMBER.fullmatch(digits):
        raise ProtocolViolation(f"the scale sent {frame!r}, expected six digits, with spaces before them or without")
    return in_grams(Decimal(digits.decode().strip()).scaleb(2 - (word_a & 0x07)), unit)
