"""Previews of labels and receipts, from the layout that the printers get: PNG with one pixel per dot, PDF in their real size."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

from PIL import Image, ImageDraw

from drivers.documents.barcodes import QUIET_ZONE, check_data, modules
from drivers.documents.bitmap import paint_label, paint_symbol
from drivers.documents.errors import BadBarcode
from drivers.documents.fonts import draw_in_cells
from drivers.documents.items import MILLIMETRES_PER_INCH
from drivers.documents.layout import lay_out_label
from drivers.documents.model import Label, Receipt
from drivers.documents.pictures import fit_picture
from drivers.documents.rows import CodeRow, PictureRow, RuleRow, TextRow, lay_out_receipt

WHITE, BLACK = 255, 0
ROW_PITCH = 30
"""Dots from one receipt row to the next; characters are 24 high."""
CHARACTER_HEIGHT = 24
_CHARACTER_WIDTH = 12
CODE_HEIGHT = 80
MIN_CODE_MODULE = 2
MOST_PICTURE_HEIGHT = 800
_MARGIN = 24
_RECEIPT_DOTS_PER_MM = 8
_NO_INFO = dict.fromkeys(("title", "creationDate", "modDate"))
"""The same document is the same file: nothing of when or where it was made."""


def label_png(label: Label, dpi: int = 203) -> bytes:
    """Raises NoGlyph, NotShaped, BadBarcode, BadPicture."""
    return _png(paint_label(lay_out_label(label, dpi)))


def label_pdf(label: Label, dpi: int = 300) -> bytes:
    """A page of the label's millimetres, with the dots of a head of `dpi`.  Raises NoGlyph, NotShaped, BadBarcode, BadPicture."""
    return _pdf(paint_label(lay_out_label(label, dpi)), label.width, label.height)


def receipt_png(receipt: Receipt, columns: int = 48, width: int = 576) -> bytes:
    """`width` in dots, `columns` of Font A.  Raises NoGlyph, NotShaped, BadBarcode, BadPicture."""
    return _png(draw_receipt(receipt, columns, width))


def receipt_pdf(receipt: Receipt, columns: int = 48, width: int = 576) -> bytes:
    """A page as wide as the printable part of the paper: `width` dots, 8 to the millimetre.  Raises as `receipt_png`."""
    image = draw_receipt(receipt, columns, width)
    return _pdf(image, Decimal(image.width) / _RECEIPT_DOTS_PER_MM, Decimal(image.height) / _RECEIPT_DOTS_PER_MM)


def draw_receipt(receipt: Receipt, columns: int, width: int) -> Image.Image:
    strips: list[Image.Image] = []
    for row in lay_out_receipt(receipt, columns):
        match row:
            case TextRow():
                strips.append(draw_text_row(row, columns, width))
            case RuleRow():
                strip = blank(width, ROW_PITCH)
                ImageDraw.Draw(strip).line((0, ROW_PITCH // 2, width, ROW_PITCH // 2), fill=BLACK, width=2)
                strips.append(strip)
            case CodeRow():
                strips.append(draw_code_row(row, width))
            case PictureRow():
                strips.append(draw_picture_row(row, width))
    image = blank(width, sum(strip.height for strip in strips) + 2 * _MARGIN)
    y = _MARGIN
    for strip in strips:
        image.paste(strip, (0, y))
        y += strip.height
    return image


def blank(width: int, height: int) -> Image.Image:
    return Image.new("L", (width, height), WHITE)


def draw_text_row(row: TextRow, columns: int, width: int) -> Image.Image:
    """One row as the printer's own font would stand: cells of `width // columns` dots.  Raises NoGlyph."""
    times = 2 if row.double else 1
    image = blank(width, ROW_PITCH + (times - 1) * CHARACTER_HEIGHT)
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "1"
    draw_in_cells(canvas, (0, 0), row.text, (width // columns * times, CHARACTER_HEIGHT * times), bold=row.bold)
    return image


def draw_picture_row(row: PictureRow, width: int) -> Image.Image:
    """The picture in the middle of the paper, with white at its sides.  Raises BadPicture."""
    picture = fit_picture(row.png, max(1, width * row.width // 100), MOST_PICTURE_HEIGHT, dither=row.dither)
    image = blank(width, picture.height)
    image.paste(picture, ((width - picture.width) // 2, 0))
    return image


def receipt_module(row: CodeRow, width: int) -> tuple[str, int]:
    """The checked data and the module width in dots (2 to 4; a matrix code's to 8).  Raises BadBarcode when it does not fit."""
    data = check_data(row.symbology, row.data)
    largest = 8 if row.symbology.is_matrix else 4
    module = min(largest, width // (modules(row.symbology, data) + 2 * QUIET_ZONE[row.symbology]))
    if module < MIN_CODE_MODULE:
        raise BadBarcode(f"{row.symbology} {data[:40]!r} does not fit across {width} dots")
    return data, module


def draw_code_row(row: CodeRow, width: int) -> Image.Image:
    """The symbol in the middle of the paper, its data below it if it is bars.  Raises BadBarcode when it does not fit."""
    data, module = receipt_module(row, width)
    symbol = paint_symbol(row.symbology, data, module, CODE_HEIGHT)
    is_linear = not row.symbology.is_matrix
    image = blank(width, symbol.height + 8 + (ROW_PITCH if is_linear else 0))
    image.paste(symbol, ((width - symbol.width) // 2, 4))
    if is_linear:
        canvas = ImageDraw.Draw(image)
        canvas.fontmode = "1"
        cell = min(_CHARACTER_WIDTH, width // len(data))
        draw_in_cells(canvas, ((width - cell * len(data)) // 2, symbol.height + 8), data, (cell, CHARACTER_HEIGHT), bold=False)
    return image


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()


def _pdf(image: Image.Image, width: Decimal, height: Decimal) -> bytes:
    """One page of `width` x `height` millimetres, filled by the picture."""
    out = BytesIO()
    per_mm = float(image.width / width), float(image.height / height)
    dpi = tuple(each * float(MILLIMETRES_PER_INCH) for each in per_mm)
    image.convert("1").save(out, "PDF", dpi=dpi, **_NO_INFO)
    return out.getvalue()
