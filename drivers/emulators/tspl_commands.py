r"""The TSPL emulator's reading of the command language.  Written from TSC's programming manual, not from our encoder.

A command is a line; spaces between its words are ignored, text stands in double quotes, `\["]` is a quote in it.  BITMAP's data is
as long as its width and height say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import zxingcpp

from drivers.emulators.label_paper import LabelImage, Printout, number_at

_BITMAP = re.compile(rb"[ ]*BITMAP[ ]+(\d+),[ ]*(\d+),[ ]*(\d+),[ ]*(\d+),[ ]*([012]),")
_LINE = re.compile(rb"[ ]*([A-Z?]+)[ ]*(.*)", re.DOTALL)
_ARGUMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\\["\]|\\)*)"|([^,"]*))\s*(?:,|$)')
_MODES = {"0": "over", "1": "or", "2": "xor"}
_INVERTED = bytes(byte ^ 0xFF for byte in range(256))
_LINEAR = {
    "128": zxingcpp.BarcodeFormat.Code128,
    "39": zxingcpp.BarcodeFormat.Code39,
    "EAN13": zxingcpp.BarcodeFormat.EAN13,
    "EAN8": zxingcpp.BarcodeFormat.EAN8,
    "UPCA": zxingcpp.BarcodeFormat.UPCA,
}
_WITHOUT_PICTURE = frozenset(("SPEED", "DENSITY", "OFFSET", "SHIFT", "CODEPAGE", "COUNTRY", "SET", "SOUND", "CUT"))
_LONGEST_LINE = 4096
_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Question:
    """`OUT @LABEL`: answered in its turn."""

    name: str


class CommandReader:
    """Takes bytes in any pieces; yields what is to be printed.  SIZE stays from one job to the next."""

    def __init__(self, dpi: int, size: tuple[int, int]) -> None:
        self._dpi = dpi
        self._size = size
        self._waiting = b""
        self._image = LabelImage(*size)
        self.unknown: list[str] = []

    def read(self, data: bytes) -> Iterator[Printout | Question]:
        self._waiting += data
        while (command := self._next()) is not None:
            if found := self._do(*command):
                yield found

    def forget(self) -> None:
        """Reset: what was begun is gone."""
        self._waiting = b""
        self._image = LabelImage(*self._size)

    def _next(self) -> tuple[bytes, bytes] | None:
        """A line and, for BITMAP, its data; None if that is not all there yet."""
        self._waiting = self._waiting.lstrip(b"\r\n\x00")
        match = _BITMAP.match(self._waiting)
        if match:
            size = int(match[3]) * int(match[4])
            if len(self._waiting) < match.end() + size:
                return None
            line, data = match[0], self._waiting[match.end() : match.end() + size]
            self._waiting = self._waiting[match.end() + size :]
            return line, data
        end = re.search(rb"[\r\n]", self._waiting)
        if end is None:
            if len(self._waiting) > _LONGEST_LINE:
                self._waiting = b""
            return None
        line, self._waiting = self._waiting[: end.start()], self._waiting[end.end() :]
        return line, b""

    def _do(self, line: bytes, data: bytes) -> Printout | Question | None:
        match = _LINE.fullmatch(line)
        name, rest = (match[1].decode(), match[2]) if match else ("", b"")
        words = _words(rest.rstrip(b",").decode("latin-1"))
        if name == "PRINT":
            sets, copies = number_at(words, 0, 1), number_at(words, 1, 1)
            return Printout(self._image.copy(), max(1, sets) * max(1, copies))
        if name == "OUT" and words[:1] == ["@LABEL"]:
            return Question("@LABEL")
        if name == "BITMAP" and data:
            x, y, stride, _, mode = words[:5]
            self._image.bits(int(x), int(y), int(stride), data.translate(_INVERTED), mode=_MODES[mode])
        elif action := self._actions().get(name):
            action(words)
        elif name not in _WITHOUT_PICTURE:
            self.unknown.append(line.decode("latin-1")[:60])
        return None

    def _actions(self) -> dict[str, Callable[[list[str]], None]]:
        return {
            "SIZE": self._resize,
            "GAP": _ignore,
            "BLINE": _ignore,
            "DIRECTION": _ignore,
            "REFERENCE": _ignore,
            "CLS": lambda _: self._clear(),
            "BAR": lambda words: self._image.fill(*(number_at(words, index) for index in range(4))),
            "BOX": lambda words: self._image.frame(*(number_at(words, index) for index in range(5))),
            "BARCODE": self._barcode,
            "QRCODE": self._qr,
            "DMATRIX": self._datamatrix,
            "TEXT": lambda words: self._image.text(number_at(words, 0), number_at(words, 1), words[-1], 24),
        }

    def _clear(self) -> None:
        self._image = LabelImage(*self._size)

    def _resize(self, words: list[str]) -> None:
        width, height = self._size
        self._size = (self._dots(words[0]) or width, self._dots(words[1]) if len(words) > 1 else height)
        self._clear()

    def _dots(self, length: str) -> int:
        """``60 mm``, ``480 dot``, or inches."""
        match = re.match(r"\s*([0-9.]+)\s*(mm|dot)?", length, re.IGNORECASE)
        if match is None or match[1].count(".") > 1 or match[1] == ".":
            return 0
        value = float(match[1])
        unit = (match[2] or "").lower()
        return round(value if unit == "dot" else value * self._dpi / (_PER_INCH if unit == "mm" else 1))

    def _barcode(self, words: list[str]) -> None:
        x, y, height, module = (number_at(words, index) for index in (0, 1, 3, 6))
        form = _LINEAR.get(words[2]) if len(words) > 8 else None
        if form is None or not self._image.symbol((x, y), form, words[-1], max(1, module), max(1, height)):
            self.unknown.append(f"BARCODE {words[2:3]}")

    def _qr(self, words: list[str]) -> None:
        at, module = (number_at(words, 0), number_at(words, 1)), number_at(words, 3, 4)
        if not self._image.symbol(at, zxingcpp.BarcodeFormat.QRCode, words[-1], max(1, module)):
            self.unknown.append("QRCODE")

    def _datamatrix(self, words: list[str]) -> None:
        module = next((int(word[1:]) for word in words[4:-1] if re.fullmatch("x[0-9]+", word)), 4)
        if not self._image.symbol((number_at(words, 0), number_at(words, 1)), zxingcpp.BarcodeFormat.DataMatrix, words[-1], module):
            self.unknown.append("DMATRIX")


def _ignore(words: list[str]) -> None:
    del words


def _words(text: str) -> list[str]:
    """Arguments between commas; the text of those in quotes."""
    words: list[str] = []
    at = 0
    while at < len(text) and (match := _ARGUMENT.match(text, at)) and match.end() > at:
        words.append(match[1].replace('\\["]', '"') if match[1] is not None else match[2].strip())
        at = match.end()
    return words
