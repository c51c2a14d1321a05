"""The ZPL emulator's reading of formats (^XA … ^XZ).  Written from Zebra's programming guide, not from our encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.emulators.zpl_label import Block, Font, LabelPicture
from drivers.emulators.zpl_symbols import code128_text, data_matrix_text, format_of, unpacked

_COMMAND = re.compile(rb"\^(A|[A-Z][A-Z0-9@])([^\^~]*)")
_TURNS = {"N": 0, "R": 90, "I": 180, "B": 270}
_BELOW_QR = 10
"""^BQ stands so many dots below ^FO (seen in printers and in other renderers; the guide says nothing of it)."""
_WIDEST_ROW = 500
_FNC1 = "\x1d"
_FIXED_FONTS = frozenset("ABCDEFGH")
_WITHOUT_PICTURE = frozenset(
    "CI FX MM MN MT MD PR PO PM LR LS LT JM JU JZ SD XB PA MF MU SZ ID FN PW LL".split()  # noqa: SIM905 -- a list of names reads better so
)


@dataclass(frozen=True, slots=True)
class Printout:
    """A format as read: its picture, how many labels, its length in dots, and the commands that this printer does not know."""

    picture: LabelPicture
    copies: int
    length: int
    unknown: tuple[str, ...]


_HIGHEST = 32_000  # dots, of bars (guide, ^BC)


class FormatReader:
    """Reads one format.  Size and defaults (^PW, ^LL, ^CF, ^BY) stay from one format to the next, as in the real ones."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._default_font = Font(30, 0, is_fixed=False)
        self._module, self._ratio, self._bar_height = 2, 3.0, 10

    def read(self, body: bytes) -> Printout:
        """`body` is what stands between ^XA and ^XZ."""
        commands = [(match[1].decode(), match[2].rstrip(b"\r\n")) for match in _COMMAND.finditer(body)]
        for name, arguments in commands:  # sizes first: they may stand anywhere in a format
            if name == "PW":
                self._width = _number(arguments, 0, self._width)
            elif name == "LL":
                self._height = _number(arguments, 0, self._height)
        self._picture = LabelPicture(self._width, self._height)
        self._unknown: list[str] = []
        self._copies = 1
        self._home = (0, 0)
        self._begin_field()
        for name, arguments in commands:
            self._do(name, arguments)
        return Printout(self._picture, self._copies, self._height, tuple(self._unknown))

    def _begin_field(self) -> None:
        self._at = (0, 0)
        self._is_typeset = self._is_reverse = False
        self._font = self._default_font
        self._block: Block | None = None
        self._code: tuple[str, list[str]] | None = None
        self._hex: str | None = None
        self._data: bytes | None = None

    def _do(self, name: str, arguments: bytes) -> None:
        text = arguments.decode("utf-8", "replace")
        words = text.split(",")
        match name:
            case "FO" | "FT":
                self._at = (self._home[0] + _number(arguments, 0, 0), self._home[1] + _number(arguments, 1, 0))
                self._is_typeset = name == "FT"
            case "LH":
                self._home = (_number(arguments, 0, 0), _number(arguments, 1, 0))
            case "FH":
                self._hex = text[:1] or "_"
            case "FD" | "FV":
                self._data = arguments
            case "FS":
                self._end_field()
            case "FR":
                self._is_reverse = True
            case "FB":
                self._block = _block(words)
            case "BY":
                self._module, self._bar_height = _within(_number(arguments, 0, 2), 10), _number(arguments, 2, self._bar_height)
                self._ratio = _ratio(words, self._ratio)
            case "BC" | "BE" | "BQ" | "BX" | "B2" | "B3" | "B8" | "BU":
                self._code = (name, words)
            case "PQ":
                self._copies = max(1, _number(arguments, 0, 1))
            case _:
                self._do_graphic(name, arguments, words)

    def _do_graphic(self, name: str, arguments: bytes, words: list[str]) -> None:
        if name == "GB":
            width, height, thickness = (_at(words, index, 1) for index in range(3))
            is_white = len(words) > 3 and words[3] == "W"
            self._picture.box(self._at, (width, height), max(1, thickness), white=is_white, reverse=self._is_reverse)
        elif name == "GF":
            self._graphic(arguments)
        elif name == "CF":
            self._default_font = Font(_at(words, 1, 30), _at(words, 2, 0), is_fixed=words[0][:1] in _FIXED_FONTS)
            self._font = self._default_font
        elif name == "A":
            height = _at(words, 1, self._default_font.height)
            self._font = Font(height, _at(words, 2, 0), is_fixed=words[0][:1] in _FIXED_FONTS)
        elif name not in _WITHOUT_PICTURE:
            self._unknown.append(name)

    def _graphic(self, arguments: bytes) -> None:
        """^GFA,b,c,d,data: hexadecimal; c bytes in all, d a row."""
        parts = arguments.split(b",", 4)
        stride = min(int(parts[3]), _WIDEST_ROW) if len(parts) == 5 and parts[0] in (b"A", b"") and parts[3].isdigit() else 0
        rows = unpacked(parts[4], stride) if stride else None
        if rows:
            self._picture.graphic(self._at, rows, stride)
        else:
            self._unknown.append("GF")

    def _end_field(self) -> None:
        if self._data is not None:
            data = _unescaped(self._data, self._hex) if self._hex else self._data
            text = data.decode("utf-8", "replace")
            if self._code:
                self._draw_code(self._code[0], self._code[1], text)
            else:
                top = self._at[1] - (self._font.height if self._is_typeset else 0)
                self._picture.text((self._at[0], top), text, self._font, self._block, reverse=self._is_reverse)
        self._begin_field()

    def _draw_code(self, name: str, words: list[str], data: str) -> None:
        turn = _TURNS.get(words[0][:1], 0)
        if name == "BQ":
            level, _, content = data.partition(",")
            self._picture.qr((self._at[0], self._at[1] + _BELOW_QR), content, _within(_at(words, 2, 3), 100), level[:1] or "Q")
            return
        if name == "BX":
            text = data_matrix_text(data, words[6][:1] if len(words) > 6 and words[6] else "~")
            self._picture.data_matrix(self._at, text, _within(_at(words, 1, 3), 100), turn)
            return
        height = _within(_at(words, 2 if name == "B3" else 1, self._bar_height), _HIGHEST)
        shown = code128_text(data) if name == "BC" else data
        top = self._at[1] - (height if self._is_typeset else 0)
        wide = round(self._ratio * self._module) if name in ("B2", "B3") else 0
        width = self._picture.linear((self._at[0], top), (format_of(name), shown), (self._module, wide), height, turn)
        is_readable = (words[3 if name == "B3" else 2] if len(words) > 2 + (name == "B3") else "Y") != "N"
        if is_readable and width:
            line = Font(10 * self._module, 0, is_fixed=True)
            shown = shown.replace(_FNC1, "")
            self._picture.text((self._at[0], top + height + 4), shown, line, Block(width, 1, 0, "C"))


def _within(number: int, most: int) -> int:
    """What a printer makes of a number out of its range: the nearest that it has."""
    return max(1, min(most, number))


def _number(arguments: bytes, index: int, default: int) -> int:
    return _at(arguments.decode("ascii", "replace").split(","), index, default)


def _ratio(words: Sequence[str], default: float) -> float:
    """Wide bars by narrow ones, 2.0 to 3.0."""
    match = re.fullmatch(r"\s*([23](?:\.[0-9])?)\s*", words[1]) if len(words) > 1 else None
    return min(float(match[1]), 3.0) if match else default


def _at(words: Sequence[str], index: int, default: int) -> int:
    """A whole number; what stands behind a decimal point is dropped."""
    match = re.match(r"\s*([0-9]+)", words[index]) if index < len(words) else None
    return min(int(match[1]), 32000) if match else default


def _block(words: list[str]) -> Block:
    align = words[3][:1] if len(words) > 3 else "L"
    return Block(_at(words, 0, 0), max(1, _at(words, 1, 1)), _at(words, 2, 0), align or "L")


def _unescaped(data: bytes, mark: str) -> bytes:
    """^FH: the mark and two hexadecimal digits are a byte."""
    return re.sub(re.escape(mark.encode()) + rb"([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), data)
