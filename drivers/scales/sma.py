"""Scales that speak the protocol of the Scale Manufacturers Association, SMA SCP-0499.

The host sends ``LF command CR``; the scale answers with one message of fixed fields, ``LF s r n m f xxxxxx.xxx uuu CR``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

CR = b"\r"
_WAIT = 1.0
_LONGEST = 64
_MESSAGE = re.compile(
    rb"\n(?P<status>[ZOUEITe ])(?P<range>[1-9])(?P<kind>[GNTgn])(?P<motion>[M ])(?P<future>[\x20-\x7e])"
    rb"(?P<weight>[0-9. \-]{10})(?P<unit>[A-Za-z/ _\-]{3})\r"
)
_NUMBER = re.compile(rb" *(-?) *([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DIAGNOSIS = re.compile(rb"\n([R ])([E ])([C ])[\x20-\x7e]\r")
_FAULTS = {
    b"O": "over_capacity",
    b"U": "under_capacity",
    b"E": "outside_zero",
    b"I": "outside_zero",
    b"T": "tare_refused",
    b"e": "not_weighing",
}
_UNITS = {
    b"kg": Unit.KG,
    b"g": Unit.G,
    b"mg": Unit.MG,
    b"t": Unit.TONNE,
    b"lb": Unit.LB,
    b"oz": Unit.OZ,
    b"ozt": Unit.TROY_OZ,
    b"ton": Unit.SHORT_TON,
    b"ct": Unit.CARAT,
}


@dataclass(frozen=True, slots=True)
class SmaOptions:
    """`unit`: the only unit that is believed, as a check; empty: whatever the scale says."""

    unit: ExpectedUnit = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message: its status letter, gross, net or tare (`kind`), whether it moves; no number where it shows dashes."""

    status: bytes
    kind: bytes
    is_moving: bool
    grams: Decimal | None
    raw: bytes


@register("sma", kind=Kind.SCALE, options=SmaOptions)
class SmaScale:
    """Scales with the SMA protocol, level 1 or 2 (Fairbanks, B-Tek, Cardinal, Sartorius PR 5210 and others).

    Source: Scale Manufacturers Association, SMA SCP-0499, first edition 1999 with mod 1 of 2005, sections 4 and 5; Sartorius
    PR 5211 manual, sections 5.3 and 5.4; Cardinal 190 8400-M022-O1 rev J (status `e`).  Usual line: 9600 baud, 8N1 or 7E1.

    The unit is on the wire.  There is no checksum, but each field has its place: a message with a lost byte is refused.
    """

    pace = Pace.POLL

    def __init__(self, transport: Transport, options: SmaOptions) -> None:
        self._transport = transport
        self._options = options

    def read_weight(self) -> Weight:
        """The weight on the display.  Raises DeviceFault, DeviceTimeout, ProtocolViolation."""
        return weight_of(self._ask(b"W"))

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault (motion, too much on it), DeviceTimeout."""
        done = self._ask(b"Z")
        _check_rest(done)
        if done.status != b"Z" and done.grams != 0:
            raise blocked(("outside_zero",))

    def tare(self) -> None:
        """Take what lies there as tare: weights are net from here on.  Raises DeviceFault (motion), DeviceTimeout."""
        done = self._ask(b"T")
        _check_rest(done)
        if done.kind != b"N":
            raise blocked(("tare_refused",))

    def clear_tare(self) -> None:
        """Weights are gross again.  Raises DeviceFault, DeviceTimeout."""
        done = self._ask(b"C")
        if done.kind != b"G":
            raise blocked(("tare_refused",))

    def diagnose(self) -> tuple[str, ...]:
        """What the scale's own test found (command ``D``): codes of faults.  Raises DeviceTimeout, ProtocolViolation."""
        answer = self._say(b"D")
        found = _DIAGNOSIS.fullmatch(answer)
        if not found:
            raise ProtocolViolation(f"the scale sent {answer!r}, expected LF, R E C or spaces, CR")
        codes = ("scale_memory", "scale_memory", "scale_calibration")
        return tuple(dict.fromkeys(code for code, letter in zip(codes, found.groups(), strict=True) if letter != b" "))

    def _ask(self, command: bytes) -> Reading:
        return parse_reading(self._say(command), self._options)

    def _say(self, command: bytes) -> bytes:
        self._transport.discard_input()
        self._transport.write(b"\n" + command + CR)
        answer = self._transport.read_until(CR, _WAIT, _LONGEST)
        noise, line_feed, message = answer.rpartition(b"\n")  # noise before it is passed over
        if message == b"?\r":
            raise Unsupported(f"the scale does not know the command {command!r} of the SMA protocol")
        if message == b"!\r":
            raise ProtocolViolation("the scale could not read the command: look at the baud rate and parity of the line")
        return line_feed + message if line_feed else noise + message


def parse_reading(message: bytes, options: SmaOptions) -> Reading:
    """Read a standard scale response message.  Raises ProtocolViolation (its form, its unit)."""
    found = _MESSAGE.fullmatch(message)
    if not found:
        raise ProtocolViolation(f"the scale sent {message!r}, expected LF, 5 fields of one letter, 10 of weight, 3 of unit, CR")
    grams = None
    if found["weight"].strip(b"- ") or not found["weight"].strip(b" "):
        number = _NUMBER.fullmatch(found["weight"])
        unit = _UNITS.get(found["unit"].strip(b" _"))  # manuals print a space as _; emupos 0.4.0 sends it so
        if not number or not unit:
            raise ProtocolViolation(f"the scale sent {message!r}, expected a number in kg, g, mg, t, lb, oz, ozt, ton or ct")
        expect_unit(unit, options.unit, message)
        grams = in_grams(Decimal((number[1] + number[2]).decode()), unit)
    return Reading(found["status"], found["kind"], found["motion"] == b"M", grams, message)


def weight_of(reading: Reading) -> Weight:
    """The weight that an answer to ``W`` tells.  Raises DeviceFault (its status), ProtocolViolation (it is no such answer)."""
    if reading.status in _FAULTS:
        raise blocked((_FAULTS[reading.status],))
    if reading.grams is None:
        return Weight(Decimal(0), stable=False, raw=reading.raw)  # dashes: it has not come to rest
    if reading.kind not in b"GN":
        raise ProtocolViolation(
            f"the scale sent {reading.raw!r}, which is a tare or has ten times the digits: not what it was asked for"
        )
    return Weight(reading.grams, stable=not reading.is_moving, raw=reading.raw, is_net=reading.kind == b"N")


def _check_rest(done: Reading) -> None:
    if done.status in _FAULTS:
        raise blocked((_FAULTS[done.status],))
    if done.is_moving or done.grams is None:
        raise blocked(("motion",))
