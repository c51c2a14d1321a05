"""CAS counter scales that answer a till (PD-II type 6, AP-1): ENQ, ACK, DC1, and then one frame with a block check.

``SOH STX state sign weight*6 unit*2 BCC ETX EOT``; BCC is the XOR of all bytes between STX and itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import xor
from types import MappingProxyType

from drivers.devices import Pace, Transport, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

ENQ, ACK, NAK, DC1 = b"\x05", b"\x06", b"\x15", b"\x11"
_END = b"\x03\x04"
_SIZE = 15
_WAIT = 1.0
_LONGEST = 64
_NUMBER = re.compile(rb" *[0-9]+(?:\.[0-9]+)?")
_UNITS: Mapping[bytes, Unit] = MappingProxyType({b"kg": Unit.KG, b"lb": Unit.LB, b"g": Unit.G, b"oz": Unit.OZ})


@dataclass(frozen=True, slots=True)
class CasPdiiOptions:
    """`unit`: the only unit that is believed, empty for any."""

    unit: ExpectedUnit = ""


@register("cas.pdii", kind=Kind.SCALE, options=CasPdiiOptions)
class CasPdii:
    """CAS PD-II (ECR type 6), AP-1, SW-II and others with that protocol.

    Source: CAS PD-II manual, p. 19 and 23; AP-1 transmission protocol standard; SW-II manual, p. 16; Ohaus Aviator 7000 Service
    Manual, p. 36 (whose DC2 is a misprint of DC1).  Usual line: 9600 baud, 8N1.

    `read_weight` is None when the scale takes the question and sends nothing, after it has sent a weight before: some send each
    weight once.  The protocol tells neither zero nor net, and has no commands for them.  A lost byte always shows by the length,
    a changed one by the block check.
    """

    pace = Pace.POLL

    def __init__(self, transport: Transport, options: CasPdiiOptions) -> None:
        self._transport = transport
        self._options = options
        self._has_told = False

    def read_weight(self) -> Weight | None:
        deadline = time.monotonic() + _WAIT
        self._transport.discard_input()
        self._transport.write(ENQ)
        self._await_readiness(deadline)
        self._transport.write(DC1)
        try:
            frame = self._transport.read_until(_END, max(0.0, deadline - time.monotonic()), _LONGEST)
        except DeviceTimeout:
            if self._has_told:
                return None
            raise
        weight = parse_frame(frame, self._options)
        self._has_told = True
        return weight

    def _await_readiness(self, deadline: float) -> None:
        """Raises DeviceFault (not ready), DeviceTimeout, ProtocolViolation (something else answers)."""
        heard = b""
        while True:
            remaining = deadline - time.monotonic()
            byte = self._transport.read(1, remaining) if remaining > 0 else b""
            if byte == ACK:
                return
            if byte == NAK:
                raise blocked(("scale_busy",))
            heard += byte
            if not byte and not heard:
                raise DeviceTimeout(f"the scale did not answer within {_WAIT:g} s")
            if not byte or len(heard) > _LONGEST:
                raise ProtocolViolation(f"the scale sent {heard!r}, expected ACK or NAK")


def parse_frame(frame: bytes, options: CasPdiiOptions) -> Weight:
    """Read the answer to DC1; noise before it is ignored.  Raises ProtocolViolation, DeviceFault (overload)."""
    whole = frame[-_SIZE:]
    if len(whole) < _SIZE or whole[:2] != b"\x01\x02" or whole[-2:] != _END:
        raise ProtocolViolation(f"the scale sent {frame!r}, expected {_SIZE} bytes from SOH STX to ETX EOT")
    body, check = whole[2:-3], whole[-3]
    if reduce(xor, body) != check:
        raise ProtocolViolation(f"the scale sent {frame!r}, whose block check is not {reduce(xor, body):02x}: bytes were damaged")
    state, sign, digits, unit_name = body[:1], body[1:2], body[2:8], body[8:]
    if sign == b"F":
        raise blocked(("over_capacity",))
    unit = _UNITS.get(unit_name.strip().lower())
    if state not in (b"S", b"U") or sign not in (b" ", b"-") or not _NUMBER.fullmatch(digits) or unit is None:
        raise ProtocolViolation(f"the scale sent {frame!r}, expected S or U, a sign, a number in six characters, and kg or lb")
    expect_unit(unit, options.unit, frame)
    grams = in_grams(Decimal(digits.decode().strip()), unit)
    return Weight(-grams if sign == b"-" else grams, stable=state == b"S", raw=whole)
