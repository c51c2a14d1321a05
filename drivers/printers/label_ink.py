"""A label as ink: black rectangles and pictures on byte boundaries, for printers whose own fonts and barcodes are not ours.

Nothing of it is text any more, so no data of an operator can become a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from drivers.documents.barcodes import matrix
from drivers.documents.bitmap import Bitmap, draw_bars, draw_label, draw_line
from drivers.documents.errors import DocumentError
from drivers.documents.layout import Bars, Frame, Item, LabelLayout, Raster, TextLine, lay_out_label
from drivers.documents.model import Label
from drivers.errors import Unsupported

_BAR = re.compile(rb"\0+")


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Black, in dots."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """A picture at `x`, a multiple of 8, and `y`; `rows` of `stride` bytes, most significant bit left, 1 is black."""

    x: int
    y: int
    stride: int
    rows: bytes

    @property
    def height(self) -> int:
        return len(self.rows) // self.stride

    def bands(self, most: int) -> Iterator[Stamp]:
        """Itself in pieces of at most `most` bytes, one below the other; a row is never cut."""
        height = max(1, most // self.stride)
        for top in range(0, self.height, height):
            rows = self.rows[top * self.stride : (top + height) * self.stride]
            yield Stamp(self.x, self.y + top, self.stride, rows)


@dataclass(frozen=True, slots=True)
class Media:
    """Millimetres; a height of 0 stands for any."""

    width: Decimal
    height: Decimal = Decimal(0)


def lay_out(label: Label, dpi: int, media: Media, *, mark: str = "") -> LabelLayout:
    """Raises Unsupported (larger than the media, a character no font of ours has, a barcode that does not fit)."""
    if label.width > media.width or (media.height and label.height > media.height):
        size = f"{media.width} x {media.height or 'any'} mm"
        raise Unsupported(f"the label is {label.width} x {label.height} mm, the printer's media {size}")
    try:
        return lay_out_label(label, dpi, mark=mark)
    except DocumentError as error:
        raise Unsupported(str(error)) from error


def check_copies(copies: int, most: int) -> None:
    """Raises Unsupported."""
    if not 1 <= copies <= most:
        raise Unsupported(f"{copies} copies, expected 1 to {most}")


def ink(layout: LabelLayout) -> Iterator[Rectangle | Stamp]:
    """What is black, cut at the label's edges.  Raises Unsupported (a character that no font has)."""
    try:
        for item in layout.items:
            for each in _item(item):
                if (inside := _cut(each, layout)) is not None:
                    yield inside
    except DocumentError as error:
        raise Unsupported(str(error)) from error


def whole(layout: LabelLayout) -> Bitmap:
    """The label as one picture.  Raises Unsupported (a character that no font has)."""
    try:
        return draw_label(layout)
    except DocumentError as error:
        raise Unsupported(str(error)) from error


def stamp_of(bitmap: Bitmap, x: int = 0, y: int = 0) -> Stamp:
    """The picture at `x`, shifted to the byte boundary left of it."""
    shift = x % 8
    if not shift:
        return Stamp(x, y, bitmap.stride, bitmap.rows)
    stride, rows = (shift + bitmap.width + 7) // 8, bitmap.rows
    if stride > bitmap.stride:
        rows = b"".join([rows[top : top + bitmap.stride] + b"\0" for top in range(0, len(rows), bitmap.stride)])
    # Each row now ends with as many free bits: all rows are shifted as one number, none into the next.
    moved = (int.from_bytes(rows, "big") >> shift).to_bytes(len(rows), "big")
    return Stamp(x - shift, y, stride, moved)


def _item(item: Item) -> Iterator[Rectangle | Stamp]:
    match item:
        case Frame():
            yield from _frame(item)
        case Bars():
            yield from _bars(item)
        case TextLine():
            if (drawn := draw_line(item)) is not None:
                yield stamp_of(drawn[2], drawn[0], drawn[1])
        case Raster():
            yield stamp_of(item.bitmap, item.x, item.y)


def _frame(frame: Frame) -> Iterator[Rectangle]:
    x, y, width, height, thick = frame.x, frame.y, frame.width, frame.height, frame.thickness
    if 2 * thick >= min(width, height):
        yield Rectangle(x, y, width, height)
        return
    yield Rectangle(x, y, width, thick)
    yield Rectangle(x, y + height - thick, width, thick)
    yield Rectangle(x, y + thick, thick, height - 2 * thick)
    yield Rectangle(x + width - thick, y + thick, thick, height - 2 * thick)


def _bars(bars: Bars) -> Iterator[Rectangle | Stamp]:
    """The bars of an upright linear symbol; anything else as a picture."""
    if bars.symbology.is_matrix or bars.rotation:
        yield stamp_of(draw_bars(bars), bars.x, bars.y)
        return
    module = bars.module
    for bar in _BAR.finditer(matrix(bars.symbology, bars.data)[0]):
        at, end = bar.span()
        yield Rectangle(bars.x + at * module, bars.y, (end - at) * module, bars.height)


def _cut(part: Rectangle | Stamp, layout: LabelLayout) -> Rectangle | Stamp | None:
    """What of it is on the label (to the next byte on the right); printers take what is beyond for an error, or wrap it."""
    if isinstance(part, Rectangle):
        width, height = min(part.width, layout.width - part.x), min(part.height, layout.height - part.y)
        if width <= 0 or height <= 0:
            return None
        return part if (width, height) == (part.width, part.height) else Rectangle(part.x, part.y, width, height)
    stride, height = min(part.stride, (layout.width - part.x + 7) // 8), min(part.height, layout.height - part.y)
    if stride <= 0 or height <= 0:
        return None
    if stride == part.stride:
        return part if height == part.height else Stamp(part.x, part.y, stride, part.rows[: height * stride])
    tops = range(0, height * part.stride, part.stride)
    return Stamp(part.x, part.y, stride, b"".join(part.rows[top : top + stride] for top in tops))
