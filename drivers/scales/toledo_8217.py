"""Mettler Toledo 8217 scales, also sold as "8213" or "8217" compatible.  Source: Mettler DIVA Service Manual 72191202, p. 39-45.

The host asks with one ASCII byte; the scale answers ``STX digits [N] CR`` or ``STX ? status CR``.  The unit is not on the wire.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import ProtocolViolation
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import number_form
from drivers.scales.units import Unit, in_grams

STX, CR, US = b"\x02", b"\r", b"\x1f"
MOTION, OVER_CAPACITY, UNDER_ZERO, OUTSIDE_ZERO, CENTRE_OF_ZERO, ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
_FAULTS = {OVER_CAPACITY: "over_capacity", UNDER_ZERO: "under_zero", OUTSIDE_ZERO: "outside_zero"}
_BLOCKING = MOTION | OVER_CAPACITY | UNDER_ZERO | OUTSIDE_ZERO
_STATUS_AT_END = re.compile(rb"\x02(\?[^\r])\r\Z", re.DOTALL)
_WAIT = 1.0
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class ToledoOptions:
    """`unit` has no default: a wrong guess would book a wrong weight.  `digits` is the form of the numbers: ``WW.WWW``, …

    Without `digits`, kg are ``WW.WWW`` and lb are ``WW.WW`` or ``0WW.WW``, where some send spaces instead of leading zeros (the
    public 8217 driver of Odoo's `hw_drivers` allows for them); any other length means that bytes were lost.
    `us_prefix`: each command is announced by US (1F), as the Brecknell 67xxU wants it in one of its modes.
    """

    unit: Literal["kg", "lb"]
    digits: str = ""
    us_prefix: bool = False


@register("toledo.8217", kind=Kind.SCALE, options=ToledoOptions)
class Toledo8217:
    """Mettler Toledo 8217 and compatible counter scales.

    Source: Mettler DIVA Service Manual 72191202, p. 39-45; Brecknell 67xxU Service Manual, p. 69-77 (US prefix).

    Usual line: 9600 baud, 7E1.  Some firmwares send a weight once, then "nothing new" until it changes: `read_weight` is then None.
    The command ``H`` of some (ten times the digits) is never sent: its answers have another form by model, and are refused here.
    """

    pace = Pace.POLL

    def __init__(self, transport: Transport, options: ToledoOptions) -> None:
        self._transport = transport
        self._unit = Unit(options.unit)
        self._number = number_pattern(self._unit, options.digits)
        self._prefix = US if options.us_prefix else b""

    def read_weight(self) -> Weight | None:
        return parse_weight(self._ask(b"W"), self._unit, self._number)

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault (motion, too much on it), DeviceTimeout."""
        check_done(self._ask(b"Z"))

    def tare(self) -> None:
        """Take what lies there as tare: weights are net from here on.  Raises DeviceFault (motion), DeviceTimeout."""
        check_done(self._ask(b"T"))

    def clear_tare(self) -> None:
        """Weights are gross again.  Raises DeviceFault, DeviceTimeout."""
        check_done(self._ask(b"C"))

    def _ask(self, command: bytes) -> bytes:
        self._transport.discard_input()
        self._transport.write(self._prefix + command)
        return self._transport.read_until(CR, _WAIT, _LONGEST)


def number_pattern(unit: Unit, digits: str = "") -> re.Pattern[bytes]:
    """What a number of this scale looks like; `digits` as in `ToledoOptions`."""
    if digits:
        return number_form(digits)
    if unit is Unit.KG:
        return re.compile(rb"[0-9 ][0-9]\.[0-9]{3}")
    return re.compile(rb"(?:0?[0-9]{2}| ?[ 0-9][0-9])\.[0-9]{2}")


def parse_weight(frame: bytes, unit: Unit, number: re.Pattern[bytes]) -> Weight | None:
    """Read an answer to ``W``; None for ``3F 40``, nothing new.  Noise before STX is ignored.

    Raises ProtocolViolation, DeviceFault (over capacity, under zero, outside the zero range: no weight there is may be booked).
    """
    body = _body(frame)
    if body.startswith(b"?"):
        return _weight_of_status(_status(body, frame), frame)
    digits = body.removesuffix(b"N")
    if not number.fullmatch(digits):
        raise ProtocolViolation(f"the scale sent {frame!r}, expected a number like {number.pattern!r} in {unit}, or a status")
    return Weight(in_grams(Decimal(digits.decode()), unit), stable=True, raw=frame, is_net=digits != body)


def check_done(frame: bytes) -> None:
    """Read an answer to a command.  Raises DeviceFault when the scale did not do it, ProtocolViolation."""
    body = _body(frame)
    status = _status(body, frame)
    _refuse(status)
    if status & MOTION:
        raise blocked(("motion",))


def _weight_of_status(status: int, frame: bytes) -> Weight | None:
    _refuse(status)
    if status & MOTION:
        return Weight(Decimal(0), stable=False, raw=frame)
    if status & CENTRE_OF_ZERO:
        return Weight(Decimal(0), stable=True, raw=frame)
    return None


def _refuse(status: int) -> None:
    faults = [name for bit, name in _FAULTS.items() if status & bit]
    if faults:
        raise blocked(faults)


def _body(frame: bytes) -> bytes:
    told = _STATUS_AT_END.search(frame)  # first: a status without bit 6 may look like STX
    if told is not None:
        return told[1]
    before, stx, body = frame.rpartition(STX)
    if not stx or not body.endswith(CR):
        raise ProtocolViolation(f"the scale sent {before + body!r}, expected STX … CR")
    return body.removesuffix(CR)


def _status(body: bytes, frame: bytes) -> int:
    # Bit 7 is parity where the line is read as 8 bits.  Bit 6 is always 1 by the manual; devices and simulators that copy this
    # protocol leave it out (emupos 0.4.0).  What blocks a weight is believed without it, what gives one is not.
    if len(body) != 2 or body[:1] != b"?" or not body[1] & (ALWAYS | _BLOCKING):
        raise ProtocolViolation(f"the scale sent {frame!r}, expected STX ? status CR with bit 6 of the status set")
    return body[1] & 0x7F
