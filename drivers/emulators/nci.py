"""A scale that speaks NCI.  Source: Weigh-Tronix SCP-01 8408-14788-01; Brecknell 67xxU Service Manual, p. 64-68.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "dialect": "nci", "status_bytes": 2, "lb_oz": true}``
(or "ecr"; 2 to 4; weights as pounds and ounces), and the faults `memory` (RAM error), `calibration`.
"""

from __future__ import annotations

from decimal import Decimal

from drivers.emulators.emulator import BadCommand, Command, Report, switch_of, text_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import GRAMS_PER, Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "memory", "calibration")
_MOST_WAITING = 16


class NciEmulator:
    """The general dialect shows bars for what it cannot weigh; ECR sends no weight unless it is stable and in range."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, (Unit.KG, Unit.LB, Unit.OZ, Unit.G), FAULTS)
        self._is_ecr = self._is_mixed = False
        self._status_bytes = 2
        self._unread = b""

    def on_bytes(self, data: bytes) -> bytes:
        *commands, unread = (self._unread + data).split(b"\r")
        self._unread = unread[-_MOST_WAITING:]
        return b"".join(self._platter.spoiled(self._answer(each)) for each in commands)

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        if command.get("do") == "configure":
            self._configure(command)
        return b""

    def _configure(self, command: Command) -> None:
        dialect = text_of(command, "dialect", "ecr" if self._is_ecr else "nci")
        count = command.get("status_bytes", self._status_bytes)
        if dialect not in ("nci", "ecr") or count not in (2, 3, 4):
            raise BadCommand(f"'dialect' is nci or ecr, 'status_bytes' 2 to 4, got {dialect!r}, {count!r}")
        self._is_ecr, self._status_bytes = dialect == "ecr", int(str(count))
        self._is_mixed = switch_of(command, "lb_oz") if "lb_oz" in command else self._is_mixed

    def _answer(self, command: bytes) -> bytes:
        match command.lstrip(b"\n"):
            case b"W":
                return self._weight() + self._status()
            case b"S":
                return self._status()
            case b"Z":
                self._platter.set_zero()
                return self._status()
            case b"T" if not self._is_ecr:
                self._platter.set_tare()
                return self._status()
            case _:
                return b"\n?\r\x03"

    def _weight(self) -> bytes:
        platter = self._platter
        bars = "^" if platter.is_over else "_" if platter.is_under else "-" if platter.is_unzeroed else ""
        if self._is_ecr and (bars or platter.is_moving or (platter.is_at_zero and not platter.is_net)):
            return b""
        text = bars * 6 + platter.unit if bars else self._number()
        return b"\n" + (text.upper() if self._is_ecr else text).encode() + b"\r"

    def _number(self) -> str:
        platter = self._platter
        if self._is_mixed:
            sign = "-" if platter.net < 0 else " "
            ounces = (abs(platter.net) / GRAMS_PER[Unit.OZ]).quantize(Decimal("0.1"))
            return f"{sign}{ounces // 16:03.0f}lb {ounces % 16:04.1f}oz"
        shown = platter.in_unit(platter.net)
        return f"{'-' if shown < 0 else ''}{str(abs(shown)).zfill(6)}{platter.unit}"

    def _status(self) -> bytes:
        platter = self._platter
        first = 0x30 | platter.is_moving | platter.is_at_zero << 1 | ("memory" in platter.faults) << 2
        second = 0x30 | platter.is_under | platter.is_over << 1 | ("calibration" in platter.faults) << 3
        third = 0x30 | platter.is_net << 2 | platter.is_unzeroed << 3
        sent = [first, second, third, 0x30][: self._status_bytes]
        chained = [sent[0], *(each | 0x40 for each in sent[1:-1]), sent[-1]]
        return b"\n" + (b"S" if self._is_ecr else b"") + bytes(chained) + b"\r\x03"
