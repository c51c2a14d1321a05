"""The Star emulator's reading of its command stream.  Written from Star's command specifications, not from our encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import zxingcpp

from drivers.emulators.escpos_paper import Paper
from drivers.emulators.receipt_machine import do_fixed

_PAGES = {
    1: "cp437", 4: "cp858", 5: "cp852", 6: "cp860", 7: "cp861", 8: "cp863", 9: "cp865", 10: "cp866", 11: "cp855", 12: "cp857",
    13: "cp862", 14: "cp864", 15: "cp737", 17: "cp869", 21: "cp874", 32: "cp1252", 33: "cp1250", 34: "cp1251",
}  # fmt: skip
_LINEAR = {
    1: zxingcpp.BarcodeFormat.UPCA,
    2: zxingcpp.BarcodeFormat.EAN8,
    3: zxingcpp.BarcodeFormat.EAN13,
    4: zxingcpp.BarcodeFormat.Code39,
    6: zxingcpp.BarcodeFormat.Code128,
}
_SKIPPED = {  # commands without a picture here, and their number of arguments
    b"\x1bR": 1, b"\x1b/": 1, b"\x1b ": 1, b"\x1bM": 0, b"\x1bP": 0, b"\x1b:": 0, b"\x1bg": 0, b"\x1bp": 0, b"\x1bq": 0,
    b"\x1b$": 1, b"\x1b_": 1, b"\x1bl": 1, b"\x1bQ": 1, b"\x1bC": 1, b"\x1bN": 1, b"\x1bO": 0, b"\x1b\x07": 2, b"\x1bs": 2,
    b"\x1b\x1ed": 1, b"\x1b\x1er": 1, b"\x1b\x1eF": 1, b"\x1b\x1d\x07": 3, b"\x1b\x06\x01": 0,
}  # fmt: skip
_FOUR_MM, _THREE_MM = 32, 24


class Machine(Protocol):
    """What a command does beyond the paper."""

    def cut(self) -> None: ...
    def kick_drawer(self) -> None: ...
    def pass_etb(self) -> None: ...
    def reset_counter(self) -> None: ...
    def set_auto_status(self, *, on: bool) -> None: ...
    def cancel(self) -> None: ...


class Interpreter:
    """Takes whole commands off the front of a buffer.  `unknown` keeps what it could not read."""

    def __init__(self, paper: Paper, machine: Machine) -> None:
        self._paper = paper
        self._machine = machine
        self._page = "cp437"
        self._qr = b""
        self._qr_module = 3
        self._is_raster = False
        self.unknown: list[bytes] = []
        paper.line_spacing = _FOUR_MM
        self._simple = self._make_simple()
        self._single: dict[int, Callable[[], None]] = {
            0x0A: paper.end_line,
            0x0D: paper.end_line,
            0x07: machine.kick_drawer,
            0x1C: machine.kick_drawer,
            0x19: machine.kick_drawer,
            0x1A: machine.kick_drawer,
            0x17: machine.pass_etb,
            0x18: machine.cancel,
            0x0E: lambda: paper.restyle(times_wide=2),
            0x14: lambda: paper.restyle(times_wide=1),
            0x00: lambda: None,
        }

    def step(self, data: bytes) -> int:
        """Do the first command or run of text in `data`; how many bytes it took, 0 if it is not all there yet."""
        if self._is_raster and data[0] in b"bk":
            return self._raster_row(data)
        if data[0] == 0x1B:
            return self._command(data)
        if data[0] >= 0x20:
            end = next((index for index, byte in enumerate(data) if byte < 0x20), len(data))
            self._paper.write(data[:end].decode(self._page, "replace"))
            return end
        if data[0] in self._single:
            self._single[data[0]]()
        else:
            self.unknown.append(data[:1])
        return 1

    def _command(self, data: bytes) -> int:
        taken = do_fixed(data, self._simple, _SKIPPED)
        if taken is not None:
            return taken
        if len(data) < 2 or (data[1] in b"\x1d\x1e\x06*" and len(data) < 3):
            return 0
        if data[:2] in (b"\x1bX", b"\x1bL", b"\x1bK", b"\x1bk"):
            return self._bit_image(data)
        if data[:2] == b"\x1bb":
            return self._barcode(data)
        if data[:3] == b"\x1b\x1dy":
            return self._qr_function(data)
        if data[:3] == b"\x1b*r":
            return self._raster(data)
        size = 3 if data[1] in b"\x1d\x1e\x06*" else 2
        self.unknown.append(data[:size])
        return size

    def _make_simple(self) -> dict[bytes, tuple[int, Callable[[bytes], None]]]:
        paper, machine = self._paper, self._machine
        return {
            b"\x1b@": (0, lambda _: self.reset()),
            b"\x1bE": (0, lambda _: paper.restyle(bold=True)),
            b"\x1bF": (0, lambda _: paper.restyle(bold=False)),
            b"\x1b-": (1, lambda a: paper.restyle(underline=a[0] % 48 != 0)),
            b"\x1b4": (0, lambda _: paper.restyle(inverse=True)),
            b"\x1b5": (0, lambda _: paper.restyle(inverse=False)),
            b"\x1bi": (2, lambda a: paper.restyle(times_high=a[0] % 48 % 6 + 1, times_wide=a[1] % 48 % 6 + 1)),
            b"\x1bW": (1, lambda a: paper.restyle(times_wide=a[0] % 48 % 6 + 1)),
            b"\x1bh": (1, lambda a: paper.restyle(times_high=a[0] % 48 % 6 + 1)),
            b"\x1bz": (1, lambda a: setattr(paper, "line_spacing", _FOUR_MM if a[0] % 48 else _THREE_MM)),
            b"\x1b0": (0, lambda _: setattr(paper, "line_spacing", _THREE_MM)),
            b"\x1ba": (1, lambda a: paper.feed(a[0] * paper.line_spacing)),
            b"\x1bJ": (1, lambda a: paper.feed(a[0] * 2)),
            b"\x1bI": (1, lambda a: paper.feed(a[0])),
            b"\x1bd": (1, lambda a: self._cut(a[0] % 48)),
            b"\x1b\x1dt": (1, lambda a: setattr(self, "_page", _PAGES.get(a[0], "cp437"))),
            b"\x1b\x1da": (1, lambda a: setattr(paper, "align", a[0] % 48 % 3)),
            b"\x1b\x1ea": (1, lambda a: machine.set_auto_status(on=a[0] % 48 != 0)),
            b"\x1b\x1eE": (1, lambda _: machine.reset_counter()),
        }

    def reset(self) -> None:
        self._paper.reset()
        self._paper.line_spacing = _FOUR_MM
        self._page = "cp437"

    def _cut(self, how: int) -> None:
        if how in (2, 3):
            self._paper.feed(150)
        self._machine.cut()

    def _bit_image(self, data: bytes) -> int:
        """ESC X, ESC L: n1 n2 and three bytes a column; ESC K: n 0, one byte a column; ESC k: n 0, n bytes in each of 24 rows."""
        if len(data) < 4:
            return 0
        count = data[2] + 256 * data[3]
        deep = {0x58: 3, 0x4C: 3, 0x4B: 1, 0x6B: 24}[data[1]]
        size = 4 + count * deep
        if len(data) < size:
            return 0
        if data[1] == 0x6B and count:
            self._paper.picture(data[4:size], count)
        elif count:
            self._paper.columns(data[4:size], deep, wide=False)
        return size

    def _barcode(self, data: bytes) -> int:
        """ESC b type text width height data RS."""
        end = data.find(0x1E, 6)
        if end < 0:
            return 0
        kind, shown, height = data[2] % 48, data[3], data[5]
        self._paper.code_height, self._paper.code_module = height, 2
        self._paper.code_text = 2 if shown in b"\x02\x04\x32\x34" else 0
        if kind in _LINEAR:
            self._paper.barcode(_LINEAR[kind], data[6:end].decode("ascii", "replace"))
        else:
            self.unknown.append(data[:3])
        return end + 1

    def _qr_function(self, data: bytes) -> int:
        """ESC GS y: S settings, D data, P print."""
        if len(data) < 4:
            return 0
        what = data[3:4]
        if what == b"P":
            self._paper.qr(self._qr, self._qr_module)
            return 4
        if what == b"S":
            if len(data) < 6:
                return 0
            if data[4:5] == b"2":
                self._qr_module = max(1, data[5])
            return 6
        if what == b"D" and data[4:5] != b"1" and len(data) > 4:
            self.unknown.append(data[:5])
            return 5
        if len(data) < 8:
            return 0
        size = 8 + data[6] + 256 * data[7]
        if len(data) < size:
            return 0
        self._qr = data[8:size]
        return size

    def _raster(self, data: bytes) -> int:
        """ESC * r A … B enter and leave; the others end with NUL, after digits."""
        if len(data) < 4:
            return 0
        if data[3] in b"ABCR":
            if data[3] in b"AB":
                self._is_raster = data[3] == 0x41
            return 4
        return data.find(0, 4) + 1

    def _raster_row(self, data: bytes) -> int:
        """Command b (or k) n1 n2 data: a dot row."""
        if len(data) < 3:
            return 0
        count = data[1] + 256 * data[2]
        if len(data) < 3 + count:
            return 0
        if count:
            self._paper.picture(data[3 : 3 + count], count)
        return 3 + count
