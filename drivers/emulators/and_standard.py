"""A scale with the A&D standard format.  Source: A&D EK-L manual, section 9-2; GC manual, section 16.2; HW-G manual, section 16.3.

Commands and faults: `drivers.emulators.platter`.  Also ``{"do": "configure", "streams": true, "acknowledges": true, "header": ""}``
(`header` "GS": a second header GS or NT, and 7 digits), and the fault `counting` (it counts pieces).
"""

from __future__ import annotations

from drivers.emulators.emulator import BadCommand, Command, Report, switch_of, text_of
from drivers.emulators.platter import PLATTER_COMMANDS, PLATTER_FAULTS, Platter
from drivers.registry import Kind
from drivers.scales.units import Unit

KIND = Kind.SCALE
COMMANDS = PLATTER_COMMANDS
FAULTS = (*PLATTER_FAULTS, "counting")
_EVERY = 0.1  # about ten times a second, the fastest that 2400 baud carry is 14
_ACK = b"\x06\r\n"
_MOST_WAITING = 32


class AndStandardEmulator:
    """Streams, or answers Q, SI and S; S while it moves is answered once it is at rest, unless C cancels it."""

    def __init__(self, report: Report) -> None:
        self._platter = Platter(report, (Unit.KG, Unit.G, Unit.LB, Unit.OZ), FAULTS)
        self._streams = True
        self._acknowledges = True
        self._has_header = False
        self._is_asked_for_rest = False
        self._unread = b""

    @property
    def tick_every(self) -> float:
        return _EVERY if self._streams else 0.0

    def on_tick(self, seconds: float) -> bytes:
        del seconds
        return self._platter.spoiled(self._line())

    def on_bytes(self, data: bytes) -> bytes:
        *commands, unread = (self._unread + data).split(b"\r\n")
        self._unread = unread[-_MOST_WAITING:]
        return b"".join(self._platter.spoiled(self._answer(each)) for each in commands)

    def on_command(self, command: Command) -> bytes:
        self._platter.on_command(command)
        if command.get("do") == "configure":
            self._configure(command)
        if self._is_asked_for_rest and not self._platter.is_moving:
            self._is_asked_for_rest = False
            return self._platter.spoiled(self._line())
        return b""

    def _configure(self, command: Command) -> None:
        header = text_of(command, "header", "GS" if self._has_header else "")
        if header not in ("", "GS"):
            raise BadCommand(f"'header' is GS or empty, got {header!r}")
        self._has_header = header == "GS"
        self._streams = switch_of(command, "streams") if "streams" in command else self._streams
        self._acknowledges = switch_of(command, "acknowledges") if "acknowledges" in command else self._acknowledges

    def _answer(self, command: bytes) -> bytes:
        platter = self._platter
        match command:
            case b"Q" | b"SI":
                return self._line()
            case b"S" if platter.is_moving:
                self._is_asked_for_rest = True
                return b""
            case b"S":
                return self._line()
            case b"C":
                self._is_asked_for_rest = False
                return b""
            case b"Z" | b"R":
                return self._done(was_done=platter.set_zero())
            case b"T":
                return self._done(was_done=platter.set_tare())
            case b"CT":
                return self._done(was_done=platter.clear_tare())
            case _:
                return b"EC,E01\r\n" if self._acknowledges else b"?\r\n"

    def _done(self, *, was_done: bool) -> bytes:
        if not self._acknowledges:
            return b""
        return _ACK * 2 if was_done else _ACK + (b"EC,E11\r\n" if self._platter.is_moving else b"EC,E02\r\n")

    def _line(self) -> bytes:
        platter = self._platter
        if platter.is_over or platter.is_under:
            return b"OL,%s9999999E+19\r\n" % (b"+" if platter.is_over else b"-")
        if "counting" in platter.faults:
            return b"QT,+00001234 PC\r\n"
        shown = platter.in_unit(platter.net)
        number = f"{'-' if shown < 0 else '+'}{str(abs(shown)).zfill(7 if self._has_header else 8)}"
        second = f"{'NT' if platter.is_net else 'GS'}," if self._has_header else ""
        return f"{'US' if platter.is_moving or platter.is_unzeroed else 'ST'},{second}{number}{platter.unit:>3}\r\n".encode()
