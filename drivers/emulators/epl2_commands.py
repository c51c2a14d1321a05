r"""The EPL2 emulator's reading of the command language.  Written from Zebra's EPL guide, not from our encoder.

A command is a line, its name the first letters of it; text stands in double quotes, `\"` is a quote in it.  GW's data is as long as
its width and height say, and comes after a comma or a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import zxingcpp

from drivers.emulators.label_paper import LabelImage, Printout, number_at

_GRAPHIC = re.compile(rb"GW(\d+),(\d+),(\d+),(\d+)(?:,|\r*\n)")
_COMMAND = re.compile(r"(LO|LW|LE|LS|EI|EK|GG|GK|GM|JF|JB|UN|UQ|US|UP|[A-Zb?q])(.*)", re.DOTALL)
_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(?:,|$)')
_INVERTED = bytes(byte ^ 0xFF for byte in range(256))
_LINEAR = {
    "1": zxingcpp.BarcodeFormat.Code128,
    "3": zxingcpp.BarcodeFormat.Code39,
    "E30": zxingcpp.BarcodeFormat.EAN13,
    "E80": zxingcpp.BarcodeFormat.EAN8,
    "UA0": zxingcpp.BarcodeFormat.UPCA,
}
_WITHOUT_PICTURE = frozenset(("D", "S", "O", "I", "JF", "JB", "Z", "R", "US", "UN", "M"))
_LONGEST_LINE = 2048


@dataclass(frozen=True, slots=True)
class Question:
    """^ee: answered where it stands."""


class CommandReader:
    """Takes bytes in any pieces; yields what is to be printed.  q and Q stay from one job to the next."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._width, self._height = size
        self._waiting = b""
        self._image = LabelImage(*size)
        self.unknown: list[str] = []

    def read(self, data: bytes) -> Iterator[Printout | Question]:
        self._waiting += data
        while (command := self._next()) is not None:
            if found := self._do(*command):
                yield found

    def forget(self) -> None:
        """Switched off and on: what was begun is gone."""
        self._waiting = b""
        self._image = LabelImage(self._width, self._height)

    def _next(self) -> tuple[str, bytes] | None:
        """A line and, for GW, its data; None if that is not all there yet."""
        self._waiting = self._waiting.lstrip(b"\r\n\x00")
        match = _GRAPHIC.match(self._waiting)
        if match:
            size = int(match[3]) * int(match[4])
            if len(self._waiting) < match.end() + size:
                return None
            data = self._waiting[match.end() : match.end() + size]
            line, self._waiting = match[0], self._waiting[match.end() + size :]
            return line.decode("latin-1").strip(",\r\n"), data
        end = re.search(rb"\r?\n", self._waiting)
        if end is None:
            if len(self._waiting) > _LONGEST_LINE:
                self._waiting = b""
            return None
        line, self._waiting = self._waiting[: end.start()], self._waiting[end.end() :]
        return line.decode("latin-1"), b""

    def _do(self, line: str, data: bytes) -> Printout | Question | None:
        if line == "^ee":
            return Question()
        if data:
            x, y, stride, _ = (int(word) for word in line[2:].split(","))
            self._image.bits(x, y, stride, data.translate(_INVERTED))
            return None
        match = _COMMAND.fullmatch(line)
        name, words = (match[1], _words(match[2])) if match else ("", [])
        if name == "P" and not line.startswith("PA"):
            return Printout(self._image.copy(), max(1, number_at(words, 0, 1)) * max(1, number_at(words, 1, 1)))
        self._draw(name, words, line)
        return None

    def _draw(self, name: str, words: list[str], line: str) -> None:
        numbers = [number_at(words, index) for index in range(7)]
        match name:
            case "q" | "Q":
                self._resize(name, numbers[0])
            case "N":
                self._image = LabelImage(self._width, self._height)
            case "LO":
                self._image.fill(*numbers[:4])
            case "X":
                self._image.frame(numbers[0], numbers[1], numbers[3], numbers[4], numbers[2])
            case "A" if len(words) > 7:
                self._image.text(numbers[0], numbers[1], words[-1], 10 * max(1, numbers[3]))
            case "B" if len(words) > 8 and words[3] in _LINEAR:
                if not self._image.symbol(
                    (numbers[0], numbers[1]), _LINEAR[words[3]], words[-1], max(1, numbers[4]), numbers[6] or 1
                ):
                    self.unknown.append(line[:60])
            case _ if name not in _WITHOUT_PICTURE:
                self.unknown.append(line[:60])

    def _resize(self, name: str, dots: int) -> None:
        """Clears the image, as the guide says of q and Q."""
        if name == "q":
            self._width = dots or self._width
        else:
            self._height = dots or self._height
        self._image = LabelImage(self._width, self._height)


def _words(text: str) -> list[str]:
    """Arguments between commas; the text of those in quotes."""
    words: list[str] = []
    at = 0
    while at < len(text) and (match := _WORD.match(text, at)) and match.end() > at:
        words.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2].strip())
        at = match.end()
    return words
