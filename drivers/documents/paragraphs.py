"""Text in a box: wrapped by words (by characters where the script has no spaces), shrunk, cut.

Text that does not fit shrinks in steps to 60 % of its size; what still does not fit ends in an ellipsis, and `notes` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from drivers.documents.fonts import Family, check_characters, estimate, measure
from drivers.documents.items import TextLine, family_of
from drivers.documents.model import Align, Text
from drivers.documents.scripts import clusters
from drivers.documents.text import printable, wrap

LINE_HEIGHT = 1.2
"""Line height in ems."""
BASE_LINE = 0.93
"""Base line below the top of its line, in ems."""
_SHRINK_STEPS = (1.0, 0.9, 0.8, 0.7, 0.6)
_GROW_STEPS = (3.0, 2.75, 2.5, 2.25, 2.0, 1.8, 1.6, 1.4, 1.2)
_SMALLEST = 8
_ELLIPSIS = "…"


def place_text(element: Text, area: tuple[int, int], notes: list[str]) -> Iterator[TextLine]:
    """The lines of a text in an upright box of `area` (width, height in dots) whose corner is (0, 0).  Raises NoGlyph."""
    text = printable(element.text).strip()
    family = family_of(bold=element.bold, font=element.font)
    for paragraph in text.split("\n"):
        check_characters(paragraph, family)
    width, height = area
    full_size = height / element.lines / LINE_HEIGHT
    lines: list[str] = []
    size = 1
    for step in (*_GROW_STEPS, *_SHRINK_STEPS) if element.fill else _SHRINK_STEPS:
        size = max(_SMALLEST, int(full_size * step))
        lines = wrap(text, partial(estimate, size=size, family=family), width)
        room = max(element.lines if step <= 1 else 0, int(height / (size * LINE_HEIGHT)))
        if len(lines) <= room and all(_fits(line, size, family, width) for line in lines):
            break
    else:
        room = max(element.lines, int(height / (size * LINE_HEIGHT)))
        lines = _cut(lines, room, partial(measure, size=size, family=family), width)
        notes.append(f"cut to fit: {lines[-1]!r}")
    pitch = min(round(size * LINE_HEIGHT), height // max(1, len(lines)))
    for index, line in enumerate(lines):
        top = index * pitch
        yield TextLine(
            x=0,
            y=top,
            width=width,
            height=pitch,
            left=0 if element.align == "left" else _shift(element.align, width, measure(line, size, family)),
            base=top + round(size * BASE_LINE),
            size=size,
            text=line,
            block=text,
            align=element.align,
            bold=element.bold,
            font=element.font,
        )


def _fits(line: str, size: int, family: Family, width: int) -> bool:
    """By the sum of its characters where that leaves no doubt: kerning mostly moves letters together."""
    room = width - estimate(line, size, family)
    return room >= 0 and (room > size / 4 or measure(line, size, family) <= width)


def _cut(lines: list[str], room: int, width_of: Callable[[str], float], width: int) -> list[str]:
    """At most `room` lines; the last one, and any that is too wide, with an ellipsis that fits."""
    kept = lines[:room]
    return [
        _ellipsized(line, width_of, width) if index == len(kept) - 1 or width_of(line) > width else line
        for index, line in enumerate(kept)
    ]


def _ellipsized(line: str, width_of: Callable[[str], float], width: int) -> str:
    pieces = clusters(line)
    while pieces and width_of("".join(pieces).rstrip() + _ELLIPSIS) > width:
        pieces.pop()
    short = "".join(pieces).rstrip() + _ELLIPSIS
    return short if width_of(short) <= width else ""


def _shift(align: Align, room: int, used: float) -> int:
    spare = max(0.0, room - used)
    return round(spare / 2 if align == "center" else spare)
