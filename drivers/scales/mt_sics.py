"""Scales and balances that speak the Mettler Toledo Standard Interface Command Set (MT-SICS), levels 0 and 1.

Commands and answers are lines of ASCII, ended by CR LF; an answer repeats its command: ``SI`` is answered ``S S     100.00 g``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from drivers.devices import Pace, Transport, Weight
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

_WAIT = 1.0
_LONGEST = 128
_UNITS: Mapping[bytes, Unit] = MappingProxyType(
    {
        b"g": Unit.G,
        b"kg": Unit.KG,
        b"KG": Unit.KG,  # clones
        b"mg": Unit.MG,
        b"ug": Unit.UG,
        b"\xb5g": Unit.UG,
        b"t": Unit.TONNE,
        b"lb": Unit.LB,
        b"oz": Unit.OZ,
        b"ozt": Unit.TROY_OZ,
        b"ct": Unit.CARAT,
        b"dwt": Unit.PENNYWEIGHT,
        b"GN": Unit.GRAIN,
    }
)
_VALUE = re.compile(rb"(?P<field> *(?P<number>-?[0-9]+(?:\.[0-9]+)?)) (?P<unit>[A-Za-z\xb5]+) *")
_SERIAL_NUMBER = re.compile(rb'A "([ !#-~]{1,40})" *')


@dataclass(frozen=True, slots=True)
class SicsOptions:
    """`width`: characters of the number's field, 10 by the manual; 0 for clones that send it unpadded.  A lost digit shows by it.

    `unit`: the only unit that is believed, empty for any; a lost ``k`` makes grams of kilograms, so it is worth giving.
    `asks_tare`: ask for the tare with each weight (level 1, takes twice the time), so that a net weight is told as net.
    """

    width: int = 10
    unit: ExpectedUnit = ""
    asks_tare: bool = False


@register("mt.sics", kind=Kind.SCALE, options=SicsOptions)
class MtSics:
    """Mettler Toledo scales and balances with MT-SICS level 0; with level 1 also their tare.

    Source: Mettler Toledo Reference Manual MT-SICS 11780711 (NewClassic) and 11780447 (Basic-S); JS Series Operating Instructions,
    p. 30; mettler_toledo_device 1.5.0 (BSD).  Usual line: 9600 baud, 8N1 or 7E1.

    The unit is on the wire; one that is not known here is refused.  ``SI`` gives the net weight and does not say whether a tare is
    in effect: without `asks_tare`, `is_net` knows only the tares that were set through here, not those of the balance's own key.

    There is no checksum.  Of the bytes of a weight in kg, a lost one gives another weight only without `unit` (the ``k``).
    """

    pace = Pace.POLL

    def __init__(self, transport: Transport, options: SicsOptions) -> None:
        self._transport = transport
        self._options = options
        self._is_net: bool | None = False
        """None: a tare was asked for, and the answer did not come; the scale is asked what it did before the next weight."""

    def read_weight(self) -> Weight:
        raw = self._ask(b"SI", b"S")
        if self._options.asks_tare or self._is_net is None:
            self._is_net = self._tare_in_effect() != 0
        return parse_weight(raw, self._options, is_net=self._is_net)

    def zero(self) -> None:
        """Make what lies there the new zero, once at rest.  Raises DeviceFault (busy, too much on it), DeviceTimeout (unknown)."""
        check_done(self._ask(b"Z", b"Z"), b"A", "outside_zero")

    def tare(self) -> None:
        """Take what lies there as tare, once at rest.  Raises DeviceFault (not done), DeviceTimeout (unknown), Unsupported."""
        self._set_tare(b"T", b"S", is_net=True)

    def clear_tare(self) -> None:
        """Weights are gross again.  Raises DeviceFault (busy), DeviceTimeout (unknown), Unsupported."""
        self._set_tare(b"TAC", b"A", is_net=False)

    def serial_number(self) -> str:
        """What tells two of a model apart.  Raises DeviceFault (busy), DeviceTimeout, ProtocolViolation."""
        return parse_serial_number(self._ask(b"I4", b"I4"))

    def reset(self) -> str:
        """End whatever it is doing, without setting zero; the serial number, with which it answers.  Raises as `serial_number`."""
        self._is_net = False
        return parse_serial_number(self._ask(b"@", b"I4"))

    def _set_tare(self, command: bytes, done: bytes, *, is_net: bool) -> None:
        before, self._is_net = self._is_net, None
        try:
            answer = self._ask(command, command)
        except Unsupported:
            self._is_net = before
            raise
        self._is_net = before
        check_done(answer, done, "tare_refused")
        self._is_net = is_net

    def _tare_in_effect(self) -> Decimal:
        answer = self._ask(b"TA", b"TA")
        status, _, value = _parts(answer)
        if status == b"I":
            raise blocked(("scale_busy",))
        if status != b"A":
            raise ProtocolViolation(f"the scale sent {answer!r}, expected TA A and its tare")
        return parse_value(value, answer, self._options)

    def _ask(self, command: bytes, name: bytes) -> bytes:
        """The line that answers; others (a balance that was just switched on tells its serial number) are passed over."""
        self._transport.discard_input()
        self._transport.write(command + b"\r\n")
        # After noise that is not text, an answer may begin in the middle of a line.
        answer = re.compile(rb"(?:^|[^ -~])(%s [^\r\n]*\r?\n|E[STL] *\r?\n)\Z" % name)
        deadline = time.monotonic() + _WAIT
        while True:
            line = self._transport.read_until(b"\n", max(0.0, deadline - time.monotonic()), _LONGEST)
            if found := answer.search(line):
                return _understood(found[1], command)


def parse_weight(answer: bytes, options: SicsOptions, *, is_net: bool = False) -> Weight:
    """Read an answer to ``S`` or ``SI``.  Raises ProtocolViolation, DeviceFault (overload, underload, busy, broken)."""
    status, _, value = _parts(answer)
    match status:
        case b"+":
            raise blocked(("over_capacity",))
        case b"-":
            raise blocked(("under_capacity",))
        case b"I":
            raise blocked(("scale_busy",))
        case b"S" | b"D" if b"Error" in value:  # `S S Error 10b`: the balance shows an error where its weight would stand
            raise blocked(("scale_error",))
        case b"S" | b"D":
            return Weight(parse_value(value, answer, options), stable=status == b"S", raw=answer, is_net=is_net)
    raise ProtocolViolation(f"the scale sent {answer!r}, expected S and one of S, D, I, +, -")


def parse_value(value: bytes, answer: bytes, options: SicsOptions) -> Decimal:
    """Grams of a right-aligned number and its unit.  Raises ProtocolViolation (another form, or a unit that is not known)."""
    found = _VALUE.fullmatch(value)
    if found is None or (options.width and len(found["field"]) != options.width):
        wanted = f"a number in {options.width} characters" if options.width else "a number"
        raise ProtocolViolation(f"the scale sent {answer!r}, expected {wanted} and its unit")
    unit = _UNITS.get(found["unit"])
    if unit is None:
        raise ProtocolViolation(
            f"the scale sent {answer!r}, whose unit is not known; known are {', '.join(sorted(set(_UNITS.values())))}"
        )
    expect_unit(unit, options.unit, answer)
    return in_grams(Decimal(found["number"].decode()), unit)


def parse_serial_number(answer: bytes) -> str:
    """Read an answer to ``I4`` or ``@``.  Raises ProtocolViolation, DeviceFault (busy)."""
    status, _, _ = _parts(answer)
    if status == b"I":
        raise blocked(("scale_busy",))
    found = _SERIAL_NUMBER.fullmatch(answer.partition(b" ")[2].rstrip(b"\r\n"))
    if found is None:
        raise ProtocolViolation(f'the scale sent {answer!r}, expected I4 A "serial number"')
    return found[1].decode()


def check_done(answer: bytes, done: bytes, out_of_range: str) -> None:
    """Read an answer to a command.  Raises DeviceFault when the scale did not do it, ProtocolViolation."""
    status, _, _ = _parts(answer)
    if status == b"I":
        raise blocked(("scale_busy",))
    if status in (b"+", b"-"):
        raise blocked((out_of_range,))
    if status != done:
        raise ProtocolViolation(f"the scale sent {answer!r}, expected {done!r} or why not")


def _parts(answer: bytes) -> tuple[bytes, bytes, bytes]:
    """The status, the space after it, the rest."""
    return answer.rstrip(b"\r\n").partition(b" ")[2].partition(b" ")


def _understood(answer: bytes, command: bytes) -> bytes:
    """Raises Unsupported (not a command of this scale), ProtocolViolation (it did not arrive as it was sent)."""
    match answer.rstrip():
        case b"ES" | b"EL" if command not in (b"SI", b"@"):
            raise Unsupported(f"this scale has no command {command.decode()}")
        case b"ES" | b"ET" | b"EL":
            raise ProtocolViolation(f"the scale answered {command!r} with {answer!r}: it got something else, or cannot do it")
    return answer
