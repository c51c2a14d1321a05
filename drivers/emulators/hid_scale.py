"""A USB HID scale.  Source: USB HID Point of Sale Usage Tables 1.02, section 4; reports laid out as common postal scales do.

Its messages are reports, id first: what a host would write to it goes into `on_bytes`, and what comes out is one report after the
other, `REPORT_SIZE` bytes each.  It reports when something changes: motion, then rest.

Commands and faults: `drivers.emulators.platter`.  Also the faults `broken` (status fault), `calibrate`, and `flood` (20 reports
a second).
"""

from __future__ import annotations

import struct

from drivers.emulators.emulator import Command, Report
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "broken", "calibrate", "flood")
DATA_REPORT, CONTROL_REPORT = 3, 2
REPORT_SIZE = 6
DESCRIPTOR = bytes.fromhex(
    "058D 0920 A101"  # weighing devices; an application, the scale device
    "0931 A102 8502 7501 9502 1500 2501 0981 0980 9102 7506 9501 9103 C0"  # control report 2: enforced zero return, zero; padding
    "0932 A102 8503 7508 9501"  # data report 3
    "0970 A102 1501 2508 1971 2978 8100 C0"  # status, one of eight
    "0950 A102 1501 250C 1951 295C 8100 C0"  # unit, one of twelve
    "1581 257F 0941 8102"  # power of ten, signed
    "7510 1500 27FFFF0000 0940 8102"  # weight
    "C0 C0"
)
_UNITS = {Unit.KG: 3, Unit.G: 2, Unit.OZ: 11, Unit.LB: 12}
_FAULT, _AT_ZERO, _MOTION, _STABLE, _UNDER_ZERO, _OVER, _CALIBRATE, _REZERO = range(1, 9)
_EVERY = 0.05


class HidScaleEmulator:
    """The number has no sign and 16 bits; what does not fit is over capacity."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, _UNITS, FAULTS)

    @property
    def tick_every(self) -> float:
        return _EVERY if "flood" in self._platter.faults else 0.0

    def on_tick(self, seconds: float) -> bytes:
        del seconds
        return self._platter.spoiled(self._data())

    def on_bytes(self, data: bytes) -> bytes:
        """Output reports, whole."""
        if data[:1] == bytes((CONTROL_REPORT,)) and data[1:2] and data[1] & 0x02:
            self._platter.set_zero()
            return self._platter.spoiled(self._data())
        return b""

    def on_command(self, command: Command) -> bytes:
        before = self._platter.gross
        self._platter.on_command(command)
        moved = self._data(_MOTION) if self._platter.gross != before else b""
        return self._platter.spoiled(moved) + self._platter.spoiled(self._data())

    def _data(self, status: int = 0) -> bytes:
        platter = self._platter
        shown = platter.in_unit(platter.gross)
        number = int(abs(shown).scaleb(platter.places))
        status = status or self._status(fits=number < 1 << 16)
        return struct.pack("<BBBbH", DATA_REPORT, status, _UNITS[platter.unit], -platter.places, min(number, (1 << 16) - 1))

    def _status(self, *, fits: bool) -> int:
        platter = self._platter
        states = (
            ("broken" in platter.faults, _FAULT),
            ("calibrate" in platter.faults, _CALIBRATE),
            (platter.is_unzeroed, _REZERO),
            (platter.is_over or not fits, _OVER),
            (platter.gross < 0 or platter.is_under, _UNDER_ZERO),
            (platter.is_moving, _MOTION),
            (platter.is_at_zero, _AT_ZERO),
        )
        return next((status for applies, status in states if applies), _STABLE)
