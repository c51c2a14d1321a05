"""Scales that speak the A&D standard format, which many others copied (KERN, Jadever, Excell, …).

A line is ``HH,±DDDDDDDD UUU CR LF``: how it is, a number of fixed width, its unit.  It comes by itself, or when it is asked for.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import UNIT_OF_LETTERS, in_grams

CRLF = b"\r\n"
_ACK = b"\x06"
_WAIT = 1.0
_LONGEST = 96
_LINES = 16  # that are read for the answer to a command, between those that it sends by itself
_BETWEEN = 0.5  # seconds from one command to the next: HW-G manual, section 16.3
_LINE = re.compile(
    rb"(?P<state>ST|US|OL|QT|HD),(?:(?P<limit>LO|OK|HI|--),)?(?:(?P<kind>GS|NT|TR|G|N|T) ?,)?"
    rb"(?P<number>[-+][-+ .,0-9E]+?)(?P<unit> *[A-Za-z%]*)\r\n\Z"
)
_NUMBER = re.compile(rb"([-+]) *([0-9]+)(?:[.,]([0-9]+))?")
_NO_WEIGHTS = (b"pc", b"pcs", b"%")


@dataclass(frozen=True, slots=True)
class AndOptions:
    """`mode`: the scale sends by itself (`stream`), or is asked by ``Q`` or ``SI`` (now), or by ``S`` (once it is at rest).

    `digits`: characters of a number after its sign; 0: 8, or 7 where the line says gross or net.  `unit`: the only one believed.
    """

    mode: Literal["stream", "Q", "SI", "S"] = "stream"
    digits: int = 0
    unit: ExpectedUnit = ""


@register("and.standard", kind=Kind.SCALE, options=AndOptions)
class AndScale:
    """A&D scales and balances, and others with the A&D standard format.

    Source: A&D EK-L manual, section 9-2; GC manual, section 16.2 and its error codes; AD-4406A manual, sections 13.2 and 13.3
    (second header, replies I and ?); HW-G manual, section 16.3 (commands Q Z T CT).  Usual line: 2400 baud, 7E1.

    The unit is on the wire, whether a weight is net only in some models.  A number has a fixed width: a lost digit is seen.
    """

    pace: Pace = Pace.STREAM

    def __init__(self, transport: Transport, options: AndOptions) -> None:
        if not 0 <= options.digits <= 12:
            raise Unsupported(f"and.standard: digits is 0 to 12, got {options.digits}")
        self._transport = transport
        self._options = options
        self._next_command = 0.0
        if options.mode != "stream":
            self.pace = Pace.POLL

    def read_weight(self) -> Weight:
        """The next weight that it sends, or the answer.  Raises DeviceFault, DeviceTimeout, ProtocolViolation."""
        if self._options.mode != "stream":
            self._command(self._options.mode.encode())
        try:
            line = self._transport.read_until(CRLF, _WAIT, _LONGEST)
            if line == _ACK + CRLF:  # the second one to a command, which comes when it is done
                line = self._transport.read_until(CRLF, _WAIT, _LONGEST)
        except DeviceTimeout:
            if self._options.mode == "S":
                self._transport.write(b"C" + CRLF)  # or it would answer when nobody asks
            raise
        return parse_line(line, self._options)

    def zero(self) -> None:
        """Make what lies there the new zero.  Raises DeviceFault (motion, too much on it), DeviceTimeout."""
        self._until_nothing(b"Z", "outside_zero")

    def tare(self) -> None:
        """Take what lies there as tare: weights are net from here on.  Raises DeviceFault (motion), DeviceTimeout."""
        self._until_nothing(b"T", "tare_refused")

    def clear_tare(self) -> None:
        """Weights are gross again.  Raises DeviceFault, DeviceTimeout (models that do not answer commands give no proof of it)."""
        self._command(b"CT")
        for _ in range(_LINES):
            if self._line() in (_ACK, b"CT"):
                return
        raise DeviceTimeout("the scale did not say that it cleared its tare: look at its display")

    def _until_nothing(self, command: bytes, code: str) -> None:
        """Some models answer a command, some do not; that the weight is then zero, at rest, is what all of them show."""
        self._command(command)
        weight: Weight | None = None
        deadline = time.monotonic() + _WAIT
        for _ in range(_LINES):
            answer = self._answer_or_ask()
            if answer in (_ACK, command):
                continue
            weight = parse_line(answer + CRLF, self._options)
            if weight.stable and not weight.grams:
                return
            if time.monotonic() > deadline or self.pace is Pace.POLL:
                break
        raise blocked(("motion" if weight is None or not weight.stable else code,))

    def _answer_or_ask(self) -> bytes:
        try:
            return self._line()
        except DeviceTimeout:
            if self.pace is Pace.STREAM:
                raise
        self._command(self._options.mode.encode())
        return self._line()

    def _line(self) -> bytes:
        """The next line, without its end.  Raises DeviceTimeout, and what a refusal means."""
        line = self._transport.read_until(CRLF, _BETWEEN, _LONGEST).removesuffix(CRLF)
        _check_refusal(line)
        return line

    def _command(self, command: bytes) -> None:
        rest = self._next_command - time.monotonic()
        if rest > 0:
            self._transport.read(1, rest)  # silence, until it takes the next one; whatever comes is discarded
        self._transport.discard_input()
        self._transport.write(command + CRLF)
        self._next_command = time.monotonic() + _BETWEEN


def parse_line(line: bytes, options: AndOptions) -> Weight:
    """Read a line; noise before it is passed over.  Raises DeviceFault (overload, counting), ProtocolViolation, Unsupported."""
    found = _LINE.search(line)
    if not found:
        _check_refusal(line.removesuffix(CRLF))
        raise ProtocolViolation(f"the scale sent {line!r}, expected ST, US or OL, a comma, a sign, a number, a unit, CR LF")
    if found["state"] == b"OL":
        raise blocked(("over_capacity",) if found["number"][:1] == b"+" else ("under_capacity",))
    unit = found["unit"].strip().lower()
    if found["state"] in (b"QT", b"HD") or found["kind"] in (b"TR", b"T") or unit in _NO_WEIGHTS:
        raise blocked(("not_weighing",))
    number = _NUMBER.fullmatch(found["number"])
    width = options.digits or (7 if found["kind"] else 8)
    widths = (2, 3) if found["kind"] else (3,)
    if not number or unit not in UNIT_OF_LETTERS or len(found["number"]) != 1 + width or len(found["unit"]) not in widths:
        raise ProtocolViolation(
            f"the scale sent {line!r}, expected a number of {width} characters after its sign, a unit of 3: see its option digits"
        )
    expect_unit(UNIT_OF_LETTERS[unit], options.unit, line)
    value = Decimal((number[1] + number[2] + b"." + (number[3] or b"0")).decode())
    grams = in_grams(value, UNIT_OF_LETTERS[unit])
    return Weight(grams, stable=found["state"] == b"ST", raw=line[found.start() :], is_net=found["kind"] in (b"NT", b"N"))


def _check_refusal(answer: bytes) -> None:
    """Raises what a refusal of a command means: ``EC,Enn`` (GC manual), ``?`` and ``I`` (AD-4406A manual, section 13.3)."""
    match answer[-6:]:
        case b"EC,E01" | b"EC,E06" | b"?":
            raise Unsupported("the scale does not know this command of the A&D standard")
        case b"EC,E02" | b"I":
            raise blocked(("scale_busy",))
        case b"EC,E11":
            raise blocked(("motion",))
