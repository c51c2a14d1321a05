"""CAS indicators that talk by themselves, in lines of 22 bytes or of 18 ("AND") bytes.

``ST,GS,`` id lamp ``,`` data*8 blank unit*2 CR LF; the 18 bytes have neither id, lamp nor blank: ``ST,GS,`` data*8 unit*2 CR LF.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from drivers.devices import Pace, Transport, Weight
from drivers.errors import DeviceTimeout, ProtocolViolation
from drivers.registry import Kind, register
from drivers.scales.faults import blocked
from drivers.scales.latest import LatestFrame
from drivers.scales.numbers import ExpectedUnit, expect_unit
from drivers.scales.units import Unit, in_grams

STABLE, HOLD = 0x40, 0x10  # of the lamp byte; its others (print, gross, tare, zero) inform
_HEAD = rb"(?P<head>ST|US|OL),(?P<mode>GS|NT),"
_FORMS: Mapping[int, re.Pattern[bytes]] = MappingProxyType(
    {
        22: re.compile(_HEAD + rb"[\x00-\xff](?P<lamp>[\x00-\xff]),(?P<data>[ -~]{8}) (?P<unit>[ A-Za-z]{2})\r\n"),
        18: re.compile(_HEAD + rb"(?P<lamp>)(?P<data>[ -~]{8})(?P<unit>[ A-Za-z]{2})\r\n"),
    }
)
_NUMBER = re.compile(rb" *([-+]?) *([0-9]+(?:\.[0-9]+)?)")
_UNITS: Mapping[bytes, Unit] = MappingProxyType({b"kg": Unit.KG, b"g": Unit.G, b"t": Unit.TONNE, b"lb": Unit.LB, b"oz": Unit.OZ})


@dataclass(frozen=True, slots=True)
class CasStreamOptions:
    """`size`: bytes of a line.  It is not found out: a line of 22 that lost four bytes can look like one of 18.

    `continuous`: it never stops talking, so that silence is a failure; False if it is set to send once for each weighing.
    `unit`: the only unit that is believed, empty for any.
    """

    size: Literal[22, 18] = 22
    continuous: bool = True
    unit: ExpectedUnit = ""


@register("cas.stream", kind=Kind.SCALE, options=CasStreamOptions)
class CasStream:
    """CAS indicators and scales with the 22 or 18 byte format (CI, NT, PDI, PDS, DB and others).

    Source: CAS CI-600D manual, p. 75; CI-400 manual, p. 104; PDI manual, p. 37; NT-200 manual, p. 49.  Usual line: 9600 baud, 8N1.

    It is only listened to.  The format of 10 bytes is not driven: it says neither the unit nor whether the weight is at rest.  A
    weight is stable only if the header and the stable lamp agree, and not while the indicator holds an old one.

    There is no checksum.  A lost byte always shows, as every byte has its place; a changed digit shows only by the line's parity,
    and two lines grow into one only if exactly as many bytes as a line has were lost between them.
    """

    pace = Pace.STREAM

    def __init__(self, transport: Transport, options: CasStreamOptions) -> None:
        self._options = options
        self._lines = LatestFrame(transport, lambda received: find_last(received, options.size), options.size)

    def read_weight(self) -> Weight | None:
        try:
            line = self._lines.read()
        except DeviceTimeout:
            if self._options.continuous:
                raise
            return None
        return parse_line(line, self._options)


def find_last(received: bytes, size: int) -> tuple[bytes, int] | None:
    """The last whole line and where it ends."""
    last = received.rfind(b"\r\n")
    while last >= 0:
        start, end = last + 2 - size, last + 2
        if start >= 0 and _FORMS[size].fullmatch(received, start, end):
            return received[start:end], end
        last = received.rfind(b"\r\n", 0, last)
    return None


def parse_line(line: bytes, options: CasStreamOptions) -> Weight:
    """Read one line.  Raises ProtocolViolation, DeviceFault (overload)."""
    found = _FORMS[options.size].fullmatch(line)
    if found is None:
        raise ProtocolViolation(f"the scale sent {line!r}, expected {options.size} bytes like b'ST,GS,1\\xc4,000013.5 kg\\r\\n'")
    if found["head"] == b"OL":
        raise blocked(("under_capacity" if b"-" in found["data"] else "over_capacity",))
    unit = _UNITS.get(found["unit"].strip().lower())
    number = _NUMBER.fullmatch(found["data"])
    if number is None or unit is None:
        raise ProtocolViolation(f"the scale sent {line!r}, expected a number in 8 characters and kg, g, t, lb or oz")
    expect_unit(unit, options.unit, line)
    grams = in_grams(Decimal(number[2].decode()), unit)
    lamp = found["lamp"][0] if found["lamp"] else STABLE
    stable = found["head"] == b"ST" and bool(lamp & STABLE) and not lamp & HOLD
    return Weight(-grams if number[1] == b"-" else grams, stable=stable, raw=line, is_net=found["mode"] == b"NT")
