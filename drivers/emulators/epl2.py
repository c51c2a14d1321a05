"""EPL2 label printer, 203 dpi.  Source: Zebra, EPL Programming Guide 14245L-003; Intermec, ESim v4.00 (^ee, eR, US).

Commands: ``fault`` with `paper_out`, `ribbon_out`, `head_open`, `paused`, `mute` (it prints, but answers nothing), `reports` (US
was sent to it: it tells by itself what stops it, NAK, code, what ran out and how many labels remain, XOFF; XON when it goes on; ACK
after each job); ``paper`` (`labels` of it are left; then paper_out); ``off_and_on`` (what waits is forgotten).
Reports: ``{"event": "paper", "png_b64": …, "copies": n, "id": k}`` and ``{"event": "fault", …}`` as the zpl emulator's.

^ee is answered in its turn among the commands; the first answer after labels came out says 50, busy.
"""

from __future__ import annotations

from drivers.emulators.emulator import Command, Report
from drivers.emulators.epl2_commands import CommandReader
from drivers.emulators.label_paper import ROLL_COMMANDS, LabelRoll, Printout
from drivers.registry import Kind

_CODES = {"paper_out": 7, "ribbon_out": 7, "head_open": 11, "paused": 12}
KIND = Kind.LABEL_PRINTER
COMMANDS = ROLL_COMMANDS
FAULTS = (*_CODES, "mute", "reports")
_NAK, _ACK, _XON, _XOFF = b"\x15", b"\x06", b"\x11", b"\x13"
_BUSY = b"50\r\n"


class Epl2Emulator:
    def __init__(self, report: Report) -> None:
        self._roll = LabelRoll("epl2 printer", FAULTS, _CODES, report)
        self._reader = CommandReader((832, 400))
        self._told: str | None = None

    @property
    def unknown(self) -> list[str]:
        return self._reader.unknown

    def on_bytes(self, data: bytes) -> bytes:
        answers = b""
        for each in self._reader.read(data):
            if isinstance(each, Printout):
                self._roll.add(each.picture, each.copies)
                answers += self._tell(is_after_job=True)
            else:
                answers += self._errors()
        return self._said(answers)

    def on_command(self, command: Command) -> bytes:
        self._roll.on_command(command)
        if command.get("do") == "off_and_on":
            self._reader.forget()
        return self._said(self._tell())

    def _said(self, answers: bytes) -> bytes:
        return b"" if "mute" in self._roll.faults else answers

    def _errors(self) -> bytes:
        codes = sorted({code for name, code in _CODES.items() if name in self._roll.faults})
        if not codes and self._roll.take_news():
            return _BUSY
        return ",".join(f"{code:02d}" for code in codes or [0]).encode() + b"\r\n"

    def _tell(self, *, is_after_job: bool = False) -> bytes:
        """What it says by itself."""
        if "reports" not in self._roll.faults:
            return b""
        stop = next((name for name in _CODES if name in self._roll.faults), None)
        before, self._told = self._told, stop
        if stop is None:
            return (_XON if before else b"") + (_ACK if is_after_job else b"")
        if stop == before or not self._roll.jobs:
            return b""
        what = {"paper_out": b"P", "ribbon_out": b"R"}.get(stop, b"")
        return _NAK + b"%02d" % _CODES[stop] + (what + b"%03d" % self._roll.remaining if what else b"") + _XOFF
