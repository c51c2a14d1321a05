"""Black and white pictures as printers take them, for whatever a printer's own fonts and barcodes cannot do."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from drivers.documents.fonts import draw
from drivers.documents.layout import TextLine, family_of


@dataclass(frozen=True, slots=True)
class Bitmap:
    """`width` x `height` dots; rows from the top, each padded to whole bytes, most significant bit left, 1 is black."""

    width: int
    height: int
    rows: bytes

    @property
    def stride(self) -> int:
        """Bytes of one row."""
        return (self.width + 7) // 8


def to_bitmap(image: Image.Image) -> Bitmap:
    """A grey picture, black where it is darker than half."""
    return Bitmap(image.width, image.height, image.point(lambda value: 255 if value < 128 else 0).convert("1").tobytes())


def draw_line(line: TextLine) -> tuple[int, int, Bitmap] | None:
    """A line of text as its ink alone: left and top on the label, and the picture; None if there is nothing to see.

    Raises NoGlyph.
    """
    image = Image.new("L", (line.width + line.size, 2 * line.size), 255)
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "1"
    margin, base = line.size // 2, round(1.4 * line.size)
    draw(canvas, (margin + line.left - line.x, base), line.text, line.size, family_of(bold=line.bold))
    box = image.point(lambda value: 255 - value).getbbox()
    if box is None:
        return None
    # A glyph's side bearing may reach over the label's edge, where no printer can put it.
    return max(0, line.x - margin + box[0]), max(0, line.base - base + box[1]), to_bitmap(image.crop(box))
