"""Label layout: where everything stands, in dots of one printer.

Text wraps by words (by characters where the script has no spaces).  Text that does not fit shrinks in steps to 60 % of its
size; what still does not fit ends in an ellipsis, and `notes` says so.  A barcode's module is the largest whole number of dots that
fits with its quiet zones; less than `MIN_MODULE_MM` is refused, because it will not scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from drivers.documents.barcodes import QUIET_ZONE, check_data, modules
from drivers.documents.errors import BadBarcode
from drivers.documents.fonts import Family, check_characters, measure
from drivers.documents.model import Align, Barcode, Box, Label, Symbology, Text
from drivers.documents.text import printable, wrap

MIN_MODULE_MM = Decimal("0.16")
"""Narrowest bar we print, 2 dots at 300 dpi; at a till the GS1 General Specifications (5.12.3) ask for 0.264 mm."""

_MILLIMETRES_PER_INCH = Decimal("25.4")
_LINE_HEIGHT = 1.2
"""Line height in ems."""
_BASE_LINE = 0.93
"""Base line below the top of its line, in ems."""
_SHRINK_STEPS = (1.0, 0.9, 0.8, 0.7, 0.6)
_GROW_STEPS = (3.0, 2.75, 2.5, 2.25, 2.0, 1.8, 1.6, 1.4, 1.2)
_ELLIPSIS = "…"
_MARK_HEIGHT = Decimal(5)
_MARK_GAP = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line in its box; `size` is in dots per em, `left` where its first character begins, `base` its base line.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A symbol without its quiet zones, `module` dots per module; for a matrix code `height` equals `width`."""

    x: int
    y: int
    width: int
    height: int
    module: int
    symbology: Symbology
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    x: int
    y: int
    width: int
    height: int
    thickness: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLayout:
    """A label in dots.  `notes` says what had to be cut."""

    width: int
    height: int
    dpi: int
    items: tuple[TextLine | Bars | Frame, ...]
    notes: tuple[str, ...] = ()


def dots(millimetres: Decimal, dpi: int) -> int:
    """Whole dots, halves up."""
    return int((millimetres * dpi / _MILLIMETRES_PER_INCH).to_integral_value(ROUND_HALF_UP))


def family_of(*, bold: bool) -> Family:
    return "sans-bold" if bold else "sans"


def lay_out_label(label: Label, dpi: int, *, mark: str = "") -> LabelLayout:
    """Place every element; `mark` (such as COPY) goes where the label is free, or else into the top right corner.

    Raises NoGlyph (a character that no font has), BadBarcode (wrong data, or too wide for its place).
    """
    items: list[TextLine | Bars | Frame] = []
    notes: list[str] = []
    for element in label.elements:
        match element:
            case Text():
                items += _place_text(element, dpi, notes)
            case Barcode():
                items += _place_barcode(element, dpi)
            case Box():
                items.append(_place_box(element, dpi))
    width, height = dots(label.width, dpi), dots(label.height, dpi)
    if mark:
        items.append(_place_mark(mark, items, (width, height), dpi))
    return LabelLayout(width=width, height=height, dpi=dpi, items=tuple(items), notes=tuple(notes))


def _place_mark(mark: str, items: list[TextLine | Bars | Frame], paper: tuple[int, int], dpi: int) -> TextLine:
    """Bold, 5 mm high, at the first free place from the top right corner to the left and down."""
    gap, height = dots(_MARK_GAP, dpi), dots(_MARK_HEIGHT, dpi)
    size = int(height / _LINE_HEIGHT)
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
        base=y + round(size * _BASE_LINE),
        size=size,
        text=mark,
        block=mark,
        align="center",
        bold=True,
    )


def _extent(item: TextLine | Bars | Frame, quiet: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the ink; a symbol with its quiet zones."""
    if isinstance(item, TextLine):
        return item.left, item.y, item.left + int(measure(item.text, item.size, family_of(bold=item.bold))), item.y + item.height
    margin = quiet + item.module * QUIET_ZONE[item.symbology] if isinstance(item, Bars) else 0
    return item.x - margin, item.y, item.x + item.width + margin, item.y + item.height


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _place_text(element: Text, dpi: int, notes: list[str]) -> Iterator[TextLine]:
    text = printable(element.text).strip()
    family = family_of(bold=element.bold)
    check_characters(text.replace("\n", ""), family)
    x, y, width, height = _area(element, dpi)
    full_size = height / element.lines / _LINE_HEIGHT
    lines: list[str] = []
    size = 1
    for step in (*_GROW_STEPS, *_SHRINK_STEPS) if element.fill else _SHRINK_STEPS:
        size = max(8, int(full_size * step))
        lines = wrap(text, _fits(width, size, family))
        room = max(element.lines if step <= 1 else 0, int(height / (size * _LINE_HEIGHT)))
        if len(lines) <= room and all(_fits(width, size, family)(line) for line in lines):
            break
    else:
        room = max(element.lines, int(height / (size * _LINE_HEIGHT)))
        lines = _cut(lines, room, width, size, family)
        notes.append(f"cut to fit: {lines[-1]!r}")
    pitch = min(round(size * _LINE_HEIGHT), height // max(1, len(lines)))
    for index, line in enumerate(lines):
        left = x + _shift(element.align, width, measure(line, size, family))
        top = y + index * pitch
        yield TextLine(
            x=x,
            y=top,
            width=width,
            height=pitch,
            left=left,
            base=top + round(size * _BASE_LINE),
            size=size,
            text=line,
            block=text,
            align=element.align,
            bold=element.bold,
        )


def _fits(width: int, size: int, family: Family) -> Callable[[str], bool]:
    return lambda text: measure(text, size, family) <= width


def _cut(lines: list[str], room: int, width: int, size: int, family: Family) -> list[str]:
    """At most `room` lines, the last one with an ellipsis that fits."""
    kept, last = lines[: room - 1], lines[room - 1]
    fits = _fits(width, size, family)
    while last and not fits(last + _ELLIPSIS):
        last = last[:-1]
    return [*kept, last.rstrip() + _ELLIPSIS]


def _shift(align: Align, room: int, used: float) -> int:
    spare = max(0.0, room - used)
    return {"left": 0, "center": round(spare / 2), "right": round(spare)}[align]


def _place_barcode(element: Barcode, dpi: int) -> Iterator[TextLine | Bars]:
    data = check_data(element.symbology, element.data.strip())
    x, y, width, height = _area(element, dpi)
    count = modules(element.symbology, data)
    is_matrix = element.symbology is Symbology.QR
    room = min(width, height) if is_matrix else width
    module = room // (count + 2 * QUIET_ZONE[element.symbology])
    if module < dots(MIN_MODULE_MM, dpi) or module < 1:
        raise BadBarcode(f"{element.symbology} {data[:40]!r} needs {count} modules and does not fit into {element.width} mm")
    text_height = 0 if is_matrix or not element.human_readable else min(dots(Decimal(4), dpi), height // 3)
    used = count * module
    yield Bars(
        x=x + (width - used) // 2,
        y=y,
        width=used,
        height=used if is_matrix else height - text_height,
        module=module,
        symbology=element.symbology,
        data=data,
    )
    if text_height:
        below = Decimal(height - text_height) * _MILLIMETRES_PER_INCH / dpi
        high = Decimal(text_height) * _MILLIMETRES_PER_INCH / dpi
        readable = Text(x=element.x, y=element.y + below, width=element.width, height=high, text=data, align="center")
        yield from _place_text(readable, dpi, [])


def _place_box(element: Box, dpi: int) -> Frame:
    x, y, width, height = _area(element, dpi)
    return Frame(x=x, y=y, width=width, height=height, thickness=max(1, dots(element.thickness, dpi)))


def _area(element: Text | Barcode | Box, dpi: int) -> tuple[int, int, int, int]:
    """x, y, width, height in dots; at least one dot wide and high."""
    x, y = dots(element.x, dpi), dots(element.y, dpi)
    return x, y, max(1, dots(element.x + element.width, dpi) - x), max(1, dots(element.y + element.height, dpi) - y)
