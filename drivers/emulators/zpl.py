"""ZPL label printer, 203 dpi, 104 mm wide.  Source: Zebra ZPL II programming guide; lprint-zpl.c for ~HQES.

Commands: ``fault`` with `paper_out`, `ribbon_out`, `head_open`, `paused`, `mute` (it prints, but answers nothing), `quiet` (as the
guide has it: no answer to ~HS while a fault stops it); ``paper`` (`labels` of it are left; then paper_out).
Report: ``{"event": "paper", "png_b64": …, "copies": n, "id": k}``: n labels of job k came out; a stopped job comes in several.
``{"event": "fault", "name": "paper_out", "on": …}``: the printer stopped, or went on, otherwise than by `fault`.

Formats that come in while it is stopped wait and are printed when it goes on.
"""

from __future__ import annotations

import re
from collections import deque

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of
from drivers.emulators.zpl_commands import FormatReader, Printout
from drivers.registry import Kind

WIDTH, HEIGHT = 832, 406
KIND = Kind.LABEL_PRINTER
COMMANDS = ("fault", "paper")
FAULTS = ("paper_out", "ribbon_out", "head_open", "paused", "mute", "quiet")
_STOPS = {"paper_out": 0x1, "ribbon_out": 0x2, "head_open": 0x4, "paused": 0x10000}
_CONTROL = re.compile(rb"~(HS|HI|HQES|JA|PS|PP|JR)")
_LONGEST_CONTROL = 5
_MOST_WAITING = 4 * 1024 * 1024


class ZplEmulator:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._faults: set[str] = set()
        self._labels_left: int | None = None
        self._reader = FormatReader(WIDTH, HEIGHT)
        self._waiting = b""
        self._jobs: deque[tuple[int, Printout]] = deque()
        self._remaining = 0
        self._count = 0
        self.unknown: list[str] = []

    def on_bytes(self, data: bytes) -> bytes:
        """Control commands are obeyed where they stand, and are no part of the format around them."""
        self._waiting += data
        answers = b""
        while match := _CONTROL.search(self._waiting):
            before, self._waiting = self._waiting[: match.start()], self._waiting[match.end() :]
            rest = self._take_formats(before)
            self._waiting = rest + self._waiting
            answers += self._control(match[1])
        self._waiting = self._take_formats(self._waiting)[-_MOST_WAITING:]
        return b"" if "mute" in self._faults else answers

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "fault":
                name = text_of(command, "name")
                if name not in FAULTS:
                    raise no_fault("zpl printer", name, FAULTS)
                (self._faults.add if switch_of(command) else self._faults.discard)(name)
                if name == "paper_out":
                    self._labels_left = None
            case "paper":
                left = command.get("labels")
                if not isinstance(left, int) or left < 0:
                    raise BadCommand(f"'paper' needs 'labels' as a whole number from 0, got {left!r}")
                self._labels_left = left
                self._turn("paper_out", on=False)
            case other:
                raise no_command("zpl printer", other, COMMANDS)
        self._print()
        return b""

    def _turn(self, fault: str, *, on: bool) -> None:
        """Nobody switched it: whoever watches must be told."""
        if on is not (fault in self._faults):
            (self._faults.add if on else self._faults.discard)(fault)
            self._report({"event": "fault", "name": fault, "on": on})

    def _take_formats(self, data: bytes) -> bytes:
        """Queue the whole formats in `data`; what is left over."""
        while (end := data.find(b"^XZ")) >= 0:
            begin = data.rfind(b"^XA", 0, end)
            if begin >= 0:
                printout = self._reader.read(data[begin + 3 : end])
                self.unknown += printout.unknown
                self._count += 1
                self._jobs.append((self._count, printout))
            data = data[end + 3 :]
        self._print()
        return data

    def _print(self) -> None:
        while not self._faults & _STOPS.keys() and self._jobs:
            number, printout = self._jobs[0]
            wanted = self._remaining or printout.copies
            done = wanted if self._labels_left is None else min(wanted, self._labels_left)
            if done:
                self._report({"event": "paper", "png_b64": printout.picture.png_b64(), "copies": done, "id": number})
            self._remaining = wanted - done
            if self._labels_left is not None:
                self._labels_left -= done
            if self._remaining:
                self._turn("paper_out", on=True)
            else:
                self._jobs.popleft()
        if self._jobs and not self._remaining:  # a job that a fault held up before its first label
            self._remaining = self._jobs[0][1].copies

    def _control(self, name: bytes) -> bytes:
        match name:
            case b"HS":
                is_quiet = "quiet" in self._faults and bool(self._faults & _STOPS.keys())
                return b"" if is_quiet else self._host_status()
            case b"HI":
                return b"\x02ZD421-203dpi,V84.20.18Z,8,8176KB\x03\r\n"
            case b"HQES":
                return self._errors()
            case b"JA" | b"JR":
                self._jobs.clear()
                self._remaining = 0
            case b"PP":
                self._turn("paused", on=True)
            case b"PS":
                self._turn("paused", on=False)
                self._print()
        return b""

    def _host_status(self) -> bytes:
        length = self._jobs[0][1].length if self._jobs else HEIGHT
        formats = max(0, len(self._jobs) - 1)
        stopped = bool(self._faults & _STOPS.keys())
        one = f"030,{self._bit('paper_out')},{int(stopped)},{length:04d},{formats:03d},0,0,0,000,0,0,0"
        two = f"000,0,{self._bit('head_open')},{self._bit('ribbon_out')},0,2,4,0,{self._remaining:08d},1,000"
        return b"".join(b"\x02" + line.encode() + b"\x03\r\n" for line in (one, two, "1234,0"))

    def _bit(self, fault: str) -> int:
        return int(fault in self._faults)

    def _errors(self) -> bytes:
        bits = sum(bit for name, bit in _STOPS.items() if name in self._faults)
        text = (
            f"\r\n\r\n  PRINTER STATUS\r\n   ERRORS:         {int(bits != 0)} 00000000 {bits:08X}\r\n"
            "   WARNINGS:       0 00000000 00000000\r\n"
        )
        return b"\x02" + text.encode() + b"\x03"
