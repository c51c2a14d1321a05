"""Star receipt printer in Star Line Mode with a cash drawer, 80 mm, auto cutter.  Source: Star Line Mode Command Specifications.

Commands: ``fault`` with `paper_out`, `paper_near_end`, `cover_open`, `cutter`, `head_hot`, `mute` (it prints, but answers nothing);
``paper`` (`millimetres` of it are left; then paper_out), ``drawer`` (`open`: a person opens or closes it), ``configure``
(`status_bytes` 7 to 9: 7 has no ETB counter; `switch`: `high` or `low`, its bit while the drawer is open; `network`: its status is
framed as over Ethernet; `counts_at_once`: an ETB is counted when it is read, not when all before it is printed), ``off_and_on``
(what waits in its buffer is lost), ``tear``.
Reports: ``{"event": "paper", "png_b64": …, "copies": 1, "id": n}``, ``{"event": "drawer", "open": …}``,
``{"event": "fault", "name": "paper_out", "on": …}`` when its paper came to an end, or `paper` was loaded.

What comes in while it is stopped waits in its buffer and is printed when it goes on.  ESC ACK SOH is answered wherever it stands,
also inside a picture's data, which is the worst that a real one might do.
"""

from __future__ import annotations

from drivers.emulators.emulator import BadCommand, Command, Report, switch_of
from drivers.emulators.receipt_machine import ReceiptMachine
from drivers.emulators.star_commands import Interpreter
from drivers.registry import Kind

KIND = Kind.RECEIPT_PRINTER
COMMANDS = ("fault", "paper", "drawer", "configure", "off_and_on", "tear")
FAULTS = ("paper_out", "paper_near_end", "cover_open", "cutter", "head_hot", "mute")
_OFFLINE = frozenset({"paper_out", "cover_open", "cutter", "head_hot"})
_ASK = b"\x1b\x06\x01"


class StarEmulator:
    def __init__(self, report: Report) -> None:
        self._printer = ReceiptMachine(report, FAULTS, _OFFLINE, COMMANDS, self._tell_change)
        self._closed_bit = False
        self._status_bytes = 9
        self._is_network = self._counts_at_once = False
        self._auto_status = False
        self._counter = 0
        self._has_passed_etb = False
        self._tail = b""
        self._interpreter = Interpreter(self._printer.paper, self)

    @property
    def unknown(self) -> list[bytes]:
        """What came in and is no command of this printer."""
        return self._interpreter.unknown

    def on_bytes(self, data: bytes) -> bytes:
        self._printer.waiting += data
        if self._counts_at_once:
            for _ in range(data.count(b"\x17")):
                self._count_etb()
        seen = self._tail + data
        for _ in range(seen.count(_ASK)):
            self._tell_status()
        self._tail = seen[-2:] if not seen.endswith(_ASK) else b""
        return self._go_on()

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "configure":
                self._configure(command)
            case "off_and_on":
                self._printer.waiting.clear()
                self._counter, self._auto_status = 0, False
                self._interpreter.reset()
            case _:
                self._printer.on_command(command)
        return self._go_on()

    def _go_on(self) -> bytes:
        self._printer.run(self._interpreter.step)
        return self._printer.taken_answers()

    def _configure(self, command: Command) -> None:
        size = command.get("status_bytes", self._status_bytes)
        switch = command.get("switch", "low" if self._closed_bit else "high")
        if not isinstance(size, int) or not 7 <= size <= 9:
            raise BadCommand(f"'configure' needs 'status_bytes' from 7 to 9, got {size!r}")
        if switch not in ("high", "low"):
            raise BadCommand(f"'configure' needs 'switch' as high or low, got {switch!r}")
        self._status_bytes, self._closed_bit = size, switch == "low"
        if "network" in command:
            self._is_network = switch_of(command, "network")
        if "counts_at_once" in command:
            self._counts_at_once = switch_of(command, "counts_at_once")

    def _tell_change(self) -> None:
        if self._auto_status:
            self._tell_status()

    def _tell_status(self) -> None:
        """Header 1 and 2 and the status bytes; "ETB executed" goes out once."""
        faults = self._printer.faults
        length = self._status_bytes
        first = 0x01 | (length & 0x07) << 1 | (length & 0x08) << 2
        version = {7: 0x02, 8: 0x04, 9: 0x06}[length] | (0x80 if self._is_network else 0)
        one = (
            (0x20 if "cover_open" in faults else 0)
            | (0x08 if self._printer.is_stopped else 0)
            | (0x04 if self._printer.is_drawer_open != self._closed_bit else 0)
            | (0x02 if self._has_passed_etb else 0)
        )
        two = (0x08 if "cutter" in faults else 0) | (0x40 if "head_hot" in faults else 0)
        out = "paper_out" in faults
        four = (0x08 if out else 0) | (0x04 if out or "paper_near_end" in faults else 0)
        counter = (self._counter & 0x07) << 1 | (self._counter >> 3) << 5
        self._has_passed_etb = False
        self._printer.answer(bytes((first, version, one, two, 0, four, 0, counter, 0))[:length])
        if self._is_network:
            self._printer.answer(b"\x00\x00")

    def _count_etb(self) -> None:
        self._counter = (self._counter + 1) % 32
        self._has_passed_etb = True
        self._tell_change()

    # --- what commands do beyond the paper (star_commands.Machine) ---

    def cut(self) -> None:
        self._printer.cut()

    def kick_drawer(self) -> None:
        self._printer.move_drawer(is_open=True)

    def pass_etb(self) -> None:
        if not self._counts_at_once:
            self._count_etb()

    def reset_counter(self) -> None:
        self._counter, self._has_passed_etb = 0, False

    def set_auto_status(self, *, on: bool) -> None:
        self._auto_status = on
        self._tell_change()

    def cancel(self) -> None:
        self.reset_counter()
        self._interpreter.reset()
