"""A scale with the Toledo continuous output.  Source: Mettler Toledo Wildcat Technical Manual (12/00), p. 6-4 and 6-5.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "checksum": false, "tare_field": true, "every_ms":
140}``; its keys, ``{"do": "tare"}``, ``{"do": "clear_tare"}``, ``{"do": "zero"}``; the faults `expanded` (ten times its digits)
and `once` (a frame only when something changed).  With `every_ms` 0 it says no more.
"""

from __future__ import annotations

from decimal import Decimal

from drivers.emulators.emulator import BadCommand, Command, Report, switch_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = (*PLATTER_COMMANDS, "zero", "tare", "clear_tare")
FAULTS = (*PLATTER_FAULTS, "expanded", "once")
_UNITS = {Unit.KG: 0, Unit.LB: 0, Unit.G: 1, Unit.TONNE: 2, Unit.OZ: 3, Unit.TROY_OZ: 4, Unit.PENNYWEIGHT: 5, Unit.SHORT_TON: 6}


class ToledoContinuousEmulator:
    """Seven frames a second, whatever the host does."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, _UNITS, FAULTS, COMMANDS)
        self._has_checksum = self._has_tare_field = True
        self.tick_every = 0.14

    def on_bytes(self, data: bytes) -> bytes:
        del data
        return b""

    def on_tick(self, seconds: float) -> bytes:
        del seconds
        return self._platter.talked(self.frame())

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        if command.get("do") == "configure":
            self._configure(command)
        return b""

    def frame(self) -> bytes:
        """What it sends now."""
        platter = self._platter
        word_b = (
            0x20
            | platter.is_net
            | (platter.net < 0) << 1
            | (platter.is_over or platter.is_under) << 2
            | platter.is_moving << 3
            | (platter.unit is Unit.KG) << 4
            | platter.is_unzeroed << 6
        )
        word_c = 0x20 | _UNITS[platter.unit] | ("expanded" in platter.faults) << 4
        if "under" in platter.faults:
            word_b |= 0x02
        words = bytes((0x28 | 2 + platter.places, word_b, word_c))
        body = b"\x02" + words + self._digits(platter.net) + (self._digits(platter.tare) if self._has_tare_field else b"") + b"\r"
        return body + (bytes((-sum(body) & 0x7F,)) if self._has_checksum else b"")

    def _digits(self, grams: Decimal) -> bytes:
        shown = abs(self._platter.in_unit(grams)).scaleb(self._platter.places)
        return f"{int(shown):06d}"[-6:].encode()

    def _configure(self, command: Command) -> None:
        every = command.get("every_ms", round(self.tick_every * 1000))
        if not isinstance(every, int) or isinstance(every, bool) or not 0 <= every <= 10_000:
            raise BadCommand(f"'every_ms' is milliseconds from 0 to 10000, got {every!r}")
        self.tick_every = every / 1000
        self._has_checksum = switch_of(command, "checksum") if "checksum" in command else self._has_checksum
        self._has_tare_field = switch_of(command, "tare_field") if "tare_field" in command else self._has_tare_field
