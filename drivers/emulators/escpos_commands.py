"""The ESC/POS emulator's reading of its command stream.  Written from the Epson reference, not from our encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import zxingcpp

from drivers.emulators.escpos_paper import FNC1, Paper
from drivers.emulators.receipt_machine import do_fixed

_PAGES = {  # ESC t, Epson's numbers
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859-7", 16: "cp1252",
    17: "cp866", 18: "cp852", 19: "cp858", 32: "cp720", 33: "cp775", 34: "cp855", 35: "cp861", 36: "cp862", 37: "cp864",
    38: "cp869",
    39: "iso8859-2", 40: "iso8859-15", 44: "cp1125", 45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254", 49: "cp1255",
    50: "cp1256", 51: "cp1257", 52: "cp1258",
}  # fmt: skip
_LINEAR = {
    65: zxingcpp.BarcodeFormat.UPCA,
    67: zxingcpp.BarcodeFormat.EAN13,
    68: zxingcpp.BarcodeFormat.EAN8,
    69: zxingcpp.BarcodeFormat.Code39,
    70: zxingcpp.BarcodeFormat.ITF,
    73: zxingcpp.BarcodeFormat.Code128,
}
_REAL_TIME_LENGTHS = {0x04: 3, 0x05: 3, 0x14: 5}
_SKIPPED = {  # commands without a picture here, and their number of arguments
    b"\x1b ": 1, b"\x1bM": 1, b"\x1bR": 1, b"\x1b{": 1, b"\x1bV": 1, b"\x1bG": 1, b"\x1b$": 2, b"\x1b\\": 2, b"\x1b=": 1,
    b"\x1bc3": 1, b"\x1bc4": 1, b"\x1bc5": 1, b"\x1bS": 0, b"\x1bL": 0, b"\x1bT": 1, b"\x1bU": 1, b"\x1dL": 2, b"\x1dW": 2,
    b"\x1dP": 2, b"\x1db": 1, b"\x1df": 1, b"\x1dT": 1, b"\x1cS": 2, b"\x1cC": 1,
}  # fmt: skip

_CODE_SETS = {"A": range(0x60), "B": range(0x20, 0x80), "C": range(100)}


class Machine(Protocol):
    """What a command does beyond the paper."""

    def cut(self) -> None: ...
    def kick_drawer(self) -> None: ...
    def answer(self, data: bytes) -> None: ...
    def identify(self, what: int) -> bytes: ...
    def paper_byte(self) -> int: ...
    def drawer_byte(self) -> int: ...
    def set_auto_status(self, what: int) -> None: ...
    def confirm(self, process_id: bytes) -> None: ...


class Interpreter:
    """Takes whole commands off the front of a buffer.  `unknown` keeps what it could not read."""

    def __init__(self, paper: Paper, machine: Machine) -> None:
        self._paper = paper
        self._machine = machine
        self._page = "cp437"
        self._is_han = False
        self._han_times = self._size = (1, 1)
        self._qr = b""
        self._qr_module = 3
        self._kept = b""
        self.unknown: list[bytes] = []
        self._simple: dict[bytes, tuple[int, Callable[[bytes], None]]] = self._make_simple()

    def step(self, data: bytes) -> int:
        """Do the first command or run of text in `data`; how many bytes it took, 0 if it is not all there yet."""
        first = data[0]
        if first in (0x1B, 0x1D, 0x1C):
            return self._command(data)
        if first == 0x10:
            length = _REAL_TIME_LENGTHS.get(data[1], 1) if len(data) > 1 else 0
            return length if length <= len(data) else 0  # done when it came in
        if first == 0x0A:
            self._paper.end_line()
        elif first == 0x09:
            self._paper.write(" " * 8)
        elif first >= 0x20:
            return self._text(data)
        elif first not in (0x00, 0x0D):
            self.unknown.append(data[:1])
        return 1

    def _text(self, data: bytes) -> int:
        end = next((index for index, byte in enumerate(data) if byte < 0x20), len(data))
        if not self._is_han:
            self._paper.write(data[:end].decode(self._page, "replace"))
            return end
        at = 0
        while at < end:
            size = 1 if data[at] < 0x81 else 2
            if at + size > len(data):
                break  # the other half of a character is still to come
            self._write_han(data[at : at + size])
            at += size
        return at

    def _write_han(self, character: bytes) -> None:
        """FS & mode: the two-byte characters have sizes of their own (FS W, FS !), on top of those of GS !."""
        style = self._paper.style
        if len(character) == 2:
            wide, high = self._han_times
            self._paper.restyle(times_wide=max(wide, self._size[0]), times_high=max(high, self._size[1]))
        self._paper.write(character.decode("gb18030", "replace"))
        self._paper.style = style

    def _command(self, data: bytes) -> int:
        taken = do_fixed(data, self._simple, _SKIPPED)
        if taken is not None:
            return taken
        if len(data) < 2:
            return 0
        variable = {
            b"\x1dk": self._barcode,
            b"\x1d(": self._function,
            b"\x1dv": self._raster,
            b"\x1b*": self._columns,
            b"\x1dV": self._cut,
        }
        special = variable.get(data[:2])
        if special:
            return special(data)
        if data[:2] == b"\x1bD":
            return data.find(0) + 1
        self.unknown.append(data[:2])
        return 2

    def _make_simple(self) -> dict[bytes, tuple[int, Callable[[bytes], None]]]:
        paper, machine = self._paper, self._machine
        return {
            b"\x1b@": (0, lambda _: self.reset()),
            b"\x1b!": (1, lambda a: self._modes(a[0])),
            b"\x1bE": (1, lambda a: paper.restyle(bold=bool(a[0] & 1))),
            b"\x1b-": (1, lambda a: paper.restyle(underline=a[0] % 48 != 0)),
            b"\x1dB": (1, lambda a: paper.restyle(inverse=bool(a[0] & 1))),
            b"\x1d!": (1, lambda a: self._resize((a[0] >> 4 & 7) + 1, (a[0] & 7) + 1)),
            b"\x1cW": (1, lambda a: setattr(self, "_han_times", (2, 2) if a[0] & 1 else (1, 1))),
            b"\x1c!": (1, lambda a: setattr(self, "_han_times", (2 if a[0] & 4 else 1, 2 if a[0] & 8 else 1))),
            b"\x1ba": (1, lambda a: setattr(paper, "align", a[0] % 48 % 3)),
            b"\x1b2": (0, lambda _: setattr(paper, "line_spacing", 30)),
            b"\x1b3": (1, lambda a: setattr(paper, "line_spacing", a[0])),
            b"\x1bd": (1, lambda a: self._feed_lines(a[0])),
            b"\x1bJ": (1, lambda a: paper.feed(a[0])),
            b"\x1bt": (1, lambda a: setattr(self, "_page", _PAGES.get(a[0], "cp437"))),
            b"\x1c&": (0, lambda _: setattr(self, "_is_han", True)),
            b"\x1c.": (0, lambda _: setattr(self, "_is_han", False)),
            b"\x1bp": (3, lambda _: machine.kick_drawer()),
            b"\x1dh": (1, lambda a: setattr(paper, "code_height", a[0])),
            b"\x1dw": (1, lambda a: setattr(paper, "code_module", max(1, min(6, a[0])))),
            b"\x1dH": (1, lambda a: setattr(paper, "code_text", a[0] % 48)),
            b"\x1da": (1, lambda a: machine.set_auto_status(a[0])),
            b"\x1dI": (1, lambda a: machine.answer(machine.identify(a[0]))),
            b"\x1dr": (1, lambda a: machine.answer(bytes((machine.drawer_byte() if a[0] % 48 == 2 else machine.paper_byte(),)))),
        }

    def reset(self) -> None:
        self._paper.reset()
        self._page, self._is_han = "cp437", False
        self._han_times = self._size = (1, 1)

    def _resize(self, wide: int, high: int) -> None:
        """GS !: all characters."""
        self._size = (wide, high)
        self._paper.restyle(times_wide=wide, times_high=high)

    def _modes(self, bits: int) -> None:
        self._paper.restyle(
            bold=bool(bits & 0x08),
            times_high=2 if bits & 0x10 else 1,
            times_wide=2 if bits & 0x20 else 1,
            underline=bool(bits & 0x80),
        )

    def _feed_lines(self, count: int) -> None:
        self._paper.feed(count * self._paper.line_spacing)

    def _cut(self, data: bytes) -> int:
        """GS V m [n]: 65 and 66 feed to the cutter first."""
        feeds = data[2:3] in (b"A", b"B", b"a", b"b", b"g", b"h")
        if len(data) < (4 if feeds else 3):
            return 0
        if not feeds and data[2] not in (0, 1, 48, 49):
            self.unknown.append(data[:3])
            return 3
        if not feeds:
            self._machine.cut()
            return 3
        self._paper.feed(data[3] + 150)
        self._machine.cut()
        return 4

    def _barcode(self, data: bytes) -> int:
        """GS k: function A ends with NUL, function B (m from 65) has a length."""
        if len(data) < 4:
            return 0
        kind = data[2]
        if kind < 65:
            end = data.find(0, 3)
            if end < 0:
                return 0
            content, size, kind = data[3:end], end + 1, kind + 65
        else:
            size = 4 + data[3]
            if len(data) < size:
                return 0
            content = data[4:size]
        if kind == 73:
            text, read = _code128_text(content)
            if read < len(content):
                return size - len(content) + read  # it stops there, and takes what follows for text
        else:
            text = content.decode("ascii", "replace")
        if kind in _LINEAR:
            self._paper.barcode(_LINEAR[kind], text)
        else:
            self.unknown.append(data[:3])
        return size

    def _function(self, data: bytes) -> int:
        """GS ( x pL pH …: QR code (k), graphics (L), process id response (H); others are passed over."""
        if len(data) < 5:
            return 0
        size = 5 + data[3] + 256 * data[4]
        if len(data) < size:
            return 0
        letter, body = data[2:3], data[5:size]
        if letter == b"k" and body[:1] == b"1":
            self._qr_function(body[1:2], body[2:])
        elif letter == b"L" and body[:2] == b"0p":  # function 112: keep a raster picture
            self._kept = body[2:]
        elif letter == b"L" and body[:1] == b"0" and body[1:2] in (b"2", b"\x02") and len(self._kept) > 8:
            self._paper.picture(self._kept[8:], (self._kept[4] + 256 * self._kept[5] + 7) // 8, (self._kept[1], self._kept[2]))
        elif letter == b"H" and body[:2] == b"00":
            self._machine.confirm(body[2:6])
        return size

    def _qr_function(self, function: bytes, arguments: bytes) -> None:
        if function == b"C":
            self._qr_module = arguments[0]
        elif function == b"P":
            self._qr = arguments[1:]
        elif function == b"Q":
            self._paper.qr(self._qr, self._qr_module)

    def _raster(self, data: bytes) -> int:
        """GS v 0 m xL xH yL yH d…"""
        if len(data) < 8:
            return 0
        stride, height = data[4] + 256 * data[5], data[6] + 256 * data[7]
        size = 8 + stride * height
        if len(data) < size:
            return 0
        times = (2 if data[3] & 1 else 1, 2 if data[3] & 2 else 1)
        if stride and height:
            self._paper.picture(data[8:size], stride, times)
        return size

    def _columns(self, data: bytes) -> int:
        """ESC * m nL nH d…: columns of 8 or 24 dots, the highest bit on top, into the line buffer."""
        if len(data) < 5:
            return 0
        count, deep = data[3] + 256 * data[4], 3 if data[2] in (32, 33) else 1
        size = 5 + count * deep
        if len(data) < size:
            return 0
        if count:
            self._paper.columns(data[5:size], deep, wide=data[2] in (0, 32))
        return size


def _code128_text(content: bytes) -> tuple[str, int]:
    """The text behind `{A`, `{B`, `{C`, with `{1` as FNC1; in code set C each byte is a pair of digits.

    And how much could be read: up to what its code set does not have (GS k, notes for CODE128).
    """
    text, code_set, index = "", "", 0
    while index < len(content):
        byte, follower = content[index], content[index + 1 : index + 2]
        if byte == ord("{"):
            if follower and follower in b"ABC":
                code_set = follower.decode()
            elif not code_set or not follower or follower not in b"{1234S":
                break
            text += {b"{": "{", b"1": FNC1}.get(follower, "")
            index += 2
            continue
        if byte not in _CODE_SETS.get(code_set, ()):
            break
        text += f"{byte:02d}" if code_set == "C" else chr(byte)
        index += 1
    return text, index
