"""ESC/POS customer display, two rows of 20.  Source: Epson DM-D110 specification, section 4.2; XP8200 manual, section 4.1.2.

Commands: ``size`` (`rows`, `columns`); ``off_and_on`` (it forgets all it was told).
Report: ``{"event": "display", "rows": ["Tea            4.50", …]}`` whenever what stands on it has changed.

With ESC = 1 it passes what comes on to the printer behind it, and shows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.emulators.emulator import BadCommand, Command, Report, no_command
from drivers.registry import Kind

_PAGES = {0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858"}
KIND = Kind.LINE_DISPLAY
COMMANDS = ("size", "off_and_on")
FAULTS: tuple[str, ...] = ()
_OVERWRITE, _VERTICAL = 1, 2


class LineDisplayEmulator:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._rows, self._columns = 2, 20
        self._waiting = b""
        self._shown: list[str] = []
        self.unknown: list[bytes] = []
        self.passed_on = b""
        self.brightness = 4
        self._is_selected = True
        self._reset()
        self._shown = self._text()
        self._commands: dict[bytes, tuple[int, Callable[[bytes], None]]] = {
            b"\x1b@": (0, lambda _: self._reset()),
            b"\x1bt": (1, lambda a: setattr(self, "_page", _PAGES.get(a[0], "cp437"))),
            b"\x1b=": (1, lambda a: setattr(self, "_is_selected", bool(a[0] & 2))),
            b"\x1bR": (1, lambda _: None),
            b"\x1f$": (2, lambda a: self._move(a[0], a[1])),
            b"\x1fX": (1, lambda a: setattr(self, "brightness", a[0])),
            b"\x1fC": (1, lambda _: None),
            b"\x1fE": (1, lambda _: None),
            b"\x1fr": (1, lambda _: None),
            b"\x1fB": (0, lambda _: self._move(1, self._rows)),
            b"\x1f\x01": (0, lambda _: setattr(self, "_mode", _OVERWRITE)),
            b"\x1f\x02": (0, lambda _: setattr(self, "_mode", _VERTICAL)),
            b"\x0c": (0, lambda _: self._clear()),
            b"\x0b": (0, lambda _: self._move(1, 1)),
            b"\r": (0, lambda _: self._move(1, self._at[1] + 1)),
            b"\n": (0, lambda _: self._line_feed()),
            b"\x08": (0, lambda _: self._step_back()),
            b"\x18": (0, lambda _: self._clear_row()),
        }

    def on_bytes(self, data: bytes) -> bytes:
        self._waiting += data
        while self._waiting:
            taken = self._step(self._waiting)
            if not taken:
                break
            self._waiting = self._waiting[taken:]
        self._tell()
        return b""

    def on_command(self, command: Command) -> bytes:
        match command.get("do"):
            case "size":
                rows, columns = command.get("rows"), command.get("columns")
                if not isinstance(rows, int) or not isinstance(columns, int) or not (1 <= rows <= 8 and 8 <= columns <= 80):
                    raise BadCommand(f"'size' needs 'rows' from 1 to 8 and 'columns' from 8 to 80, got {rows!r} and {columns!r}")
                self._rows, self._columns = rows, columns
                self._reset()
            case "off_and_on":
                self._waiting = b""
                self._is_selected = True
                self._reset()
            case other:
                raise no_command("line display", other, COMMANDS)
        self._tell()
        return b""

    def _step(self, data: bytes) -> int:
        """Do the first command or character; how many bytes it took, 0 if it is not all there yet."""
        if not self._is_selected and data[:1] != b"\x1b":
            self.passed_on += data[:1]
            return 1
        for length in (1, 2):
            name = data[:length]
            if name not in self._commands:
                continue
            count, do = self._commands[name]
            if len(data) < length + count:
                return 0
            if self._is_selected or name == b"\x1b=":
                do(data[length : length + count])
            else:
                self.passed_on += data[: length + count]
            return length + count
        if data[:1] in (b"\x1b", b"\x1f"):
            if len(data) < 2:
                return 0
            self.unknown.append(data[:2])
            return 2
        if data[0] < 0x20:
            self.unknown.append(data[:1])
        else:
            self._put(data[:1].decode(self._page, "replace"))
        return 1

    def _reset(self) -> None:
        self._page, self._mode = "cp437", _OVERWRITE
        self._clear()

    def _clear(self) -> None:
        self._cells = [[" "] * self._columns for _ in range(self._rows)]
        self._at = (1, 1)

    def _clear_row(self) -> None:
        self._cells[self._at[1] - 1] = [" "] * self._columns
        self._at = (1, self._at[1])

    def _move(self, column: int, row: int) -> None:
        """A place that is not there is ignored."""
        if 1 <= column <= self._columns and 1 <= row <= self._rows:
            self._at = (column, row)

    def _line_feed(self) -> None:
        self._at = (self._at[0], self._at[1] % self._rows + 1)

    def _step_back(self) -> None:
        self._move(self._at[0] - 1, self._at[1])

    def _put(self, char: str) -> None:
        column, row = self._at
        self._cells[row - 1][column - 1] = char
        if column < self._columns:
            self._at = (column + 1, row)
        elif row < self._rows or self._mode == _OVERWRITE:
            self._at = (1, row % self._rows + 1)
        else:
            self._cells = [*self._cells[1:], [" "] * self._columns]
            self._at = (1, row)

    def _text(self) -> list[str]:
        return ["".join(row) for row in self._cells]

    def _tell(self) -> None:
        if self._text() != self._shown:
            self._shown = self._text()
            self._report({"event": "display", "rows": self._shown})
