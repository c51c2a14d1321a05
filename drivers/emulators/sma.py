"""A scale with the SMA protocol, level 2.  Source: SMA SCP-0499, sections 4 and 5; Sartorius PR 5211 manual, sections 5.3 and 5.4.

Commands and faults: `drivers.emulators.platter`.  Also the faults `memory` and `calibration` (what its diagnosis finds), and
`garbled` (it could not read the command).
"""

from __future__ import annotations

from decimal import Decimal

from drivers.emulators.emulator import Command, Report
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "memory", "calibration", "garbled")
_UNITS = (Unit.KG, Unit.LB, Unit.G, Unit.OZ)
_MOST_WAITING = 16


class SmaEmulator:
    """Answers each command from LF to CR with one message of fixed fields; ESC gives up what was begun."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, _UNITS, FAULTS)
        self._unread = b""

    def on_bytes(self, data: bytes) -> bytes:
        *commands, unread = (self._unread + data).rpartition(b"\x1b")[2].split(b"\r")
        self._unread = unread[-_MOST_WAITING:]
        return b"".join(self._platter.spoiled(self._answer(each.rpartition(b"\n")[2])) for each in commands)

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        return b""

    def _answer(self, command: bytes) -> bytes:
        platter = self._platter
        if "garbled" in platter.faults:
            return b"\n!\r"
        match command:
            case b"W":
                return self._message()
            case b"Z":
                return self._message("" if platter.set_zero() or platter.is_moving else "E")
            case b"T":
                return self._message("" if platter.set_tare() or platter.is_moving else "T")
            case b"C":
                platter.clear_tare()
                return self._message()
            case b"M":
                return self._message(tare=True)
            case b"D":
                return f"\n{' R'['memory' in platter.faults]} {' C'['calibration' in platter.faults]} \r".encode()
            case _:
                return b"\n?\r"

    def _message(self, error: str = "", *, tare: bool = False) -> bytes:
        platter = self._platter
        bad = error or ("I" if platter.is_unzeroed else "")
        status = bad or ("O" if platter.is_over else "U" if platter.is_under else "Z" if platter.is_at_zero else " ")
        shown = self._shown(platter.tare if tare else platter.net)
        weight = "-" * 10 if bad else shown.rjust(10)
        kind = "T" if tare else "N" if platter.is_net else "G"
        return f"\n{status}1{kind}{'M' if platter.is_moving else ' '} {weight}{platter.unit:<3}\r".encode()

    def _shown(self, grams: Decimal) -> str:
        return str(self._platter.in_unit(grams))
