"""Reading a scale's number when nothing on the wire says whether a digit got lost."""

from __future__ import annotations

import re
from typing import Literal

from drivers.errors import ProtocolViolation
from drivers.scales.units import Unit

ExpectedUnit = Literal["", "kg", "g", "mg", "lb", "oz", "t", "ct", "ozt", "dwt", "gr", "ton"]
"""An option's type: the only unit that is believed; empty: whatever the scale says."""


def number_form(digits: str) -> re.Pattern[bytes]:
    """The form of a number as an option has it: ``WW.WWW`` is two digits, a point, three digits; empty: any number."""
    if not digits:
        return re.compile(rb"[0-9]+(?:\.[0-9]+)?")
    return re.compile("".join("[0-9]" if each in "W0" else re.escape(each) for each in digits).encode())


def expect_unit(unit: Unit, expected: ExpectedUnit, frame: bytes) -> None:
    """Raises ProtocolViolation if the scale names another unit than the one it is configured with."""
    if expected and unit != expected:
        raise ProtocolViolation(f"the scale sent {frame!r} in {unit}, expected {expected}: is it switched to another unit?")
