"""A Mettler Toledo 8217 scale.  Source: Mettler DIVA Service Manual 72191202, p. 39-45.

Commands and faults: `drivers.emulators.platter`.  Also the fault `once` (sends a weight once and then ``3F 40`` until it changes,
as some firmwares do), and ``{"do": "configure", "us": true}``: takes only commands that US (1F) announces, as Brecknell 67xxU do.
"""

from __future__ import annotations

from drivers.emulators.emulator import Command, Report, switch_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "once")
_MOTION, _OVER, _UNDER, _UNZEROED, _CENTRE, _NET, _ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40
_US = 0x1F


class Toledo8217Emulator:
    """Weights are kept in grams; on the wire they are in the unit of its configuration, which is not on the wire."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, (Unit.KG, Unit.LB), FAULTS)
        self._last_sent = b""
        self._wants_us = self._had_us = False

    def on_bytes(self, data: bytes) -> bytes:
        return b"".join(self._platter.spoiled(self._take(each)) for each in data)

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        if command.get("do") == "configure" and "us" in command:
            self._wants_us = switch_of(command, "us")
        return b""

    def _take(self, byte: int) -> bytes:
        is_command = self._had_us or not self._wants_us
        self._had_us = byte == _US
        return self._answer(byte) if is_command else b""

    def _answer(self, byte: int) -> bytes:
        match bytes((byte,)):
            case b"W":
                return self._weight()
            case b"Z":
                return self._said(0 if self._platter.set_zero() or self._platter.is_moving else _UNZEROED)
            case b"T":
                self._platter.set_tare()
                return self._said()
            case b"C":
                self._platter.clear_tare()
                return self._said()
            case b"A":
                return b"\x02\r"
            case b"B":
                return b"\x02?@\r"
            case _:
                return b""

    def _weight(self) -> bytes:
        status = self._status()
        if status & (_MOTION | _OVER | _UNDER | _UNZEROED):
            return self._said()
        platter = self._platter
        number = str(platter.in_unit(platter.net)).zfill(6 if platter.unit is Unit.KG else 5)[-6:]
        frame = b"\x02" + number.encode() + (b"N" if platter.is_net else b"") + b"\r"
        if "once" in platter.faults and frame == self._last_sent:
            return b"\x02?@\r"
        self._last_sent = frame
        return frame

    def _said(self, more: int = 0) -> bytes:
        return bytes((0x02, 0x3F, self._status() | more, 0x0D))

    def _status(self) -> int:
        platter = self._platter
        return (
            _ALWAYS
            | (_MOTION if platter.is_moving else 0)
            | (_OVER if platter.is_over else 0)
            | (_UNDER if platter.is_under or platter.net < 0 else 0)
            | (_UNZEROED if platter.is_unzeroed else 0)
            | (_CENTRE if platter.is_at_zero else 0)
            | (_NET if platter.is_net else 0)
        )
