"""Black and white pictures as printers take them, for whatever a printer's own fonts and barcodes cannot do.

Inside, ink is an image of mode 1 whose white pixels are black dots on paper, so that its bytes are a `Bitmap`'s.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from drivers.documents.barcodes import matrix
from drivers.documents.fonts import Family, draw, estimate, plain_file
from drivers.documents.glyphs import base_line, put_together
from drivers.documents.items import Bars, Frame, LabelLayout, Raster, TextLine, family_of, turned
from drivers.documents.model import Rotation, Symbology
from drivers.documents.pictures import Bitmap, to_bitmap
from drivers.documents.scripts import Direction, direction_of

__all__ = ["Bitmap", "draw_bars", "draw_label", "draw_line", "ink_label", "paint_label", "paint_symbol", "to_bitmap"]

_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""Ours are clockwise, Pillow's are not."""
_INVERTED = tuple(255 - value for value in range(256))


def draw_line(line: TextLine) -> tuple[int, int, Bitmap] | None:
    """A line of text as its ink alone: left and top on the label, and the picture; None if there is nothing to see.

    Raises NoGlyph, NotShaped.
    """
    inked = _ink_text(line.text, line.size, family_of(bold=line.bold, font=line.font), direction_of(line.block))
    if inked is None:
        return None
    x, y, ink = inked
    left, top, _, _ = turned((x, y, x + ink.width, y + ink.height), line.rotation)
    # A glyph's side bearing may reach over the label's edge, where no printer can put it.
    place = max(0, line.left + left), max(0, line.base + top)
    return *place, _bitmap(_turn(_image(ink), line.rotation)) if line.rotation else ink


def draw_bars(bars: Bars) -> Bitmap:
    """The symbol as a picture for (`bars.x`, `bars.y`), turned as it stands.  Raises BadBarcode."""
    return _bitmap(_ink_bars(bars))


def ink_label(layout: LabelLayout) -> Image.Image:
    """The whole label as ink (mode 1, black dots are white).  Raises NoGlyph, NotShaped, BadBarcode."""
    ink = Image.new("1", (layout.width, layout.height))
    canvas = ImageDraw.Draw(ink)
    for item in layout.items:
        match item:
            case TextLine():
                if (drawn := draw_line(item)) is not None:
                    _stamp(ink, _image(drawn[2]), drawn[0], drawn[1])
            case Bars():
                _stamp(ink, _ink_bars(item), item.x, item.y)
            case Frame():
                _draw_frame(canvas, item)
            case Raster():
                _stamp(ink, _image(item.bitmap), item.x, item.y)
    return ink


def draw_label(layout: LabelLayout) -> Bitmap:
    """The whole label for a printer that takes nothing but pictures.  Raises NoGlyph, NotShaped, BadBarcode."""
    return _bitmap(ink_label(layout))


def paint_label(layout: LabelLayout) -> Image.Image:
    """The whole label, black on white (mode L).  Raises NoGlyph, NotShaped, BadBarcode."""
    return _black_on_white(ink_label(layout))


def paint_symbol(symbology: Symbology, data: str, module: int, height: int) -> Image.Image:
    """An upright symbol without quiet zones, `module` dots per module, black on white (mode L).  Raises BadBarcode."""
    return _black_on_white(_ink_symbol(symbology, data, module, height))


def _bitmap(ink: Image.Image) -> Bitmap:
    return Bitmap(ink.width, ink.height, ink.tobytes())


def _image(bitmap: Bitmap) -> Image.Image:
    return Image.frombytes("1", (bitmap.width, bitmap.height), bitmap.rows)


def _black_on_white(ink: Image.Image) -> Image.Image:
    return ink.convert("L").point(_INVERTED)


def _draw_frame(canvas: ImageDraw.ImageDraw, frame: Frame) -> None:
    corners = (frame.x, frame.y, frame.x + frame.width - 1, frame.y + frame.height - 1)
    if 2 * frame.thickness >= min(frame.width, frame.height):  # Pillow's outline would be a dot too thick
        canvas.rectangle(corners, fill=1)
    else:
        canvas.rectangle(corners, outline=1, width=frame.thickness)


def _stamp(ink: Image.Image, picture: Image.Image, x: int, y: int) -> None:
    ink.paste(1, (x, y, x + picture.width, y + picture.height), picture)


def _ink_symbol(symbology: Symbology, data: str, module: int, height: int) -> Image.Image:
    rows = matrix(symbology, data)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows)).point(_INVERTED, "1")
    tall = len(rows) * module if symbology.is_matrix else height
    return small.resize((len(rows[0]) * module, tall), Image.Resampling.NEAREST)


def _ink_bars(bars: Bars) -> Image.Image:
    return _turn(_ink_symbol(bars.symbology, bars.data, bars.module, bars.bar_height), bars.rotation)


@lru_cache(maxsize=128)
def _ink_text(text: str, size: int, family: Family, paragraph: Direction) -> tuple[int, int, Bitmap] | None:
    """Where a text's ink is from the beginning of its base line, left and top; and the ink, packed: an image takes a byte a dot."""
    file = plain_file(text, size, family)
    image, margin = put_together(file, size, text) if file else None, 0
    base = base_line(size)
    if image is None:
        image, margin = Image.new("1", (int(estimate(text, size, family)) + 2 * size, 2 * size)), size
        draw(ImageDraw.Draw(image), (margin, base), text, size, family, paragraph=paragraph, fill=1)
    box = image.getbbox()
    return (box[0] - margin, box[1] - base, _bitmap(image.crop(box))) if box else None


def _turn(image: Image.Image, rotation: Rotation) -> Image.Image:
    return image.transpose(_TURNS[rotation]) if rotation else image
