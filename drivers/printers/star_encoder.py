"""Receipts in Star Line Mode: text in the printer's own font where its code page has it, everything else as pictures.

Pictures go as bit images (ESC X) of 24 dots, one to a line: that command is in Star's oldest manuals and in its newest, prints in
line mode, and leaves cutter and page length alone, which the raster mode (ESC * r A) does not.  Barcodes are pictures too.
Source: Star Line Mode Command Specifications, 3.3 (ESC GS t, ESC R, ESC $, ESC E, ESC i, ESC z, ESC 0, ESC X, ESC d, BEL, EM).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from PIL import Image

from drivers.devices import Encoded
from drivers.documents.errors import DocumentError
from drivers.documents.model import Receipt
from drivers.documents.preview import draw_code_row, draw_picture_row, draw_text_row
from drivers.documents.rows import CodeRow, PictureRow, Row, RuleRow, TextRow, lay_out_receipt
from drivers.documents.text import columns
from drivers.errors import Unsupported
from drivers.printers.star_options import ANNOUNCE, PAGES, StarOptions

STRIP = 24
_INITIALISE = b"\x1b@\x1bR\x00\x1b$\x00"  # the international set of the USA, no two-byte characters: both start as its switches say
_FOUR_MM, _THREE_MM = b"\x1bz\x01", b"\x1b0"
_PLAIN = b"\x1bF\x1bi\x00\x00"
_ASK_STATUS = b"\x1b\x06\x01"
_CUTS = {"full": b"\x1bd\x02", "partial": b"\x1bd\x03", "none": b"\n" * 6}
_PULSE_20 = b"\x1b\x07\x14\x14"  # 200 ms on, 200 ms off


def encode_receipt(receipt: Receipt, options: StarOptions, *, copy_mark: bool) -> Encoded:
    """The whole receipt, from initialising to the cut; a copy does not open the drawer.  Raises Unsupported."""
    rows = list(lay_out_receipt(receipt, options.columns))
    if copy_mark:
        rows.insert(0, _centred(f"*** {options.copy_text} ***", options.columns // 2))
    chunks = [_INITIALISE, bytes((0x1B, 0x1D, 0x74, code_table(options))), _FOUR_MM]
    if options.announces and options.answers:
        chunks.append(ANNOUNCE)
    if receipt.open_drawer and not copy_mark:
        chunks.append(drawer_pulse(options))
    try:
        for is_text, group in groupby(rows, lambda row: _is_text(row, options)):
            encode = _text if is_text else _drawn
            chunks += encode(list(group), options)
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    return Encoded(b"".join([*chunks, _CUTS[options.cut]]))


def code_table(options: StarOptions) -> int:
    return PAGES[options.code_page] if options.page < 0 else options.page


def drawer_pulse(options: StarOptions) -> bytes:
    """BEL, when it comes to it in its buffer, for the first drawer; the second one has only EM, at once."""
    return _PULSE_20 + b"\x07" if options.drawer == 1 else b"\x19"


def _centred(text: str, width: int) -> TextRow:
    return TextRow(" " * max(0, (width - columns(text)) // 2) + text, bold=True, double=True)


def _is_text(row: Row, options: StarOptions) -> bool:
    """Whether the printer's own font can do it."""
    if not isinstance(row, TextRow):
        return isinstance(row, RuleRow)
    try:
        row.text.encode(options.code_page)
    except UnicodeEncodeError:
        return False
    return True


def _text(rows: Sequence[Row], options: StarOptions) -> Iterator[bytes]:
    """Neither layout nor code page leaves a control character in a row."""
    for row in rows:
        if isinstance(row, RuleRow):
            yield ("─" * options.columns).encode(options.code_page, "replace").replace(b"?", b"-") + b"\n"
        elif isinstance(row, TextRow):
            modes = (b"\x1bE" if row.bold else b"") + (b"\x1bi\x01\x01" if row.double else b"")
            yield modes + row.text.encode(options.code_page) + b"\n" + (_PLAIN if modes else b"")


def _drawn(rows: Sequence[Row], options: StarOptions) -> Iterator[bytes]:
    """All of them as one picture: a strip that is not full is white below."""
    pictures = [_draw(row, options) for row in rows]
    paper = Image.new("L", (options.dots, sum(picture.height for picture in pictures)), 255)
    top = 0
    for picture in pictures:
        paper.paste(picture, (0, top))
        top += picture.height
    yield _THREE_MM
    yield from bit_images(paper)
    yield _FOUR_MM


def _draw(row: Row, options: StarOptions) -> Image.Image:
    match row:
        case TextRow():
            return draw_text_row(row, options.columns, options.dots)
        case CodeRow():
            return draw_code_row(row, options.dots)
        case PictureRow():
            return draw_picture_row(row, options.dots)
        case RuleRow():  # never drawn: every code page has a dash
            raise AssertionError(row)


def bit_images(picture: Image.Image) -> Iterator[bytes]:
    """ESC X: columns of three bytes, the highest bit on top, 1 is black; each strip ends its line.

    A status question (ESC ACK SOH) is answered at once wherever it stands; where the dots would be one, a dot more is printed.
    """
    for top in range(0, picture.height, STRIP):
        strip = picture.crop((0, top, picture.width, top + STRIP))  # beyond its lower edge a crop is black: 0
        if top + STRIP > picture.height:
            strip.paste(255, (0, picture.height - top, picture.width, STRIP))
        standing = strip.transpose(Image.Transpose.TRANSPOSE).point(lambda value: 255 if value < 128 else 0).convert("1")
        dots = standing.tobytes().replace(_ASK_STATUS, b"\x1f" + _ASK_STATUS[1:])
        yield b"\x1bX" + picture.width.to_bytes(2, "little") + dots + b"\n"
