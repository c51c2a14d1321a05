"""TSPL label printer, 203 dpi.  Source: TSC, TSPL/TSPL2 programming manual (TTP-244 Plus, 2013), status on p. 84 and 85.

Commands: ``fault`` with `paper_out`, `ribbon_out`, `head_open`, `paper_jam`, `paused`, `mute` (it prints, but answers nothing),
`old` (firmware before V6.29: no ESC ! S), `no_counter` (no answer to OUT); ``paper`` (`labels` of it are left; then paper_out);
``off_and_on`` (what waits is forgotten).
Reports: ``{"event": "paper", "png_b64": …, "copies": n, "id": k}`` and ``{"event": "fault", …}`` as the zpl emulator's.

Immediate commands (ESC ! x) are obeyed wherever they stand, also in the data of BITMAP, and are no part of it: that is the trap
the manual has ESC ! D for.  The first two answers after labels came out say that it is printing.
"""

from __future__ import annotations

import re

from drivers.emulators.emulator import Command, Report
from drivers.emulators.label_paper import ROLL_COMMANDS, LabelRoll, Printout
from drivers.emulators.tspl_commands import CommandReader
from drivers.registry import Kind

DPI = 203
_IMMEDIATE = re.compile(rb"\x1b!([?SRPOC.DF])")
_BITS = {"head_open": 0x01, "paper_jam": 0x02, "paper_out": 0x04, "ribbon_out": 0x08, "paused": 0x10}
KIND = Kind.LABEL_PRINTER
COMMANDS = ROLL_COMMANDS
FAULTS = (*_BITS, "mute", "old", "no_counter")
_SUPPLY = {"paper_out": 0x01, "paper_jam": 0x02, "ribbon_out": 0x04, "head_open": 0x20}
_PRINTING = 0x20
_BUSY_LOOKS = 2


class TsplEmulator:
    def __init__(self, report: Report) -> None:
        self._roll = LabelRoll("tspl printer", FAULTS, _BITS, report)
        self._reader = CommandReader(DPI, (832, 400))
        self._held = b""
        self._looks = 0

    @property
    def unknown(self) -> list[str]:
        return self._reader.unknown

    def on_bytes(self, data: bytes) -> bytes:
        data, self._held = self._held + data, b""
        answers = b""
        while match := _IMMEDIATE.search(data):
            answers += self._read(data[: match.start()]) + self._immediate(match[1])
            data = data[match.end() :]
        for begun in (b"\x1b!", b"\x1b"):
            if data.endswith(begun):
                data, self._held = data[: -len(begun)], begun
                break
        answers += self._read(data)
        return b"" if "mute" in self._roll.faults else answers

    def on_command(self, command: Command) -> bytes:
        self._roll.on_command(command)
        if command.get("do") == "off_and_on":
            self._reader.forget()
        return b""

    def _read(self, data: bytes) -> bytes:
        answers = b""
        for each in self._reader.read(data):
            if isinstance(each, Printout):
                self._roll.add(each.picture, each.copies)
            elif "no_counter" not in self._roll.faults:
                answers += f"{self._roll.printed}\r\n".encode()
        return answers

    def _immediate(self, name: bytes) -> bytes:
        match name:
            case b"?":
                return bytes([self._bits()])
            case b"S":
                return b"" if "old" in self._roll.faults else b"\x02" + self._states() + b"\x03\r\n"
            case b"P":
                self._roll.turn("paused", on=True)
            case b"O":
                self._roll.turn("paused", on=False)
                self._roll.go_on()
            case b"R" | b"." | b"C":
                self._roll.cancel()
                self._reader.forget()
        return b""

    def _is_printing(self) -> bool:
        """For two looks after labels came out."""
        if self._roll.take_news():
            self._looks = _BUSY_LOOKS
        is_printing = self._looks > 0 and not self._roll.is_stopped
        self._looks = max(0, self._looks - 1)
        return is_printing

    def _bits(self) -> int:
        return sum(bit for name, bit in _BITS.items() if name in self._roll.faults) | (_PRINTING if self._is_printing() else 0)

    def _states(self) -> bytes:
        supply = sum(bit for name, bit in _SUPPLY.items() if name in self._roll.faults)
        message = b"E" if supply else b"`" if "paused" in self._roll.faults else b"P" if self._is_printing() else b"@"
        return message + b"@@" + bytes([0x40 | supply])
