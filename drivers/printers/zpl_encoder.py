"""Labels in ZPL II: text in the printer's font 0 where it is plain ASCII and upright, otherwise as a picture; bars native.

Matrix codes, EAN and UPC are pictures: ^BQ stands some dots below its place, by firmware; with ^BX the printer chooses the symbol's
size as it likes; ^BE may draw its guard bars down into the digits below; ^B8, ^BU and the change from code set B to C in ^BC are
missing in what only follows ZPL.  A picture is where and what the layout says, on all of them (tried with zebrash, a renderer).

Data can never command the printer: in ^FD every byte but letters, digits, spaces and harmless marks is written by ^FH as `_XX`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drivers.devices import Encoded
from drivers.documents.barcodes import WIDE, code128_segments, fnc1_form
from drivers.documents.bitmap import Bitmap, draw_bars, draw_line
from drivers.documents.errors import DocumentError
from drivers.documents.layout import Bars, Frame, Item, Raster, TextLine, lay_out_label
from drivers.documents.model import Label, Symbology
from drivers.errors import Unsupported
from drivers.printers.zpl_options import ZplOptions
from drivers.printers.zpl_pictures import packed
from drivers.symbols.gs1 import FNC1

_NATIVE = re.compile(r"[ -\[\]-~\n]*")
"""Printable ASCII but the backslash, which ^FB takes for a command of its own."""
_PLAIN = frozenset(b" !#$%&'()*+-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]abcdefghijklmnopqrstuvwxyz{|}")
_ALIGN = {"left": "L", "center": "C", "right": "R"}
_CODE128_ESCAPES = {"^": "><", "~": ">=", ">": ">0", FNC1: ">8"}
_TURNS = {0: "N", 90: "R", 180: "I", 270: "B"}
_NATIVE_BARS = {
    Symbology.CODE128: "^BC{turn},{height},N,N,N",
    Symbology.GS1_128: "^BC{turn},{height},N,N,N",
    Symbology.CODE39: "^B3{turn},N,{height},N,N",
    Symbology.ITF14: "^B2{turn},{height},N,N,N",
}
_WIDEST_MODULE = 10
"""Dots; ^BY takes 1 to 10."""
_SMALLEST_LETTERS = 10
"""Dots; ^A0 takes 10 to 32000."""
_MOST_COPIES = 9999


def encode_label(label: Label, options: ZplOptions, *, copies: int, copy_mark: bool) -> Encoded:
    """One format; the printer makes the copies (^PQ).  Raises Unsupported."""
    if label.width > options.media_width or (options.media_height and label.height > options.media_height):
        media = f"{options.media_width} x {options.media_height or 'any'} mm"
        raise Unsupported(f"the label is {label.width} x {label.height} mm, the printer's media {media}")
    if not 1 <= copies <= _MOST_COPIES:
        raise Unsupported(f"{copies} copies, expected 1 to {_MOST_COPIES}")
    try:
        layout = lay_out_label(label, options.dpi, mark=options.copy_text if copy_mark else "")
        fields = [field for item in layout.items for field in _item(item)]
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    head = f"^XA^CI28^PW{layout.width}^LL{layout.height}^LH0,0"
    return Encoded("\n".join([head, *fields, f"^PQ{copies}", "^XZ", ""]).encode(), copies, layout.notes)


def escaped(data: bytes) -> str:
    """Bytes as field data after ^FH."""
    return "".join(chr(byte) if byte in _PLAIN else f"_{byte:02X}" for byte in data)


def _item(item: Item) -> Iterator[str]:
    match item:
        case Raster():
            yield _graphic(item.x, item.y, item.bitmap)
        case TextLine() if _is_native(item):
            yield _native_text(item, item.x)
            if item.bold:  # font 0 has no bolder sister: print it again, a little to the right
                yield _native_text(item, item.x + max(1, item.size // 20))
        case TextLine():
            yield from _drawn_text(item)
        case Bars():
            yield _bars(item)
        case Frame():
            yield f"^FO{item.x},{item.y}^GB{item.width},{item.height},{item.thickness}^FS"


def _is_native(line: TextLine) -> bool:
    is_plain = not line.rotation and line.font == "sans" and line.size >= _SMALLEST_LETTERS
    return is_plain and _NATIVE.fullmatch(line.block) is not None


def _native_text(line: TextLine, x: int) -> str:
    block = f"^FB{line.width},1,0,{_ALIGN[line.align]},0"
    return f"^FO{x},{line.y}^A0N,{line.size},{line.size}{block}^FH_^FD{escaped(line.text.encode())}^FS"


def _drawn_text(line: TextLine) -> Iterator[str]:
    """Only as large as the ink."""
    drawn = draw_line(line)
    if drawn is not None:
        yield _graphic(*drawn)


def _graphic(x: int, y: int, ink: Bitmap) -> str:
    return f"^FO{x},{y}^GFA,{len(ink.rows)},{len(ink.rows)},{ink.stride},{packed(ink)}^FS"


def _bars(bars: Bars) -> str:
    code = _NATIVE_BARS.get(bars.symbology)
    if code is None or bars.module > _WIDEST_MODULE or _is_read_variously(bars):
        return _graphic(bars.x, bars.y, draw_bars(bars))
    turn = _TURNS[bars.rotation]
    return (
        f"^FO{bars.x},{bars.y}^BY{bars.module},{WIDE}.0{code.format(turn=turn, height=bars.bar_height)}^FH_^FD{_bars_data(bars)}^FS"
    )


def _is_read_variously(bars: Bars) -> bool:
    """Code 128 as what only follows ZPL does not draw it: a change from code set B to C, or one character alone in the last set."""
    match bars.symbology:
        case Symbology.CODE128:
            segments = code128_segments(bars.data)
        case Symbology.GS1_128:
            segments = code128_segments(fnc1_form(bars.data))
        case _:
            return False
    return any(code_set == "C" for code_set, _ in segments[1:]) or len(segments[-1][1]) == 1


def _bars_data(bars: Bars) -> str:
    match bars.symbology:
        case Symbology.CODE128:
            return escaped(_code128(bars.data).encode())
        case Symbology.GS1_128:
            return escaped(_code128(fnc1_form(bars.data)).encode())
        case _:
            return escaped(bars.data.encode())


def _code128(data: str) -> str:
    """With the invocation codes of ^BC mode N: `>:` and `>;` start in set B and C, `>6` and `>5` change to them, `>8` is FNC1."""
    written = ""
    for index, (code_set, text) in enumerate(code128_segments(data)):
        if index:
            written += ">6" if code_set == "B" else ">5"
        else:
            written += ">:" if code_set == "B" else ">;"
        written += "".join(_CODE128_ESCAPES.get(char, char) for char in text)
    return written
