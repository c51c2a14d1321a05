"""Receipts in ESC/POS: text in the printer's own font where its code page has it, otherwise as pictures of the row.

python-escpos is the encoder of modes, QR codes, cut and drawer (its `Dummy` keeps the bytes).  Pictures and linear barcodes are
written here: python-escpos prints remarks to standard output for them, and does not keep real-time commands out of their data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import groupby

from PIL import Image

from drivers.devices import Encoded
from drivers.documents.errors import DocumentError
from drivers.documents.model import Receipt, Symbology
from drivers.documents.preview import draw_code_row, draw_picture_row, draw_text_row, receipt_module
from drivers.documents.rows import CodeRow, PictureRow, Row, RuleRow, TextRow, lay_out_receipt
from drivers.documents.text import columns, is_wide
from drivers.errors import Unsupported
from drivers.printers.escpos_codes import NATIVE, REAL_TIME, bars
from drivers.printers.escpos_library import Dummy
from drivers.printers.escpos_options import ANNOUNCE, RASTER_ROWS, EscposOptions

_NOT_HAN_MODE, _HAN_MODE = b"\x1c.", b"\x1c&"
_HAN_DOUBLE, _HAN_SINGLE = b"\x1cW\x01", b"\x1cW\x00"
_INTERNATIONAL_USA = b"\x1bR\x00"  # in a Chinese model's own set the dollar sign is a yen sign
_LEFT, _CENTER = b"\x1ba\x00", b"\x1ba\x01"
_INK = (255, *255 * (0,))


class _How(Enum):
    """How a row gets on paper: in the printer's own font, in its Chinese font too, or drawn by us."""

    TEXT = auto()
    HAN = auto()
    DRAWN = auto()


def encode_receipt(receipt: Receipt, options: EscposOptions, *, copy_mark: bool) -> Encoded:
    """The whole receipt, from initialising to the cut; a copy does not open the drawer.  Raises Unsupported."""
    rows = list(lay_out_receipt(receipt, options.columns))
    if copy_mark:
        rows.insert(0, _centred(f"*** {options.copy_text} ***", options.columns // 2))
    printer = Dummy()
    printer.hw("INIT")
    chunks = [_taken(printer), _NOT_HAN_MODE, _INTERNATIONAL_USA]
    if options.announces and options.answers:
        chunks.append(ANNOUNCE)
    printer.line_spacing()  # 1/6 inch on all of them; the unit of any other spacing differs between models
    chunks += [_taken(printer), bytes((0x1B, 0x74, options.code_table))]
    if receipt.open_drawer and not copy_mark:
        chunks.append(drawer_pulse(options))
    encoders = {_How.TEXT: _text, _How.HAN: _han, _How.DRAWN: _drawn}
    try:
        for how, group in groupby(rows, lambda row: _how(row, options)):
            chunks += encoders[how](printer, list(group), options)
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    if options.cut == "none":
        printer.print_and_feed(6)
    else:
        printer.cut(mode="PART" if options.cut == "partial" else "FULL")
    chunks.append(_taken(printer))
    return Encoded(b"".join(chunks))


def drawer_pulse(options: EscposOptions) -> bytes:
    """ESC p, 50 ms, when it comes to it in its buffer; or DLE DC4, 100 ms, at once, also while it has no paper."""
    pin = 0 if options.drawer_pin == 2 else 1
    return bytes((0x10, 0x14, 1, pin, 1) if options.drawer_pulse == "at_once" else (0x1B, 0x70, pin, 0x19, 0xFA))


def _centred(text: str, width: int) -> TextRow:
    return TextRow(" " * max(0, (width - columns(text)) // 2) + text, bold=True, double=True)


def _taken(printer: Dummy) -> bytes:
    data: bytes = printer.output
    printer.clear()
    return data


def _how(row: Row, options: EscposOptions) -> _How:
    if not isinstance(row, TextRow):
        return _How.TEXT if isinstance(row, RuleRow) else _How.DRAWN
    try:
        row.text.encode(options.code_page)
    except UnicodeEncodeError:
        is_han = options.han == "gb18030" and all(char < "\x7f" or _is_in_han_font(char) for char in row.text)
        return _How.HAN if is_han else _How.DRAWN
    return _How.TEXT


def _is_in_han_font(char: str) -> bool:
    """Two bytes of GB18030 (its four-byte characters are in few printers), and as wide on paper as in our layout."""
    return is_wide(char) and len(char.encode("gb18030", "replace")) == 2


def _text(printer: Dummy, rows: Sequence[Row], options: EscposOptions) -> Iterator[bytes]:
    for row in rows:
        if isinstance(row, RuleRow):
            printer.set(bold=False, normal_textsize=True)
            yield _taken(printer)
            yield ("─" * options.columns).encode(options.code_page, "replace").replace(b"?", b"-") + b"\n"
        elif isinstance(row, TextRow):
            yield _modes(printer, row) + row.text.encode(options.code_page) + b"\n"
    printer.set(bold=False, normal_textsize=True)
    yield _taken(printer)


def _modes(printer: Dummy, row: TextRow) -> bytes:
    if row.double:
        printer.set(bold=row.bold, double_width=True, double_height=True)
    else:
        printer.set(bold=row.bold, normal_textsize=True)
    return _taken(printer)


def _han(printer: Dummy, rows: Sequence[Row], options: EscposOptions) -> Iterator[bytes]:
    """FS &: two bytes from 0x81 are one character of two columns, doubled by FS W; the others stay what they are, doubled by ESC !.

    Source: Epson ESC/POS reference, "Kanji commands" (FS &, FS ., FS W) for its Simplified Chinese models; SP91 user manual, FS &,
    for the clones' GB18030.  Which two-byte code it has, the printer's own switch says.
    """
    del options
    yield _HAN_MODE
    for row in rows:
        if isinstance(row, TextRow):
            yield _modes(printer, row) + (_HAN_DOUBLE if row.double else b"")
            yield row.text.encode("gb18030") + b"\n" + (_HAN_SINGLE if row.double else b"")
    printer.set(bold=False, normal_textsize=True)
    yield _taken(printer) + _NOT_HAN_MODE


def _drawn(printer: Dummy, rows: Sequence[Row], options: EscposOptions) -> Iterator[bytes]:
    for row in rows:
        match row:
            case TextRow():
                yield from raster(draw_text_row(row, options.columns, options.dots))
            case PictureRow():
                yield from raster(draw_picture_row(row, options.dots))
            case CodeRow() if options.codes == "native" and row.symbology is Symbology.QR:
                data, module = receipt_module(row, options.dots)
                printer.qr(data, ec=1, size=module, native=True)
                yield _CENTER + _taken(printer) + _LEFT
            case CodeRow() if options.codes == "native" and (command := _native_bars(row, options)) is not None:
                yield _CENTER + command + _LEFT
            case CodeRow():
                yield from raster(draw_code_row(row, options.dots))


def _native_bars(row: CodeRow, options: EscposOptions) -> bytes | None:
    """In the printer's own command, with its text; None if it has none for this code.  Raises BadBarcode."""
    if row.symbology not in NATIVE:
        return None
    data, module = receipt_module(row, options.dots)
    command = bars(row.symbology, data, module, options.dots)
    if command is None or row.symbology is not Symbology.GS1_128:
        return command
    return command + data.encode() + b"\n"


def raster(picture: Image.Image) -> Iterator[bytes]:
    """GS v 0: 1 is black, the first dot is the highest bit.  `picture` is grey; what is not quite black is white."""
    yield from raster_of_ink(picture.point(_INK, "1"))


def raster_of_ink(ink: Image.Image) -> Iterator[bytes]:
    """The same for a picture of mode 1 whose white dots are to be black."""
    stride, bits = (ink.width + 7) // 8, ink.tobytes()
    for top in range(0, ink.height, RASTER_ROWS):
        height = min(RASTER_ROWS, ink.height - top)
        header = bytes((0x1D, 0x76, 0x30, 0, stride % 256, stride // 256, height, 0))
        yield header + _defused(bits[top * stride : (top + height) * stride])


def _defused(picture: bytes) -> bytes:
    """The picture with one dot more wherever its bytes would be a real-time command."""
    for command in REAL_TIME:
        picture = picture.replace(command, b"\x11" + command[1:])
    return picture
