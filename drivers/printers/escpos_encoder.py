"""Receipts in ESC/POS: text in the printer's own font where its code page has it, otherwise as pictures of the row.

python-escpos is the encoder of text, modes, QR codes, cut and drawer (its `Dummy` keeps the bytes).  Pictures and linear barcodes
are written here: python-escpos prints remarks to standard output for them, and does not keep real-time commands (DLE EOT, DLE ENQ,
DLE DC4) out of their data, which a printer obeys wherever it meets them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from escpos.printer import Dummy
from PIL import Image

from drivers.devices import Encoded
from drivers.documents.barcodes import QUIET_ZONE, code128_modules, code128_segments
from drivers.documents.errors import DocumentError
from drivers.documents.model import Receipt, Symbology
from drivers.documents.preview import CODE_HEIGHT, MIN_CODE_MODULE, draw_text_row, receipt_module
from drivers.documents.rows import CodeRow, Row, RuleRow, TextRow, lay_out_receipt
from drivers.documents.text import columns
from drivers.errors import Unsupported
from drivers.printers.escpos_options import RASTER_ROWS, EscposOptions

_NOT_HAN_MODE = b"\x1c."
_LEFT, _CENTER = b"\x1ba\x00", b"\x1ba\x01"
_REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")


def encode_receipt(receipt: Receipt, options: EscposOptions, *, copy_mark: bool) -> Encoded:
    """The whole receipt, from initialising to the cut; a copy does not open the drawer.  Raises Unsupported."""
    rows = list(lay_out_receipt(receipt, options.columns))
    if copy_mark:
        rows.insert(0, _centred(f"*** {options.copy_text} ***", options.columns // 2))
    printer = Dummy()
    printer.hw("INIT")
    chunks = [_taken(printer), _NOT_HAN_MODE]
    printer.line_spacing()  # 1/6 inch on all of them; the unit of any other spacing differs between models
    printer.charcode(options.code_page.upper())
    if receipt.open_drawer and not copy_mark:
        printer.cashdraw([0x1B, 0x70, 0 if options.drawer_pin == 2 else 1, 0x19, 0xFA])
    chunks.append(_taken(printer))
    try:
        for is_text, group in groupby(rows, lambda row: _is_text(row, options)):
            encode = _text if is_text else _drawn
            chunks += encode(printer, list(group), options)
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    if options.cut == "none":
        printer.print_and_feed(6)
    else:
        printer.cut(mode="PART" if options.cut == "partial" else "FULL")
    chunks.append(_taken(printer))
    return Encoded(b"".join(chunks))


def _centred(text: str, width: int) -> TextRow:
    return TextRow(" " * max(0, (width - columns(text)) // 2) + text, bold=True, double=True)


def _taken(printer: Dummy) -> bytes:
    data: bytes = printer.output
    printer.clear()
    return data


def _is_text(row: Row, options: EscposOptions) -> bool:
    """Whether the printer's own font can do it."""
    if not isinstance(row, TextRow):
        return isinstance(row, RuleRow)
    try:
        row.text.encode(options.code_page)
    except UnicodeEncodeError:
        return False
    return True


def _text(printer: Dummy, rows: Sequence[Row], options: EscposOptions) -> Iterator[bytes]:
    for row in rows:
        if isinstance(row, RuleRow):
            printer.set(bold=False, normal_textsize=True)
            printer.text(("-" if options.code_page == "cp1252" else "─") * options.columns + "\n")
        elif isinstance(row, TextRow):
            if row.double:
                printer.set(bold=row.bold, double_width=True, double_height=True)
            else:
                printer.set(bold=row.bold, normal_textsize=True)
            printer.text(row.text + "\n")
    printer.set(bold=False, normal_textsize=True)
    yield _taken(printer)


def _drawn(printer: Dummy, rows: Sequence[Row], options: EscposOptions) -> Iterator[bytes]:
    strips: list[Image.Image] = []
    for row in rows:
        if isinstance(row, TextRow):
            strips.append(draw_text_row(row, options.columns, options.dots))
            continue
        yield from _raster(strips)
        strips.clear()
        if isinstance(row, CodeRow):
            yield _CENTER + _code(printer, row, options) + _LEFT
    yield from _raster(strips)


def _raster(strips: Sequence[Image.Image]) -> Iterator[bytes]:
    """GS v 0: 1 is black, the first dot is the highest bit."""
    for strip in strips:
        stride = (strip.width + 7) // 8
        bits = strip.point(lambda value: 0 if value else 255).convert("1").tobytes()
        for top in range(0, strip.height, RASTER_ROWS):
            height = min(RASTER_ROWS, strip.height - top)
            header = bytes((0x1D, 0x76, 0x30, 0, stride % 256, stride // 256, height, 0))
            yield header + _defused(bits[top * stride : (top + height) * stride])


def _defused(picture: bytes) -> bytes:
    """The picture with one dot more wherever its bytes would be a real-time command."""
    for command in _REAL_TIME:
        picture = picture.replace(command, b"\x11" + command[1:])
    return picture


def _code(printer: Dummy, row: CodeRow, options: EscposOptions) -> bytes:
    data, module = receipt_module(row, options.dots)
    if row.symbology is Symbology.QR:
        printer.qr(data, ec=1, size=module, native=True)
        return _taken(printer)
    if row.symbology is Symbology.EAN13:
        kind, content = 67, data.encode()
    else:
        kind = 73
        content, module = _code128(data, module, options.dots)
    settings = bytes((0x1D, 0x68, CODE_HEIGHT, 0x1D, 0x77, module, 0x1D, 0x66, 0, 0x1D, 0x48, 2))
    return settings + bytes((0x1D, 0x6B, kind, len(content))) + content


def _code128(data: str, module: int, width: int) -> tuple[bytes, int]:
    """The content for GS k 73, and the module.  Where pairs of digits come out as a real-time command, all stays in set B."""
    content = b"".join(_segment(code_set, text) for code_set, text in code128_segments(data))
    if any(command in content for command in _REAL_TIME):
        content = _segment("B", data)
        module = min(module, width // (code128_modules([("B", data)]) + 2 * QUIET_ZONE[Symbology.CODE128]))
    if module < MIN_CODE_MODULE or len(content) > 255:
        raise Unsupported(f"code128 {data[:40]!r} does not fit across {width} dots")
    return content, module


def _segment(code_set: str, text: str) -> bytes:
    if code_set == "B":
        return b"{B" + text.replace("{", "{{").encode()
    return b"{C" + bytes(int(text[index : index + 2]) for index in range(0, len(text), 2))
