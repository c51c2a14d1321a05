"""A Mettler Toledo balance with MT-SICS levels 0 and 1.  Source: Mettler Toledo Reference Manual MT-SICS 11780711.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "serial_number": "B02"}``; ``{"do": "power_on"}``
(it tells its serial number by itself); the faults `busy` (every answer is ``I``), `error` (an error stands where its weight would).
"""

from __future__ import annotations

from decimal import Decimal

from drivers.emulators.emulator import Command, Report, text_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = (*PLATTER_COMMANDS, "power_on")
FAULTS = (*PLATTER_FAULTS, "busy", "error")
_UNITS = (Unit.G, Unit.KG, Unit.MG, Unit.LB, Unit.OZ, Unit.CARAT, Unit.TROY_OZ)
_MOST_WAITING = 64


class MtSicsEmulator:
    """`SI` gives the net weight, as at the real one."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, _UNITS, FAULTS, COMMANDS)
        self._serial_number = "B021002593"
        self._unread = b""

    def on_bytes(self, data: bytes) -> bytes:
        *lines, unread = (self._unread + data).split(b"\n")
        self._unread = unread[-_MOST_WAITING:]
        return b"".join(self._platter.spoiled(self._answer(each.strip(b"\r")).encode() + b"\r\n") for each in lines)

    def on_command(self, command: Command) -> bytes:
        if command.get("do") == "power_on":
            return self._identity().encode() + b"\r\n"
        self._platter.on_command(command)
        if command.get("do") == "configure":
            self._serial_number = text_of(command, "serial_number", self._serial_number)
        return b""

    def _answer(self, line: bytes) -> str:
        platter = self._platter
        is_busy = "busy" in platter.faults
        match line:
            case b"S" | b"SI":
                return "S I" if is_busy or (line == b"S" and platter.is_moving) else self._weight()
            case b"Z":
                return "Z I" if is_busy or platter.is_moving else "Z A" if platter.set_zero() else f"Z {self._far()}"
            case b"T":
                return "T I" if is_busy or platter.is_moving else self._tared()
            case b"TAC":
                return "TAC A" if not is_busy and platter.clear_tare() else "TAC I"
            case b"TA":
                return "TA I" if is_busy else f"TA A {self._value(platter.tare)}"
            case b"@" | b"I4":
                return "I4 I" if is_busy and line == b"I4" else self._identity()
        return "ES"

    def _weight(self) -> str:
        platter = self._platter
        if platter.is_over or platter.is_under:
            return "S +" if platter.is_over else "S -"
        status = "D" if platter.is_moving else "S"
        return f"S {status} {'Error 10b' if 'error' in platter.faults else self._value(platter.net)}"

    def _tared(self) -> str:
        return f"T S {self._value(self._platter.tare)}" if self._platter.set_tare() else f"T {self._far()}"

    def _far(self) -> str:
        return "+" if self._platter.grams > 0 else "-"

    def _value(self, grams: Decimal) -> str:
        return f"{self._platter.in_unit(grams)!s:>10} {self._platter.unit}"

    def _identity(self) -> str:
        return f'I4 A "{self._serial_number}"'
