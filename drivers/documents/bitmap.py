"""Black and white pictures as printers take them, for whatever a printer's own fonts and barcodes cannot do."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from drivers.documents.barcodes import matrix
from drivers.documents.fonts import draw, measure
from drivers.documents.items import Bars, Frame, LabelLayout, Raster, TextLine, family_of, turned
from drivers.documents.model import Rotation, Symbology
from drivers.documents.pictures import Bitmap, to_bitmap

__all__ = ["Bitmap", "draw_bars", "draw_label", "draw_line", "paint_label", "paint_symbol", "to_bitmap"]

WHITE, BLACK = 255, 0
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""Ours are clockwise, Pillow's are not."""


def draw_line(line: TextLine) -> tuple[int, int, Bitmap] | None:
    """A line of text as its ink alone: left and top on the label, and the picture; None if there is nothing to see.

    Raises NoGlyph.
    """
    painted = _paint_line(line)
    if painted is None:
        return None
    x, y, image = painted
    return x, y, to_bitmap(image)


def draw_bars(bars: Bars) -> Bitmap:
    """The symbol as a picture for (`bars.x`, `bars.y`), turned as it stands.  Raises BadBarcode."""
    return to_bitmap(_paint_bars(bars))


def draw_label(layout: LabelLayout) -> Bitmap:
    """The whole label for a printer that takes nothing but pictures.  Raises NoGlyph, BadBarcode."""
    return to_bitmap(paint_label(layout))


def paint_label(layout: LabelLayout) -> Image.Image:
    """The whole label in black and white (mode L)."""
    image = Image.new("L", (layout.width, layout.height), WHITE)
    canvas = ImageDraw.Draw(image)
    for item in layout.items:
        match item:
            case TextLine():
                painted = _paint_line(item)
                if painted is not None:
                    image.paste(BLACK, painted[:2], painted[2].point(_INVERTED))
            case Bars():
                image.paste(_paint_bars(item), (item.x, item.y))
            case Frame():
                right, bottom = item.x + item.width - 1, item.y + item.height - 1
                canvas.rectangle((item.x, item.y, right, bottom), outline=BLACK, width=min(item.thickness, item.width, item.height))
            case Raster():
                mask = Image.frombytes("1", (item.width, item.height), item.bitmap.rows)
                image.paste(BLACK, (item.x, item.y), mask)
    return image


_INVERTED = tuple(255 - value for value in range(256))


@lru_cache(maxsize=64)
def paint_symbol(symbology: Symbology, data: str, module: int, height: int) -> Image.Image:
    """An upright symbol without quiet zones, `module` dots per module.  Raises BadBarcode."""
    rows = matrix(symbology, data)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    tall = len(rows) * module if symbology.is_matrix else height
    return small.resize((len(rows[0]) * module, tall), Image.Resampling.NEAREST)


def _paint_bars(bars: Bars) -> Image.Image:
    return _turn(paint_symbol(bars.symbology, bars.data, bars.module, bars.bar_height), bars.rotation)


def _paint_line(line: TextLine) -> tuple[int, int, Image.Image] | None:
    family = family_of(bold=line.bold, font=line.font)
    image = Image.new("L", (int(measure(line.text, line.size, family)) + 2 * line.size, 2 * line.size), WHITE)
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "1"
    margin, base = line.size, round(1.4 * line.size)
    draw(canvas, (margin, base), line.text, line.size, family, paragraph=line.block)
    box = image.point(_INVERTED).getbbox()
    if box is None:
        return None
    left, top, _, _ = turned((box[0] - margin, box[1] - base, box[2] - margin, box[3] - base), line.rotation)
    # A glyph's side bearing may reach over the label's edge, where no printer can put it.
    return max(0, line.left + left), max(0, line.base + top), _turn(image.crop(box), line.rotation)


def _turn(image: Image.Image, rotation: Rotation) -> Image.Image:
    return image.transpose(_TURNS[rotation]) if rotation else image
