"""Fonts of this machine: which has a character, how wide a text is in dots, and drawing it in black and white.

The first font of the list that has a character draws it; Pillow's own (Latin only) is the last resort.  Debian packages:
fonts-dejavu-core, fonts-wqy-microhei or fonts-noto-cjk; fonts-noto-core for Thai, Indic and other scripts.

Scripts that are joined, stacked or written from the right need Pillow's Raqm layout (with libfribidi0).  Without it, or where no
one font has all of a line that runs from the right, the text is refused: letters in a wrong order or shape are worse than no label.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageDraw, ImageFont, features

from drivers.documents.errors import NoGlyph, NotShaped
from drivers.documents.scripts import Direction, clusters, direction_of, has_right_to_left, is_complex
from drivers.documents.text import columns, is_wide

Family = Literal["sans", "sans-bold", "mono", "mono-bold"]
_ROOT = Path("/usr/share/fonts")
_HAN = (
    "truetype/wqy/wqy-microhei.ttc",
    "opentype/noto/NotoSansCJK-Regular.ttc",
    "truetype/noto/NotoSansCJK-Regular.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
    "truetype/droid/DroidSansFallbackFull.ttf",
    "truetype/arphic/uming.ttc",
)
_NOTO_SCRIPTS = (
    "", "Arabic", "Hebrew", "Thai", "Lao", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Tamil", "Telugu", "Kannada",
    "Malayalam", "Sinhala", "Oriya", "Khmer", "Myanmar", "Ethiopic", "Georgian", "Armenian", "Symbols", "Symbols2",
)  # fmt: skip


def _noto(weight: str) -> tuple[str, ...]:
    return tuple(f"truetype/noto/NotoSans{script}-{weight}.ttf" for script in _NOTO_SCRIPTS)


_PATHS: dict[Family, tuple[str, ...]] = {
    "sans": ("truetype/dejavu/DejaVuSans.ttf", "truetype/liberation/LiberationSans-Regular.ttf", *_noto("Regular"), *_HAN),
    "sans-bold": ("truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/liberation/LiberationSans-Bold.ttf", *_noto("Bold"), *_HAN),
    "mono": ("truetype/dejavu/DejaVuSansMono.ttf", "truetype/liberation/LiberationMono-Regular.ttf", *_noto("Regular"), *_HAN),
    "mono-bold": ("truetype/dejavu/DejaVuSansMono-Bold.ttf", "truetype/liberation/LiberationMono-Bold.ttf", *_noto("Bold"), *_HAN),
}
_BUILT_IN = ""
_NO_CHARACTER = "\U0010ffff"
_PROBE_SIZE = 24
_MOST_FONTS = 64
"""Open at a time, each in its size; one of Han takes a third of a megabyte."""
_JOINERS = frozenset("\u200c\u200d")

AnyFont = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def _files(family: Family) -> tuple[str, ...]:
    return (*(str(_ROOT / name) for name in _PATHS[family] if (_ROOT / name).is_file()), _BUILT_IN)


@lru_cache(maxsize=1)
def can_shape() -> bool:
    return bool(features.check("raqm"))


@lru_cache(maxsize=_MOST_FONTS)
def open_font(file: str, size: int) -> AnyFont:
    """`file` as `plain_file` tells it."""
    return ImageFont.load_default(size) if file == _BUILT_IN else ImageFont.truetype(file, size)


@lru_cache(maxsize=32)
def _probe(file: str) -> AnyFont:
    """Without shaping, which would draw a lone mark on a dotted circle."""
    return (
        open_font(file, _PROBE_SIZE)
        if file == _BUILT_IN
        else ImageFont.truetype(file, _PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
    )


@lru_cache(maxsize=8192)
def _has(file: str, char: str) -> bool:
    """Whether a font has a character: it draws it otherwise than the character that no font has, and draws something."""
    if char == " " or char in _JOINERS:
        return True
    font = _probe(file)
    if not isinstance(font, ImageFont.FreeTypeFont):
        return char.isascii()
    mask = font.getmask(char)
    drawn = bytes(mask)
    return (char.isspace() or any(drawn)) and (drawn, mask.size) != _missing(file)


@lru_cache(maxsize=32)
def _missing(file: str) -> tuple[bytes, tuple[int, int]]:
    mask = _probe(file).getmask(_NO_CHARACTER)
    return bytes(mask), mask.size


@lru_cache(maxsize=8192)
def _file_for(cluster: str, family: Family) -> str:
    """The first font that has all of it.  Raises NoGlyph for the first character that none has, or for its mark."""
    for file in _files(family):
        if all(_has(file, char) for char in cluster):
            return file
    missing = (char for char in cluster if not any(_has(file, char) for file in _files(family)))
    raise NoGlyph(next(missing, cluster[-1]))


@lru_cache(maxsize=1024)
def _runs(text: str, family: Family) -> tuple[tuple[str, str], ...]:
    """(font file, text) pieces in order.  Raises NoGlyph, NotShaped."""
    if has_right_to_left(text):
        return ((_only_file(text, family), text),)
    if is_complex(text) and not can_shape():
        raise NotShaped(text, "Pillow's Raqm layout with libfribidi0")
    runs: list[tuple[str, str]] = []
    for cluster in clusters(text):
        file = _file_for(cluster, family)
        if runs and runs[-1][0] == file:
            runs[-1] = (file, runs[-1][1] + cluster)
        else:
            runs.append((file, cluster))
    return tuple(runs)


def _only_file(text: str, family: Family) -> str:
    """One font for all of a text with two directions, so that the order of its parts is the layout's business."""
    if not can_shape():
        raise NotShaped(text, "Pillow's Raqm layout with libfribidi0")
    for char in text:
        _file_for(char, family)
    for file in _files(family):
        if all(_has(file, char) for char in text):
            return file
    raise NotShaped(text, "one font that has all its characters")


def check_characters(text: str, family: Family = "sans") -> None:
    """Raises NoGlyph for the first character that no font of this machine has, NotShaped for a text that would come out wrong."""
    _runs(text, family)


@lru_cache(maxsize=8192)
def _advance(char: str, size: int, family: Family) -> float:
    return open_font(_file_for(char, family), size).getlength(char)


def measure(text: str, size: int, family: Family) -> float:
    """Width in dots of `text` at `size` dots per em.  Raises NoGlyph, NotShaped."""
    return sum(open_font(file, size).getlength(run) for file, run in _runs(text, family))


@lru_cache(maxsize=4096)
def estimate(text: str, size: int, family: Family) -> float:
    """As `measure`, but for kerning: the sum of the characters' own widths, where they stand one after the other."""
    if is_complex(text):
        return measure(text, size, family)
    return sum(_advance(char, size, family) for char in text)


def plain_file(text: str, size: int, family: Family) -> str | None:
    """The one font file that draws all of a text as it is; None for several, for shaping, for a font made bold here.

    Raises NoGlyph, NotShaped.
    """
    runs = _runs(text, family)
    if len(runs) != 1 or runs[0][0] == _BUILT_IN or is_complex(text):
        return None
    return None if _is_thin(runs[0][0], family) and _stroke(size) else runs[0][0]


def draw(
    canvas: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    family: Family,
    *,
    paragraph: Direction | None = None,
    fill: int = 0,
) -> None:
    """Draw text with the left end of its base line at `at`.

    `paragraph` is the direction of what it is a line of; None if it is a paragraph by itself.  Raises NoGlyph, NotShaped.
    """
    x, y = at
    runs = _runs(text, family)
    for index, (file, run) in enumerate(runs):
        font = open_font(file, size)
        if isinstance(font, ImageFont.FreeTypeFont):
            stroke = _stroke(size) if _is_thin(file, family) else 0
            direction = (paragraph or direction_of(text)) if has_right_to_left(run) else None
            canvas.text((round(x), round(y)), run, font=font, fill=fill, anchor="ls", stroke_width=stroke, direction=direction)
        else:
            canvas.text((round(x), round(y) - size), run, font=font, fill=fill)
        if index < len(runs) - 1:
            x += font.getlength(run)


def _is_thin(file: str, family: Family) -> bool:
    """It has no bold face."""
    return family.endswith("-bold") and file.endswith(_HAN)


def _stroke(size: int) -> int:
    """Thickening of a font that has no bold face, in dots on each side; small Han characters would run into blots."""
    return size // 32


def draw_in_cells(canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, cell: tuple[int, int], *, bold: bool) -> None:
    """Draw text as a receipt printer does: each character in a cell of its own, a wide one in two.  `at` is the top left corner.

    What has to be shaped is drawn as a whole within its cells.  Raises NoGlyph, NotShaped.
    """
    column = 0
    for piece in _PIECE.findall(text):
        place = at[0] + column * cell[0], at[1]
        if is_complex(piece):
            _draw_shaped(canvas, place, piece, cell, bold=bold, is_right=column > 0)
        else:
            _draw_cells(canvas, place, piece, cell, bold=bold)
        column += columns(piece)


_PIECE = re.compile(r" {2,}|^ |(?:(?!  ).)+")
"""What stands between two spaces or more: the columns of a receipt."""


def _draw_cells(canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, cell: tuple[int, int], *, bold: bool) -> None:
    family: Family = "mono-bold" if bold else "mono"
    x, y = at
    width, height = cell
    base = y + round(height * _CELL_BASE)
    for char in text:
        cells = 2 if is_wide(char) else 1
        size = min(round(width / 0.602), round(height * 0.95)) if cells == 1 else min(2 * width, round(height * 0.95))
        if char.strip():
            glyph = measure(char, size, family)
            draw(canvas, (x + max(0, (cells * width - glyph) / 2), base), char, size, family)
        x += cells * width


def _draw_shaped(
    canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, cell: tuple[int, int], *, bold: bool, is_right: bool
) -> None:
    """Proportional, as large as fits into the cells; at their right end if it is not the row's first column."""
    family: Family = "sans-bold" if bold else "sans"
    room = columns(text) * cell[0]
    size = round(cell[1] * 0.75)
    used = measure(text, size, family)
    if used > room:
        size = max(6, int(size * room / used))
        used = measure(text, size, family)
    shift = max(0.0, room - used) if is_right else 0
    draw(canvas, (at[0] + shift, at[1] + round(cell[1] * _CELL_BASE)), text, size, family)


_CELL_BASE = 0.8
