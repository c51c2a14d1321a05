"""A CAS indicator that talks by itself.  Source: CAS CI-600D manual, p. 75; CI-400 manual, p. 104.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "size": 22, "every_ms": 100}`` (or 18; 0: it says no
more); its keys, ``{"do": "tare"}``, ``{"do": "clear_tare"}``, ``{"do": "zero"}``; the faults `hold` (it shows an old weight) and
`once` (a line only when something changed, as one that is set to print each weighing).
"""

from __future__ import annotations

from drivers.emulators.emulator import BadCommand, Command, Report
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = (*PLATTER_COMMANDS, "zero", "tare", "clear_tare")
FAULTS = (*PLATTER_FAULTS, "hold", "once")


class CasStreamEmulator:
    """Ten lines a second, whatever the host does."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, (Unit.KG, Unit.G, Unit.TONNE, Unit.LB), FAULTS, COMMANDS)
        self._size = 22
        self.tick_every = 0.1

    def on_bytes(self, data: bytes) -> bytes:
        del data
        return b""

    def on_tick(self, seconds: float) -> bytes:
        del seconds
        return self._platter.talked(self.line())

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        if command.get("do") == "configure":
            self._configure(command)
        return b""

    def line(self) -> bytes:
        """What it sends now."""
        platter = self._platter
        head = "OL" if platter.is_over or platter.is_under else "US" if platter.is_moving else "ST"
        shown = f"{platter.in_unit(platter.net):08.{platter.places}f}"
        data = "-9999999" if platter.is_under else "99999999" if platter.is_over else shown
        unit = platter.unit.rjust(2)
        start = f"{head},{'NT' if platter.is_net else 'GS'},".encode()
        if self._size == 18:
            return start + f"{data[-8:]}{unit}\r\n".encode()
        return start + b"1" + bytes((self._lamp(),)) + f",{data[-8:]} {unit}\r\n".encode()

    def _lamp(self) -> int:
        platter = self._platter
        is_stable = not platter.is_moving and not platter.is_over and not platter.is_under
        return (
            0x80
            | is_stable << 6
            | ("hold" in platter.faults) << 4
            | (not platter.is_net) << 2
            | platter.is_net << 1
            | platter.is_at_zero
        )

    def _configure(self, command: Command) -> None:
        every, size = command.get("every_ms", round(self.tick_every * 1000)), command.get("size", self._size)
        if not isinstance(every, int) or isinstance(every, bool) or not 0 <= every <= 10_000 or size not in (18, 22):
            raise BadCommand(f"'every_ms' is milliseconds from 0 to 10000 and 'size' 18 or 22, got {every!r}, {size!r}")
        self.tick_every, self._size = every / 1000, int(str(size))
