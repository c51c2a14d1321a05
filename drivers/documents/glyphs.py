"""Ink of plain text put together from its characters' ink, which a shop's labels share: drawing a line takes four times as long.

Only what comes out as the whole line would, dot by dot, is put together: printable ASCII in one font, in the usual sizes.  Each
character is held against a tall one (all of it there, as high in company as alone), each two neighbours against both drawn as one
(ligatures), the sum of the widths against the line's own (kerning).  What does not pass has to be drawn as a whole.

Source: Pillow, src/_imagingft.c, `font_render`: positions are added up in 1/64 dots, and each character's is rounded to dots.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from drivers.documents.fonts import open_font

_TALLEST = 96
"""Dots per em; larger characters are not kept."""
_PROBE_SIZE = 24
_TALL = "|"
_PARTS = 64
"""Of a dot."""


def base_line(size: int) -> int:
    """Dots from the top of a picture of text to its base line."""
    return round(1.4 * size)


def put_together(file: str, size: int, text: str) -> Image.Image | None:
    """Black dots white (mode 1), from where the text begins on; it may be empty.  None: it has to be drawn as a whole."""
    if size > _TALLEST or not (text.isascii() and text.isprintable()):
        return None
    height = _height(size)
    ink, position, width, last = 0, 0, 0, ""
    for char in text:
        glyph = _glyph(file, size, char)
        if glyph is None or (last and not _stay_themselves(file, last + char)):
            return None
        width, dots = glyph
        position += _pair_length(file, size, last + char) - width if last else 0
        if position < 0:
            return None
        ink |= dots << height * _whole(position)
        last = char
    return _image(ink, height) if position + width == _length(file, size, text) else None


def _height(size: int) -> int:
    """Twice the size, in whole bytes: a column of dots in bits."""
    return (2 * size + 7) // 8 * 8


def _whole(position: int) -> int:
    """Dots, not before the beginning."""
    return max(0, (position + _PARTS // 2) // _PARTS)


@lru_cache(maxsize=1024)
def _glyph(file: str, size: int, char: str) -> tuple[int, int] | None:
    """Its width in 1/64 dots, and its ink, a column after the other; None if it does not always stand as it does alone."""
    dots, tall, both = (_drawn(file, size, text) for text in (char, _TALL, _TALL + char))
    if dots is None or tall is None or both is None:
        return None
    width = _length(file, size, char)
    start = _length(file, size, _TALL + char) - width
    return (width, dots) if both == tall | dots << _height(size) * _whole(start) else None


@lru_cache(maxsize=4096)
def _stay_themselves(file: str, pair: str) -> bool:
    """Side by side they are the two characters, no ligature; which is so in every size."""
    first, second = (_glyph(file, _PROBE_SIZE, char) for char in pair)
    if first is None or second is None:
        return False
    start = _length(file, _PROBE_SIZE, pair) - second[0]
    return _drawn(file, _PROBE_SIZE, pair) == first[1] | second[1] << _height(_PROBE_SIZE) * _whole(start)


@lru_cache(maxsize=4096)
def _pair_length(file: str, size: int, pair: str) -> int:
    return _length(file, size, pair)


def _length(file: str, size: int, text: str) -> int:
    """In 1/64 dots."""
    return round(open_font(file, size).getlength(text, "1") * _PARTS)


def _drawn(file: str, size: int, text: str) -> int | None:
    """The ink as the font draws it, a column after the other; None if some of it stands left of where the text begins."""
    image = Image.new("1", (size + 2 * size * len(text), _height(size)))
    ImageDraw.Draw(image).text((size, base_line(size)), text, font=open_font(file, size), fill=1, anchor="ls")
    box = image.getbbox()
    if box is None:
        return 0
    if box[0] < size:
        return None
    columns = image.crop((size, 0, box[2], image.height)).transpose(Image.Transpose.TRANSPOSE)
    return int.from_bytes(columns.tobytes(), "little")


def _image(ink: int, height: int) -> Image.Image:
    columns = max(1, -(-ink.bit_length() // height))
    data = ink.to_bytes(columns * height // 8, "little")
    return Image.frombytes("1", (height, columns), data).transpose(Image.Transpose.TRANSPOSE)
