"""Fonts of this machine: which has a character, how wide a text is in dots, and drawing it in black and white.

The first font of the list that has a character draws it; Pillow's own (Latin only) is the last resort.  Debian packages:
fonts-dejavu-core, fonts-wqy-microhei or fonts-noto-cjk.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageDraw, ImageFont

from drivers.documents.errors import NoGlyph
from drivers.documents.text import is_wide

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
_PATHS: dict[Family, tuple[str, ...]] = {
    "sans": ("truetype/dejavu/DejaVuSans.ttf", "truetype/liberation/LiberationSans-Regular.ttf", *_HAN),
    "sans-bold": ("truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/liberation/LiberationSans-Bold.ttf", *_HAN),
    "mono": ("truetype/dejavu/DejaVuSansMono.ttf", "truetype/liberation/LiberationMono-Regular.ttf", *_HAN),
    "mono-bold": ("truetype/dejavu/DejaVuSansMono-Bold.ttf", "truetype/liberation/LiberationMono-Bold.ttf", *_HAN),
}
_BUILT_IN = ""
_NO_CHARACTER = "\U0010ffff"
_PROBE_SIZE = 24

_AnyFont = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def _files(family: Family) -> tuple[str, ...]:
    return (*(str(_ROOT / name) for name in _PATHS[family] if (_ROOT / name).is_file()), _BUILT_IN)


@lru_cache(maxsize=128)
def _font(file: str, size: int) -> _AnyFont:
    return ImageFont.load_default(size) if file == _BUILT_IN else ImageFont.truetype(file, size)


@lru_cache(maxsize=8192)
def _has(file: str, char: str) -> bool:
    """Whether a font has a character: it draws it otherwise than the character that no font has, and draws something."""
    if char == " ":
        return True
    font = _font(file, _PROBE_SIZE)
    if not isinstance(font, ImageFont.FreeTypeFont):
        return char.isascii()
    mask = font.getmask(char)
    drawn = bytes(mask)
    return (char.isspace() or any(drawn)) and (drawn, mask.size) != _missing(file)


@lru_cache(maxsize=16)
def _missing(file: str) -> tuple[bytes, tuple[int, int]]:
    mask = _font(file, _PROBE_SIZE).getmask(_NO_CHARACTER)
    return bytes(mask), mask.size


@lru_cache(maxsize=8192)
def _file_for(char: str, family: Family) -> str:
    for file in _files(family):
        if _has(file, char):
            return file
    raise NoGlyph(char)


def _runs(text: str, family: Family) -> Iterator[tuple[str, str]]:
    """(font file, text) pieces in order.  Raises NoGlyph."""
    run, current = "", ""
    for char in text:
        file = _file_for(char, family)
        if run and file != current:
            yield current, run
            run = ""
        run, current = run + char, file
    if run:
        yield current, run


def check_characters(text: str, family: Family = "sans") -> None:
    """Raises NoGlyph for the first character that no font of this machine has."""
    for char in text:
        _file_for(char, family)


def measure(text: str, size: int, family: Family) -> float:
    """Width in dots of `text` at `size` dots per em.  Raises NoGlyph."""
    return sum(_font(file, size).getlength(run) for file, run in _runs(text, family))


def draw(canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, family: Family) -> None:
    """Draw black text with the left end of its base line at `at`.  Raises NoGlyph."""
    x, y = at
    for file, run in _runs(text, family):
        font = _font(file, size)
        is_thin = family.endswith("-bold") and file.endswith(_HAN)
        if isinstance(font, ImageFont.FreeTypeFont):
            canvas.text((round(x), round(y)), run, font=font, fill=0, anchor="ls", stroke_width=_stroke(size) if is_thin else 0)
        else:
            canvas.text((round(x), round(y) - size), run, font=font, fill=0)
        x += font.getlength(run)


def _stroke(size: int) -> int:
    """Thickening of a font that has no bold face, in dots on each side; small Han characters would run into blots."""
    return size // 32


def draw_in_cells(canvas: ImageDraw.ImageDraw, at: tuple[int, int], text: str, cell: tuple[int, int], *, bold: bool) -> None:
    """Draw text as a receipt printer does: each character in a cell of its own, a wide one in two.  `at` is the top left corner."""
    family: Family = "mono-bold" if bold else "mono"
    x, y = at
    width, height = cell
    base = y + round(height * 0.8)
    for char in text:
        cells = 2 if is_wide(char) else 1
        size = min(round(width / 0.602), round(height * 0.95)) if cells == 1 else min(2 * width, round(height * 0.95))
        if char.strip():
            glyph = measure(char, size, family)
            draw(canvas, (x + max(0, (cells * width - glyph) / 2), base), char, size, family)
        x += cells * width
