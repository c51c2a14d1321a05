"""Pictures: PNG in, black and white dots out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from PIL import Image

from drivers.documents.errors import BadPicture
from drivers.documents.schema import png_problem

_WHITE = 255


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
    return Bitmap(image.width, image.height, image.point(_INK, "1").tobytes())


_INK = tuple(255 if value < 128 else 0 for value in range(256))


@lru_cache(maxsize=4)
def fit_picture(png: bytes, width: int, height: int, *, dither: bool) -> Image.Image:
    """The picture in black and white, as large as fits into `width` x `height` dots with its aspect kept.  Raises BadPicture.

    What is transparent is white.  With `dither` grey is made of dots (for photographs), else all is black or white (for logos).
    """
    if problem := png_problem(png):
        raise BadPicture(problem)
    try:
        image = Image.open(BytesIO(png), formats=["PNG"])
        image.load()
        grey = _on_white(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise BadPicture(f"not a PNG picture: {error}") from error
    scale = min(width / grey.width, height / grey.height)
    size = max(1, min(width, round(grey.width * scale))), max(1, min(height, round(grey.height * scale)))
    small = grey.resize(size, Image.Resampling.LANCZOS)
    if dither:
        return small.convert("1").convert("L")
    return small.point(_HALVES)


_HALVES = tuple(0 if value < 128 else 255 for value in range(256))


def _on_white(image: Image.Image) -> Image.Image:
    coloured = image.convert("RGBA")
    paper = Image.new("RGBA", coloured.size, (_WHITE, _WHITE, _WHITE, _WHITE))
    return Image.alpha_composite(paper, coloured).convert("L")
