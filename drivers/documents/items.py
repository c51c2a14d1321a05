"""What a laid out label is made of: everything in dots of one printer, from the label's top left corner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeAlias

from drivers.documents.fonts import Family
from drivers.documents.model import Align, Font, Rotation, Symbology
from drivers.documents.pictures import Bitmap

MILLIMETRES_PER_INCH = Decimal("25.4")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line in its box; `size` is in dots per em; its base line begins at (`left`, `base`) and runs the way of `rotation`.

    `block` is the text of all lines of its element, so that a printer can draw them alike.
    """

    x: int
    y: int
    width: int
    height: int
    left: int
    base: int
    size: int
    text: str
    block: str
    align: Align
    bold: bool
    font: Font = "sans"
    rotation: Rotation = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A symbol without its quiet zones, `module` dots per module; a matrix code is as high as wide.

    The box is where it stands: with a `rotation` of 90 or 270 its bars lie across, and `height` is the symbol's length.
    """

    x: int
    y: int
    width: int
    height: int
    module: int
    symbology: Symbology
    data: str
    rotation: Rotation = 0

    @property
    def is_upended(self) -> bool:
        """It is read upwards or downwards."""
        return self.rotation in (90, 270)

    @property
    def bar_height(self) -> int:
        """Length of its bars, whichever way they lie."""
        return self.width if self.is_upended else self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    x: int
    y: int
    width: int
    height: int
    thickness: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A picture with its top left corner at (`x`, `y`)."""

    x: int
    y: int
    bitmap: Bitmap

    @property
    def width(self) -> int:
        return self.bitmap.width

    @property
    def height(self) -> int:
        return self.bitmap.height


Upright: TypeAlias = TextLine | Bars | Frame
Item: TypeAlias = Upright | Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLayout:
    """A label in dots.  `notes` says what had to be cut."""

    width: int
    height: int
    dpi: int
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=512)
def dots(millimetres: Decimal, dpi: int) -> int:
    """Whole dots, halves up."""
    return int((millimetres * dpi / MILLIMETRES_PER_INCH).to_integral_value(ROUND_HALF_UP))


_FAMILIES: dict[tuple[Font, bool], Family] = {
    ("sans", False): "sans",
    ("sans", True): "sans-bold",
    ("mono", False): "mono",
    ("mono", True): "mono-bold",
}


def family_of(*, bold: bool, font: Font = "sans") -> Family:
    return _FAMILIES[font, bold]


Area: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are the first dots outside."""


def turned(area: Area, rotation: Rotation) -> Area:
    """The area turned clockwise around the corner (0, 0)."""
    left, top, right, bottom = area
    match rotation:
        case 90:
            return -bottom, left, -top, right
        case 180:
            return -right, -bottom, -left, -top
        case 270:
            return top, -right, bottom, -left
        case _:
            return area


def turn_item(item: Upright, corner: tuple[int, int], size: tuple[int, int], rotation: Rotation) -> Upright:
    """An item that was placed upright in a box of `size`, on the label: the box is turned, and its corner comes to `corner`."""
    whole = turned((0, 0, *size), rotation)
    dx, dy = corner[0] - whole[0], corner[1] - whole[1]
    left, top, right, bottom = turned((item.x, item.y, item.x + item.width, item.y + item.height), rotation)
    x, y, width, height = left + dx, top + dy, right - left, bottom - top
    if isinstance(item, TextLine):
        start, base, _, _ = turned((item.left, item.base, item.left, item.base), rotation)
        return replace(item, x=x, y=y, width=width, height=height, left=start + dx, base=base + dy, rotation=rotation)
    if isinstance(item, Bars):
        return replace(item, x=x, y=y, width=width, height=height, rotation=rotation)
    return replace(item, x=x, y=y, width=width, height=height)
