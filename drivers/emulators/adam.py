"""An Adam Equipment scale.  Source: AZextra-p manual (2011), section 3.10; CPWplus (2010), p. 14; CBK (2007), section 11.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "prints": "value" | "label" | "cpwplus"}`` (the value
alone; a label of many lines; ``G +  2.00 kg``), and the faults `always` (it answers also while it moves, at zero and unchanged) and
`counting`.  It reports ``{"event": "beeped"}`` at each question.
"""

from __future__ import annotations

from decimal import Decimal

from drivers.emulators.emulator import BadCommand, Command, Report, text_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "always", "counting")
_PRINTS = ("value", "label", "cpwplus")
_MOST_WAITING = 16


class AdamEmulator:
    """Silent unless its weight is at rest, more than nothing, and another than it last answered; removal is a change."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._platter = Platter(report, (Unit.KG, Unit.G, Unit.LB, Unit.OZ), FAULTS)
        self._prints = "value"
        self._answered: Decimal | None = None
        self._unread = b""

    def on_bytes(self, data: bytes) -> bytes:
        *commands, unread = (self._unread + data).split(b"\r\n")
        self._unread = unread[-_MOST_WAITING:]
        return b"".join(self._platter.spoiled(self._answer(each)) for each in commands)

    def on_command(self, command: Command) -> bytes:
        before = self._platter.net
        self._platter.on_command(command)
        if self._platter.net != before or self._platter.is_moving:
            self._answered = None
        if command.get("do") == "configure":
            prints = text_of(command, "prints", self._prints)
            if prints not in _PRINTS:
                raise BadCommand(f"'prints' is one of {', '.join(_PRINTS)}, got {prints!r}")
            self._prints = prints
        return b""

    def _answer(self, command: bytes) -> bytes:
        match command:
            case b"P":
                return self._print()
            case b"G" if self._prints == "cpwplus":
                return self._line("G", self._platter.gross)
            case b"N" if self._prints == "cpwplus":
                return self._line("N", self._platter.net)
            case b"Z":
                self._platter.set_zero()
            case b"T":
                self._platter.set_tare()
        return b""

    def _print(self) -> bytes:
        platter = self._platter
        self._report({"event": "beeped"})
        is_news = platter.net > 0 and platter.net != self._answered and not platter.is_moving
        if platter.is_over or not (is_news or "always" in platter.faults):
            return b""
        self._answered = platter.net
        if "counting" in platter.faults:
            return b"       125PCS\r\n"
        if self._prints == "label":
            return self._label()
        return self._line("N" if self._prints == "cpwplus" else "", platter.net)

    def _line(self, kind: str, grams: Decimal) -> bytes:
        shown = self._platter.in_unit(grams)
        if kind:
            return f"{kind} {'-' if shown < 0 else '+'}{abs(shown):>9} {self._platter.unit}\r\n".encode()
        return f"{shown:>9} {self._platter.unit}\r\n".encode()

    def _label(self) -> bytes:
        platter = self._platter
        what = "Net Wt" if platter.is_net else "Gross Wt"
        shown, piece = platter.in_unit(platter.net), platter.in_unit(Decimal(123))
        return (
            "Date 12/09/2006\r\nTime 14:56:27\r\n\r\nScale ID\r\n123456\r\n\r\n"
            f"Unit Wt. {piece} {platter.unit}\r\n{what} {shown:>9} {platter.unit.capitalize()}\r\n"
            f"Total {piece} {platter.unit}\r\n\r\n"
        ).encode()
