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

from drivers.emulators.emulator import BadCommand, Command, Report, no_command, no_fault, switch_of, text_of
from drivers.emulators.escpos_commands import Interpreter
from drivers.emulators.escpos_paper import DOTS_PER_MM, Paper
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
        self._report = report
        self._faults: set[str] = set()
        self._drawer_open = False
        self._is_low_open = False
        self._model = "TM-T20III"
        self._auto_status = False
        self._paper_end: int | None = None
        self._count = 0
        self._waiting = bytearray()
        self._tail = b""
        self._answers = bytearray()
        self._paper = Paper()
        self._interpreter = Interpreter(self._paper, self)

    @property
    def unknown(self) -> list[bytes]:
        """What came in and is no command of this printer."""
        return self._interpreter.unknown

    def on_bytes(self, data: bytes) -> bytes:
        self._waiting += data
        self._obey_real_time(data)
        self._print()
        return self._taken_answers()

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "fault":
                self._switch(text_of(command, "name"), on=switch_of(command))
            case "paper":
                left = command.get("millimetres")
                if not isinstance(left, int) or left < 0:
                    raise BadCommand(f"'paper' needs 'millimetres' as a whole number from 0, got {left!r}")
                self._paper_end = self._paper.used + left * DOTS_PER_MM
                self._turn_paper_out(on=False)
            case "drawer":
                self._move_drawer(is_open=switch_of(command, "open"))
            case "wiring":
                level = text_of(command, "open")
                if level not in ("high", "low"):
                    raise BadCommand(f"'wiring' needs 'open' as high or low, got {level!r}")
                self._is_low_open = level == "low"
            case "model":
                self._model = text_of(command, "name")
            case "off_and_on":
                self._waiting.clear()
                self._faults.discard("cutter")
                self._auto_status = False
                self._interpreter.reset()
            case "tear":
                self.cut()
            case other:
                raise no_command("receipt printer", other, COMMANDS)
        self._print()
        return self._taken_answers()

    def _switch(self, name: str, *, on: bool) -> None:
        if name not in FAULTS:
            raise no_fault("receipt printer", name, FAULTS)
        (self._faults.add if on else self._faults.discard)(name)
        if name == "paper_out":
            self._paper_end = None
        self._tell_status()

    def _turn_paper_out(self, *, on: bool) -> None:
        """Nobody switched it: whoever watches must be told."""
        if on is not ("paper_out" in self._faults):
            (self._faults.add if on else self._faults.discard)("paper_out")
            self._report({"event": "fault", "name": "paper_out", "on": on})
            self._tell_status()

    def _print(self) -> None:
        """Do what waits, until it is done, not all there yet, or a fault stops it."""
        while self._waiting and not self._faults & _OFFLINE:
            taken = self._interpreter.step(bytes(self._waiting))
            if not taken:
                return
            del self._waiting[:taken]
            if self._paper_end is not None and self._paper.used >= self._paper_end:
                self._paper_end = None
                self._turn_paper_out(on=True)

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
        if "cutter" in self._faults:
            self._faults.discard("cutter")
            if throw_away:
                self._waiting.clear()
            self._tell_status()

    def _real_time_byte(self, what: int) -> int:
        paper_out, cover = "paper_out" in self._faults, "cover_open" in self._faults
        match what:
            case 1:
                return 0x12 | self.drawer_byte() << 2 | (0x08 if self._faults & _OFFLINE else 0)
            case 2:
                return 0x12 | (0x04 if cover else 0) | (0x20 if paper_out else 0) | (0x40 if "cutter" in self._faults else 0)
            case 3:
                return 0x12 | (0x08 if "cutter" in self._faults else 0)
            case _:
                near = paper_out or "paper_near_end" in self._faults
                return 0x12 | (0x0C if near else 0) | (0x60 if paper_out else 0)

    def _tell_status(self) -> None:
        """Automatic status back, if it is switched on."""
        if not self._auto_status:
            return
        offline, cover = bool(self._faults & _OFFLINE), "cover_open" in self._faults
        first = 0x10 | self.drawer_byte() << 2 | (0x08 if offline else 0) | (0x20 if cover else 0)
        self.answer(bytes((first, 0x08 if "cutter" in self._faults else 0, self.paper_byte(), 0)))

    def _move_drawer(self, *, is_open: bool) -> None:
        if is_open != self._drawer_open:
            self._drawer_open = is_open
            self._report({"event": "drawer", "open": is_open})
            self._tell_status()

    def _taken_answers(self) -> bytes:
        answers = bytes(self._answers)
        self._answers.clear()
        return b"" if "mute" in self._faults else answers

    # --- what commands do beyond the paper (escpos_commands.Machine) ---

    def cut(self) -> None:
        if self._paper.is_blank and not self._paper.has_begun_line:
            return
        self._count += 1
        self._report({"event": "paper", "png_b64": self._paper.cut(), "copies": 1, "id": self._count})

    def kick_drawer(self) -> None:
        self._move_drawer(is_open=True)

    def answer(self, data: bytes) -> None:
        self._answers += data

    def identify(self, what: int) -> bytes:
        """GS I: 1 to 3 one byte, 65 to 68 a block with text."""
        texts = {65: "1.00 ESC/POS", 66: "EPSON", 67: self._model, 68: "EMU0000001"}
        return b"\x5f" + texts[what].encode() + b"\x00" if what in texts else b"\x02"

    def paper_byte(self) -> int:
        if "paper_out" in self._faults:
            return 0x0F
        return 0x03 if "paper_near_end" in self._faults else 0

    def drawer_byte(self) -> int:
        return 1 if self._drawer_open != self._is_low_open else 0

    def confirm(self, process_id: bytes) -> None:
        if self._model.startswith("TM-") and not self._model.startswith(_WITHOUT_PROCESS_ID):
            self.answer(b"\x37\x22" + process_id + b"\x00")

    def set_auto_status(self, what: int) -> None:
        self._auto_status = what != 0
        self._tell_status()
