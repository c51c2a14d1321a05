"""Label layout: where everything stands, in dots of one printer.

A barcode's module is the largest whole number of dots that fits with its quiet zones; less than its `MIN_MODULE_MM` is refused,
because it will not scan.  What is turned is placed upright first, and turned with its box.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from drivers.documents.barcodes import MIN_MODULE_MM, QUIET_ZONE, check_data, modules
from drivers.documents.errors import BadBarcode
from drivers.documents.fonts import measure
from drivers.documents.items import (
    MILLIMETRES_PER_INCH,
    Area,
    Bars,
    Frame,
    Item,
    LabelLayout,
    Raster,
    TextLine,
    Upright,
    dots,
    family_of,
    turn_item,
)
from drivers.documents.model import Barcode, Box, Element, Label, Picture, Symbology, Text
from drivers.documents.paragraphs import BASE_LINE, LINE_HEIGHT, place_text
from drivers.documents.pictures import fit_picture, to_bitmap
from drivers.documents.text import printable

__all__ = ["Bars", "Frame", "Item", "LabelLayout", "Raster", "TextLine", "dots", "family_of", "lay_out_label"]

_MARK_HEIGHT = Decimal(5)
_MARK_GAP = Decimal("0.5")
_READABLE_HEIGHT = Decimal(4)
_READABLE_GAP = Decimal("0.4")
_BEARER = 2
"""Modules of ITF-14's bearer bars, above and below (GS1 General Specifications 5.3.2.4: at least twice a narrow bar)."""


def lay_out_label(label: Label, dpi: int, *, mark: str = "") -> LabelLayout:
    """Place every element; `mark` (such as COPY) goes where the label is free, or else into the top right corner.

    Raises NoGlyph (a character that no font has), BadBarcode (wrong data, or too wide for its place), BadPicture.
    """
    items: list[Item] = []
    notes: list[str] = []
    for element in label.elements:
        x, y, width, height = _area(element, dpi)
        match element:
            case Picture():
                items.append(_place_picture(element, (x, y, width, height)))
            case Box():
                thickness = max(1, dots(element.thickness, dpi))
                items.append(Frame(x=x, y=y, width=width, height=height, thickness=thickness))
            case Text() | Barcode():
                size = (height, width) if element.rotation in (90, 270) else (width, height)
                placed = place_text(element, size, notes) if isinstance(element, Text) else _place_barcode(element, size, dpi)
                items += [turn_item(item, (x, y), size, element.rotation) for item in placed]
    width, height = dots(label.width, dpi), dots(label.height, dpi)
    if mark := printable(mark).replace("\n", " ").strip():
        items.append(_place_mark(mark, items, (width, height), dpi))
    return LabelLayout(width=width, height=height, dpi=dpi, items=tuple(items), notes=tuple(notes))


def _area(element: Element, dpi: int) -> tuple[int, int, int, int]:
    """x, y, width, height in dots; at least one dot wide and high."""
    x, y = dots(element.x, dpi), dots(element.y, dpi)
    return x, y, max(1, dots(element.x + element.width, dpi) - x), max(1, dots(element.y + element.height, dpi) - y)


def _place_picture(element: Picture, area: tuple[int, int, int, int]) -> Raster:
    x, y, width, height = area
    image = fit_picture(element.png, width, height, dither=element.dither)
    return Raster(x=x + (width - image.width) // 2, y=y + (height - image.height) // 2, bitmap=to_bitmap(image))


def _place_barcode(element: Barcode, size: tuple[int, int], dpi: int) -> Iterator[Upright]:
    symbology = element.symbology
    data = check_data(symbology, element.data.strip())
    width, height = size
    count = modules(symbology, data)
    room = min(size) if symbology.is_matrix else width
    module = room // (count + 2 * QUIET_ZONE[symbology])
    if module * MILLIMETRES_PER_INCH < MIN_MODULE_MM[symbology] * dpi:
        least = f"{MIN_MODULE_MM[symbology]} mm a module"
        raise BadBarcode(f"{symbology} {data[:40]!r} needs {count} modules and does not fit into {element.width} mm with {least}")
    is_readable = element.human_readable and not symbology.is_matrix
    text_height = min(dots(_READABLE_HEIGHT, dpi), height // 3) if is_readable else 0
    used = count * module
    bearer = _BEARER * module if symbology is Symbology.ITF14 else 0
    gap = dots(_READABLE_GAP, dpi) if text_height else 0
    left, bars_height = (width - used) // 2, used if symbology.is_matrix else max(1, height - text_height - gap)
    if bars_height <= 2 * bearer:
        raise BadBarcode(f"{symbology} {data[:40]!r} does not fit into {element.height} mm with its bearer bars")
    for top in (0, bars_height - bearer) if bearer else ():
        yield Frame(x=left, y=top, width=used, height=bearer, thickness=bearer)
    yield Bars(x=left, y=bearer, width=used, height=bars_height - 2 * bearer, module=module, symbology=symbology, data=data)
    if text_height:
        readable = Text(x=element.x, y=element.y, width=element.width, height=element.height, text=data, align="center")
        for line in place_text(readable, (width, text_height), []):
            yield turn_item(line, (0, height - text_height), (width, text_height), 0)


def _place_mark(mark: str, items: list[Item], paper: tuple[int, int], dpi: int) -> TextLine:
    """Bold, 5 mm high, at the first free place from the top right corner to the left and down."""
    gap, height = dots(_MARK_GAP, dpi), dots(_MARK_HEIGHT, dpi)
    size = int(height / LINE_HEIGHT)
    width = min(paper[0], int(measure(mark, size, "sans-bold")) + 2 * gap)
    taken = [_extent(item, gap) for item in items]
    places = [(x, y) for y in range(gap, max(gap + 1, paper[1] - height), gap) for x in range(paper[0] - width, -1, -4 * gap)]
    free = [(x, y) for x, y in places if not any(_overlap((x, y, x + width, y + height), other) for other in taken)]
    x, y = next(iter(free), (paper[0] - width, 0))
    return TextLine(
        x=x,
        y=y,
        width=width,
        height=height,
        left=x + gap,
        base=y + round(size * BASE_LINE),
        size=size,
        text=mark,
        block=mark,
        align="center",
        bold=True,
    )


def _extent(item: Item, quiet: int) -> Area:
    """Left, top, right, bottom of the ink; a symbol with its quiet zones."""
    if isinstance(item, TextLine) and not item.rotation:
        width = int(measure(item.text, item.size, family_of(bold=item.bold, font=item.font)))
        return item.left, item.y, item.left + width, item.y + item.height
    across = down = 0
    if isinstance(item, Bars):
        margin = quiet + item.module * QUIET_ZONE[item.symbology]
        across = 0 if item.is_upended and not item.symbology.is_matrix else margin
        down = margin if item.is_upended or item.symbology.is_matrix else 0
    return item.x - across, item.y - down, item.x + item.width + across, item.y + item.height + down


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
