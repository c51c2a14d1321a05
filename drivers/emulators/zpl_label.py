"""A label in the ZPL emulator: fields as the printer draws them, one pixel per dot.  It knows nothing of ZPL text."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from drivers.documents.fonts import Family, draw, measure
from drivers.emulators.drawn_symbol import drawn_symbol

_WHITE = 255
_MOST_DOTS = 4000


@dataclass(frozen=True, slots=True)
class Block:
    """^FB: a block of lines; `align` L, C, R or J."""

    width: int
    lines: int
    spacing: int
    align: str


@dataclass(frozen=True, slots=True)
class Font:
    """`width` 0 stands for the font's own proportions."""

    height: int
    width: int
    is_fixed: bool


class LabelPicture:
    """Drawing; `reverse` (^FR) turns what is below around."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("L", (min(max(width, 8), _MOST_DOTS), min(max(height, 8), _MOST_DOTS)), _WHITE)

    def png_b64(self) -> str:
        out = BytesIO()
        self._image.convert("1").save(out, "PNG")
        return base64.b64encode(out.getvalue()).decode()

    def text(self, at: tuple[int, int], text: str, font: Font, block: Block | None, *, reverse: bool = False) -> None:
        """`at` is the top left corner.  Text beyond a block's last line is printed over it, as the real ones do."""
        x, y = at
        lines = _broken(text, font, block) if block else [text]
        for index, line in enumerate(lines):
            picture = _line_picture(line, font)
            room = (block.width if block else picture.width) - picture.width
            shift = {"C": room // 2, "R": room}.get(block.align if block else "L", 0)
            row = min(index, block.lines - 1) if block else index
            self._stamp(picture, (x + max(0, shift), y + row * (font.height + (block.spacing if block else 0))), reverse=reverse)

    def linear(
        self, at: tuple[int, int], symbol: tuple[zxingcpp.BarcodeFormat, str], module: tuple[int, int], height: int, turn: int
    ) -> int:
        """Bars, turned clockwise; their width in dots, 0 if the data is wrong (the real ones print nothing then).

        `module` is the narrow and the wide bar in dots; wide 0 for a code whose bars have whole modules.
        """
        narrow, wide = module
        try:
            row = drawn_symbol(*symbol)
        except ValueError:
            return 0
        runs = ((color, len(list(run))) for color, run in groupby(row.tobytes()[: row.width]))
        sizes = ((color, (wide if length > 1 else narrow) if wide else length * narrow) for color, length in runs)
        dots = b"".join(bytes((color,)) * size for color, size in sizes)
        bars = Image.frombytes("L", (len(dots), 1), dots).resize((len(dots), height), Image.Resampling.NEAREST)
        self._stamp(_turned(bars, turn), at)
        return bars.width

    def qr(self, at: tuple[int, int], data: str, module: int, level: str) -> None:
        try:
            small = drawn_symbol(zxingcpp.BarcodeFormat.QRCode, data, ec_level=level)
        except ValueError:
            return
        self._stamp(small.resize((small.width * module, small.height * module), Image.Resampling.NEAREST), at)

    def data_matrix(self, at: tuple[int, int], data: str, module: int, turn: int) -> None:
        try:
            small = drawn_symbol(zxingcpp.BarcodeFormat.DataMatrix, data, force_square=True)
        except ValueError:
            return
        large = small.resize((small.width * module, small.height * module), Image.Resampling.NEAREST)
        self._stamp(_turned(large, turn), at)

    def box(
        self, at: tuple[int, int], size: tuple[int, int], thickness: int, *, white: bool = False, reverse: bool = False
    ) -> None:
        width, height = (min(max(side, thickness), _MOST_DOTS) for side in size)
        picture = Image.new("L", (width, height), _WHITE)
        is_full = 2 * thickness >= min(width, height)
        ImageDraw.Draw(picture).rectangle(
            (0, 0, width - 1, height - 1), fill=0 if is_full else None, outline=0, width=1 if is_full else thickness
        )
        if white:
            self._image.paste(_WHITE, (at[0], at[1], at[0] + width, at[1] + height), picture.point(lambda value: 255 - value))
        else:
            self._stamp(picture, at, reverse=reverse)

    def graphic(self, at: tuple[int, int], bits: bytes, stride: int) -> None:
        """^GF: `stride` bytes a row, 1 is black."""
        height = min(len(bits) // stride, _MOST_DOTS)
        inverted = bytes(byte ^ 0xFF for byte in bits[: height * stride])
        self._stamp(Image.frombytes("1", (stride * 8, height), inverted).convert("L"), at)

    def _stamp(self, picture: Image.Image, at: tuple[int, int], *, reverse: bool = False) -> None:
        """Black dots over what is there; with `reverse` they turn it around."""
        layer = Image.new("L", self._image.size, _WHITE)
        layer.paste(picture, at)
        if reverse:
            self._image = ImageChops.difference(self._image, layer.point(lambda value: 255 - value))
        else:
            self._image = ImageChops.darker(self._image, layer)


def _drawable(text: str) -> str:
    """Font 0 of the real ones has Latin letters; for anything else they print nothing."""
    return "".join(char for char in text if " " <= char <= "~" or "\xa0" <= char <= "\xff")


def _line_picture(text: str, font: Font) -> Image.Image:
    text = _drawable(text)
    family: Family = "mono" if font.is_fixed else "sans"
    size = max(6, round(font.height * 0.92))
    width = max(1, int(measure(text, size, family)) + 2)
    picture = Image.new("L", (width, round(font.height * 1.3)), _WHITE)
    canvas = ImageDraw.Draw(picture)
    canvas.fontmode = "1"
    draw(canvas, (0, round(font.height * 0.86)), text, size, family)
    if font.width and font.width != font.height:
        picture = picture.resize((max(1, width * font.width // font.height), picture.height), Image.Resampling.NEAREST)
    return picture


def _broken(text: str, font: Font, block: Block) -> list[str]:
    """^FB: lines break between words, and at a backslash with an ampersand."""
    lines: list[str] = []
    for paragraph in text.split("\\&"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and _line_picture(longer, font).width > block.width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _turned(picture: Image.Image, turn: int) -> Image.Image:
    turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    return picture.transpose(turns[turn]) if turn else picture
