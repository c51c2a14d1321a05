"""Labels as Brother's raster: every label is a picture, so nothing of its data is ever text to the printer.

The label stands in the middle of the roll or tape.  A die-cut label has edges that the head does not reach; ink there is refused.
On continuous rolls the whole label is printed, and what the printer feeds before and after makes it longer.  Neither compression
nor "Z" is used: older and newest models lack the one or the other.
"""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from drivers.devices import Encoded
from drivers.documents.bitmap import ink_label
from drivers.documents.errors import DocumentError
from drivers.documents.layout import LabelLayout, TextLine, lay_out_label
from drivers.documents.model import Label
from drivers.errors import Unsupported
from drivers.printers.brother_options import QL, BrotherOptions, Family, Paper
from drivers.printers.label_ink import check_copies

_MOST_COPIES = 200
_MOST_LENGTH = 1000
"""Millimetres (2.3.4)."""
_RASTER_MODE = b"\x1bia\x01"
_NOTIFY = b"\x1bi!\x00"
_UNCOMPRESSED = b"M\x00"
_KIND, _WIDTH, _LENGTH, _RECOVER = 0x02, 0x04, 0x08, 0x80
_AUTO_CUT, _CUT_AT_END = 0x40, 0x08
_NEXT_PAGE, _LAST_PAGE = b"\x0c", b"\x1a"


def encode_label(label: Label, options: BrotherOptions, *, copies: int, copy_mark: bool) -> Encoded:
    """Each copy is a page.  Raises Unsupported."""
    check_copies(copies, _MOST_COPIES)
    family, paper = options.family, options.paper
    is_turned = _is_turned(label, options)
    try:
        layout = lay_out_label(label, family.dpi, mark=options.copy_text if copy_mark else "")
        if copy_mark and options.copy_text:
            layout = _with_mark_inside(layout, paper, is_turned=is_turned)
        ink = ink_label(layout)
    except DocumentError as error:
        raise Unsupported(str(error)) from error
    # The first bit of a line is the label's right edge: it is turned clockwise, then left is right.
    mirrored = ink.transpose(Image.Transpose.TRANSPOSE if is_turned else Image.Transpose.FLIP_LEFT_RIGHT)
    rows = _rows(mirrored, family, paper)
    raster, count = _raster(family, rows), len(rows) // (family.pins // 8)
    pages = [
        _page_head(options, count, is_first=index == 0) + raster + (_LAST_PAGE if index == copies - 1 else _NEXT_PAGE)
        for index in range(copies)
    ]
    return Encoded(bytes(family.invalid) + b"\x1b@" + b"".join(pages), copies, layout.notes)


def _is_turned(label: Label, options: BrotherOptions) -> bool:
    """Raises Unsupported (fits neither way)."""
    paper = options.paper
    along = paper.length or _MOST_LENGTH
    fits = label.width <= paper.millimetres and label.height <= along
    fits_turned = label.height <= paper.millimetres and label.width <= along
    if options.turn == "no" or (options.turn == "auto" and fits and not (options.family.prefers_turned and fits_turned)):
        fits_turned = False
    elif options.turn == "yes" or fits_turned:
        fits = fits_turned
    if not fits:
        size = f"{paper.millimetres} mm wide" + (f" and {paper.length} mm long" if paper.length else "")
        raise Unsupported(f"the label is {label.width} x {label.height} mm, the printer's media {size}")
    return fits_turned


def _with_mark_inside(layout: LabelLayout, paper: Paper, *, is_turned: bool) -> LabelLayout:
    """The layout puts the mark of a copy, its last item, close to the edge: it is moved to where the head reaches."""
    *items, mark = layout.items
    if not isinstance(mark, TextLine):
        return layout
    width, height = (layout.height, layout.width) if is_turned else (layout.width, layout.height)
    across, along = (width - paper.pins + 1) // 2, (height - paper.rows + 1) // 2 if paper.rows else 0
    side, top = (along, across) if is_turned else (across, along)
    dx = _shift(mark.x, mark.width, side, layout.width - side)
    dy = _shift(mark.y, mark.height, top, layout.height - top)
    moved = replace(mark, x=mark.x + dx, left=mark.left + dx, y=mark.y + dy, base=mark.base + dy)
    return replace(layout, items=(*items, moved))


def _shift(start: int, size: int, low: int, high: int) -> int:
    """How far to move so that it stays between the two."""
    return max(low - start, 0) or min(high - size - start, 0)


def _rows(mirrored: Image.Image, family: Family, paper: Paper) -> bytes:
    """The ink in the middle of what the head reaches, as rows of all pins, 1 is black.  Raises Unsupported (ink beyond it)."""
    height = paper.rows or max(mirrored.height, family.least_rows)
    left = (paper.pins - mirrored.width + 1) // 2
    top = (height - mirrored.height) // 2 if paper.rows else 0
    box = mirrored.getbbox()
    if box is not None:
        edges = (left + box[0], top + box[1], paper.pins - left - box[2], height - top - box[3])
        if min(edges) < 0:
            beyond = -min(edges) * 25.4 / family.dpi
            raise Unsupported(
                f"the label has ink {beyond:.1f} mm beyond what the printer reaches on this media; keep its edges free"
            )
    whole = Image.new("1", (family.pins, height))
    whole.paste(mirrored, (paper.offset + left, top))
    return whole.tobytes()


def _page_head(options: BrotherOptions, rows: int, *, is_first: bool) -> bytes:
    family, paper = options.family, options.paper
    flags, kind = _RECOVER | _WIDTH, 0
    if family is QL:
        flags |= _KIND | (_LENGTH if paper.length else 0)
        kind = 0x0B if paper.length else 0x0A
    information = bytes((flags, kind, paper.width, paper.length)) + rows.to_bytes(4, "little") + bytes((0 if is_first else 1, 0))
    margin = 0 if paper.length else family.margin
    parts = [
        b"" if options.older else _RASTER_MODE + _NOTIFY,
        b"\x1biz" + information,
        b"\x1biM" + bytes((_AUTO_CUT if options.cut else 0,)),
        b"\x1biA\x01" if options.cut and family is QL else b"",
        b"\x1biK" + bytes((_CUT_AT_END if options.cut else 0,)),
        b"\x1bid" + margin.to_bytes(2, "little"),
        b"" if family is QL else _UNCOMPRESSED,
    ]
    return b"".join(parts)


def _raster(family: Family, rows: bytes) -> bytes:
    """Each row behind what says how long it is."""
    stride = family.pins // 8
    head = b"g\x00" + bytes((stride,)) if family is QL else b"G" + stride.to_bytes(2, "little")
    return head + head.join([rows[top : top + stride] for top in range(0, len(rows), stride)])
