"""ESC/POS receipt printer with a cash drawer, 80 mm, auto cutter.  Source: Epson ESC/POS command reference.

Commands: ``fault`` with `paper_out`, `paper_near_end`, `cover_open`, `cutter`, `mute` (it prints, but answers nothing);
``paper`` (`millimetres` of it are left; then paper_out), ``drawer`` (`open`: a person opens or closes it), ``wiring`` (`open`: the
level of pin 3 while the drawer is open, `high` or `low`), ``model`` (`name`: what GS I answers; only a TM model after the T88III
knows process ids), ``off_and_on`` (what waits in its buffer is lost, and what it was told), ``tear`` (take what hangs out without a
cut).
Reports: ``{"event": "paper", "png_b64": …, "copies": 1, "id": n}``, ``{"event": "drawer", "open": …}``,
``{"event": "fault", "name": "paper_out", "on": …}`` when its paper came to an end, or `paper` was loaded.

What comes in while it is stopped waits in its buffer and is printed when it goes on.  Real-time commands are obeyed as they come
in, also inside a picture's data, as the real ones do.
"""

from __future__ import annotations

import re

from drivers.emulators.emulator import BadCommand, Command, Report, text_of
from drivers.emulators.escpos_commands import Interpreter
from drivers.emulators.receipt_machine import ReceiptMachine
from drivers.registry import Kind

KIND = Kind.RECEIPT_PRINTER
FAULTS = ("paper_out", "paper_near_end", "cover_open", "cutter", "mute")
COMMANDS = ("fault", "paper", "drawer", "wiring", "model", "off_and_on", "tear")
_WITHOUT_PROCESS_ID = ("TM-T88II", "TM-U")
_REAL_TIME = re.compile(rb"\x10\x04([\x01-\x04])|\x10\x05([\x01\x02])|\x10\x14\x01[\x00\x01][\x01-\x08]")
_LONGEST_REAL_TIME = 5
_OFFLINE = frozenset({"paper_out", "cover_open", "cutter"})


class EscposEmulator:
    def __init__(self, report: Report) -> None:
        self._printer = ReceiptMachine(report, FAULTS, _OFFLINE, COMMANDS, self._tell_status)
        self._is_low_open = False
        self._model = "TM-T20III"
        self._auto_status = False
        self._tail = b""
        self._interpreter = Interpreter(self._printer.paper, self)

    @property
    def unknown(self) -> list[bytes]:
        """What came in and is no command of this printer."""
        return self._interpreter.unknown

    def on_bytes(self, data: bytes) -> bytes:
        self._printer.waiting += data
        self._obey_real_time(data)
        return self._go_on()

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "wiring":
                level = text_of(command, "open")
                if level not in ("high", "low"):
                    raise BadCommand(f"'wiring' needs 'open' as high or low, got {level!r}")
                self._is_low_open = level == "low"
            case "model":
                self._model = text_of(command, "name")
            case "off_and_on":
                self._printer.waiting.clear()
                self._printer.faults.discard("cutter")
                self._auto_status = False
                self._interpreter.reset()
            case _:
                self._printer.on_command(command)
        return self._go_on()

    def _go_on(self) -> bytes:
        self._printer.run(self._interpreter.step)
        return self._printer.taken_answers()

    def _obey_real_time(self, data: bytes) -> None:
        seen = self._tail + data
        done = 0
        for match in _REAL_TIME.finditer(seen):
            done = match.end()
            if match[1]:
                self.answer(bytes((self._real_time_byte(match[1][0]),)))
            elif match[2]:
                self._recover(throw_away=match[2] == b"\x02")
            else:
                self.kick_drawer()
        self._tail = seen[max(done, len(seen) - _LONGEST_REAL_TIME + 1) :]

    def _recover(self, *, throw_away: bool) -> None:
        """DLE ENQ: only an error of the cutter can be cleared so."""
        if "cutter" in self._printer.faults:
            self._printer.faults.discard("cutter")
            if throw_away:
                self._printer.waiting.clear()
            self._tell_status()

    def _real_time_byte(self, what: int) -> int:
        paper_out, cover = "paper_out" in self._printer.faults, "cover_open" in self._printer.faults
        match what:
            case 1:
                return 0x12 | self.drawer_byte() << 2 | (0x08 if self._printer.is_stopped else 0)
            case 2:
                return (
                    0x12 | (0x04 if cover else 0) | (0x20 if paper_out else 0) | (0x40 if "cutter" in self._printer.faults else 0)
                )
            case 3:
                return 0x12 | (0x08 if "cutter" in self._printer.faults else 0)
            case _:
                near = paper_out or "paper_near_end" in self._printer.faults
                return 0x12 | (0x0C if near else 0) | (0x60 if paper_out else 0)

    def _tell_status(self) -> None:
        """Automatic status back, if it is switched on."""
        if not self._auto_status:
            return
        offline, cover = self._printer.is_stopped, "cover_open" in self._printer.faults
        first = 0x10 | self.drawer_byte() << 2 | (0x08 if offline else 0) | (0x20 if cover else 0)
        self.answer(bytes((first, 0x08 if "cutter" in self._printer.faults else 0, self.paper_byte(), 0)))

    # --- what commands do beyond the paper (escpos_commands.Machine) ---

    def cut(self) -> None:
        self._printer.cut()

    def kick_drawer(self) -> None:
        self._printer.move_drawer(is_open=True)

    def answer(self, data: bytes) -> None:
        self._printer.answer(data)

    def identify(self, what: int) -> bytes:
        """GS I: 1 to 3 one byte, 65 to 68 a block with text."""
        texts = {65: "1.00 ESC/POS", 66: "EPSON", 67: self._model, 68: "EMU0000001"}
        return b"\x5f" + texts[what].encode() + b"\x00" if what in texts else b"\x02"

    def paper_byte(self) -> int:
        if "paper_out" in self._printer.faults:
            return 0x0F
        return 0x03 if "paper_near_end" in self._printer.faults else 0

    def drawer_byte(self) -> int:
        return 1 if self._printer.is_drawer_open != self._is_low_open else 0

    def confirm(self, process_id: bytes) -> None:
        if self._model.startswith("TM-") and not self._model.startswith(_WITHOUT_PROCESS_ID):
            self.answer(b"\x37\x22" + process_id + b"\x00")

    def set_auto_status(self, what: int) -> None:
        self._auto_status = what != 0
        self._tell_status()
