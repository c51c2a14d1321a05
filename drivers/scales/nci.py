"""Scales that speak NCI, in its general form (SCP-01) or its form for cash registers (ECR, SCP-02).

The host asks ``W CR``; the scale answers ``LF weight unit CR LF status CR ETX``, or without a weight ``LF status CR ETX``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag
from typing import Literal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit, number_form
from drivers.scales.units import Unit, in_grams

ETX = b"\x03"
_WAIT = 1.0
_LONGEST = 64
# Each status byte but the last has bit 6 set, except the first, which never has it; bits 4 and 5 are always 1.
_ANSWER = re.compile(rb"\n(?:(?P<text>[^\r\n]*)\r\n?)?S?(?P<status>[0-?][p-\x7f]{0,2}[0-?])\r?\x03\Z")
_REFUSED = re.compile(rb"\n\?\r?\x03\Z")
_BARS = {b"^": "over_capacity", b"_": "under_capacity", b"-": "outside_zero"}
_NUMBER = re.compile(rb" *([-+]?) *([0-9.]+) *([A-Za-z]+) *")
_POUNDS_OUNCES = re.compile(rb" *([-+]?) *([0-9]{1,4}) *lb *([0-9]{1,2}(?:\.[0-9]+)?) *oz *", re.IGNORECASE)
_UNITS = {"kg": Unit.KG, "g": Unit.G, "lb": Unit.LB, "oz": Unit.OZ}


class First(IntFlag):
    """The first status byte."""

    MOTION = 0x01
    AT_ZERO = 0x02
    RAM_ERROR = 0x04
    EEPROM_ERROR = 0x08


class Second(IntFlag):
    """The second status byte."""

    UNDER_CAPACITY = 0x01
    OVER_CAPACITY = 0x02
    ROM_ERROR = 0x04
    CALIBRATION_ERROR = 0x08


class Third(IntFlag):
    """The third, which not every scale sends; its bits 0 and 1, the weighing range, inform."""

    NET = 0x04
    INITIAL_ZERO_ERROR = 0x08


_FAULTS: tuple[tuple[int, int, str], ...] = (
    (1, Second.OVER_CAPACITY, "over_capacity"),
    (1, Second.UNDER_CAPACITY, "under_capacity"),
    (2, Third.INITIAL_ZERO_ERROR, "outside_zero"),
    (0, First.RAM_ERROR, "scale_memory"),
    (0, First.EEPROM_ERROR, "scale_memory"),
    (1, Second.ROM_ERROR, "scale_memory"),
    (1, Second.CALIBRATION_ERROR, "scale_calibration"),
)


@dataclass(frozen=True, slots=True)
class NciOptions:
    """What the scale always sends, as a check: there is no checksum, so a lost byte shows only as another form.

    `digits` is the form of its numbers (``WW.WWW``), `unit` the unit it is set to, `status_bytes` how many; empty and 0: any.
    """

    digits: str = ""
    unit: ExpectedUnit = ""
    status_bytes: Literal[0, 2, 3, 4] = 0


@register("nci", kind=Kind.SCALE, options=NciOptions)
class NciScale:
    """NCI and Weigh-Tronix bench scales, and others with that protocol (Brecknell, Salter, Ohaus, CAS CI-100A).

    Source: Weigh-Tronix SCP-01 8408-14788-01; NCI 6702 manual, p. 14; Ohaus Aviator 7000 Service Manual, p. 47-49; Brecknell
    67xxU Service Manual, p. 64-68.  Usual line: 9600 baud, 7E1.

    The unit is on the wire; whether a weight is net only where the scale sends a third status byte.  The protocol can set a tare
    and has no command to clear it: that is done at the scale.  Both dialects are read; ECR sends no weight while it is in motion.

    There is no checksum.  Of the bytes of a weight, a lost one gives another weight only if `digits` and `unit` are not configured;
    a changed one is caught by the line's parity, where it has one.
    """

    pace = Pace.POLL

    def __init__(self, transport: Transport, options: NciOptions) -> None:
        self._transport = transport
        self._options = options

    def read_weight(self) -> Weight:
        return parse_weight(self._ask(b"W"), self._options)

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault (motion, too much on it), DeviceTimeout."""
        status = self._status_after(b"Z")
        if not status[0] & First.AT_ZERO:
            status = self._status_after(b"S")  # some answer before they have done it
        if not status[0] & First.AT_ZERO:
            raise blocked(("outside_zero",))

    def tare(self) -> None:
        """Take what lies there as tare.  Raises DeviceFault (motion, not taken), DeviceTimeout, Unsupported (no such command)."""
        status = self._status_after(b"T")
        if len(status) > 2 and not status[2] & Third.NET:
            raise blocked(("tare_refused",))

    def _status_after(self, command: bytes) -> bytes:
        text, status = parse_answer(self._ask(command), self._options.status_bytes)
        if text is not None:
            raise ProtocolViolation(f"the scale sent {text!r} as an answer to {command!r}, expected its status alone")
        refuse(status)
        if status[0] & First.MOTION:
            raise blocked(("motion",))
        return status

    def _ask(self, command: bytes) -> bytes:
        self._transport.discard_input()
        self._transport.write(command + b"\r")
        frame = self._transport.read_until(ETX, _WAIT, _LONGEST)
        if _REFUSED.search(_without_parity(frame)):
            if command == b"T":
                raise Unsupported("this scale has no command for its tare: set it at the scale")
            raise ProtocolViolation(f"the scale did not understand {command!r}: it got something else")
        return frame


def parse_answer(frame: bytes, status_bytes: int = 0) -> tuple[bytes | None, bytes]:
    """The line before the status, if there is one, and the status bytes.  Noise before is ignored.  Raises ProtocolViolation."""
    found = _ANSWER.search(_without_parity(frame))
    if found is None or (status_bytes and len(found["status"]) != status_bytes):
        raise ProtocolViolation(f"the scale sent {frame!r}, expected LF weight unit CR LF status CR ETX")
    text: bytes | None = found["text"]
    return text, found["status"]


def parse_weight(frame: bytes, options: NciOptions) -> Weight:
    """Read an answer to ``W``.  Raises ProtocolViolation, DeviceFault (out of range, or the scale is broken)."""
    text, status = parse_answer(frame, options.status_bytes)
    refuse(status)
    is_moving = bool(status[0] & First.MOTION)
    if text is None:
        if not is_moving and not status[0] & First.AT_ZERO:
            raise ProtocolViolation(f"the scale sent {frame!r}: neither a weight nor why there is none")
        return Weight(Decimal(0), stable=not is_moving, raw=frame)
    is_net = len(status) > 2 and bool(status[2] & Third.NET)
    return Weight(_grams(text, frame, options), stable=not is_moving, raw=frame, is_net=is_net)


def refuse(status: bytes) -> None:
    """Raises DeviceFault for status bits that forbid any weight."""
    codes = [code for place, bit, code in _FAULTS if len(status) > place and status[place] & bit]
    if codes:
        raise blocked(codes)


def _grams(text: bytes, frame: bytes, options: NciOptions) -> Decimal:
    bars = text.replace(b" ", b"")
    if len(bars) > 1 and bars[:2] in (b"^^", b"__", b"--"):
        raise blocked((_BARS[bars[:1]],))
    if mixed := _POUNDS_OUNCES.fullmatch(text):
        expect_unit(Unit.LB, options.unit, frame)
        return _signed(mixed[1], _pounds_and_ounces(mixed[2], mixed[3], frame))
    found = _NUMBER.fullmatch(text)
    unit = _UNITS.get(found[3].decode().lower()) if found else None
    if found is None or unit is None or not number_form(options.digits).fullmatch(found[2]):
        wanted = f"a number like {options.digits or '01.234'} in {', '.join(_UNITS)}"
        raise ProtocolViolation(f"the scale sent {frame!r}, expected {wanted}")
    expect_unit(unit, options.unit, frame)
    return _signed(found[1], in_grams(Decimal(found[2].decode()), unit))


def _pounds_and_ounces(pounds: bytes, ounces: bytes, frame: bytes) -> Decimal:
    rest = Decimal(ounces.decode())
    if rest >= 16:
        raise ProtocolViolation(f"the scale sent {frame!r}: a pound has 16 ounces")
    return in_grams(Decimal(pounds.decode()), Unit.LB) + in_grams(rest, Unit.OZ)


def _signed(sign: bytes, grams: Decimal) -> Decimal:
    return -grams if sign == b"-" else grams


def _without_parity(frame: bytes) -> bytes:
    return bytes(each & 0x7F for each in frame)
