"""A CAS PD-II counter scale, ECR type 6.  Source: CAS PD-II manual, p. 19 and 23; AP-1 transmission protocol standard.

Commands and faults: `drivers.emulators.platter`.  Also the faults `busy` (NAK) and `once` (it takes the question, and sends each
frame only once until something changes).
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from drivers.emulators.emulator import Command, Report
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "busy", "once")
_ENQ, _DC1 = 0x05, 0x11


class CasPdiiEmulator:
    """It shows a weight in six characters, the point among them."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, (Unit.KG, Unit.LB), FAULTS)
        self._was_asked = False

    def on_bytes(self, data: bytes) -> bytes:
        return b"".join(self._answer(each) for each in data)

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        return b""

    def _answer(self, byte: int) -> bytes:
        if "mute" in self._platter.faults:
            return b""
        if byte == _ENQ:
            self._was_asked = "busy" not in self._platter.faults
            return b"\x06" if self._was_asked else b"\x15"
        if byte != _DC1 or not self._was_asked:
            return b""
        self._was_asked = False
        return self._platter.talked(self._frame())

    def _frame(self) -> bytes:
        platter = self._platter
        state = "U" if platter.is_moving else "S"
        shown = platter.in_unit(platter.net)
        text = "F" * 7 if platter.is_over or platter.is_under else ("-" if shown < 0 else " ") + str(abs(shown)).zfill(6)[-6:]
        body = f"{state}{text}{platter.unit}".encode()
        return b"\x01\x02" + body + bytes((reduce(xor, body),)) + b"\x03\x04"
