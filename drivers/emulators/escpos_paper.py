"""The paper of the ESC/POS emulator: what the print head and the cutter have done to it, as a picture.

576 dots wide (80 mm paper at 203 dpi), Font A of 12 x 24 dots.  It knows nothing of bytes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from io import BytesIO

import zxingcpp
from PIL import Image, ImageDraw

from drivers.documents.errors import NoGlyph
from drivers.documents.fonts import check_characters, draw_in_cells
from drivers.documents.text import columns as columns_of
from drivers.emulators.drawn_symbol import drawn_symbol

WIDTH = 576
DOTS_PER_MM = 8
_CELL_WIDTH, _CELL_HEIGHT = 12, 24
_WHITE = 255
_MARGIN = 20
FNC1 = "\x1d"


@dataclass(frozen=True, slots=True)
class Style:
    bold: bool = False
    inverse: bool = False
    underline: bool = False
    times_wide: int = 1
    times_high: int = 1


class Paper:
    """A roll, from the last cut on.  `used` counts the dots fed since it was put in."""

    def __init__(self) -> None:
        self.used = 0
        self.reset()
        self._strips: list[Image.Image] = []

    def reset(self) -> None:
        """Initialise (ESC @): modes back to their defaults, the line that was begun is gone."""
        self.style = Style()
        self.align = 0
        self.line_spacing = 30
        self.code_height = 162
        self.code_module = 3
        self.code_text = 0
        self._line: list[tuple[str, Style]] = []
        self._pieces: list[Image.Image] = []

    @property
    def is_blank(self) -> bool:
        return not self._strips

    @property
    def has_begun_line(self) -> bool:
        return bool(self._line)

    def restyle(self, **changes: bool | int) -> None:
        self.style = replace(self.style, **changes)  # type: ignore[arg-type]  # the caller names Style's own fields

    def write(self, text: str) -> None:
        """Characters into the line buffer; a full line prints itself."""
        for char in text:
            if self._line_width() + columns_of(char) * _CELL_WIDTH * self.style.times_wide > WIDTH:
                self.end_line()
            self._line.append((char, self.style))

    def end_line(self) -> None:
        """Print the line buffer and feed one line."""
        heights = [*(style.times_high * _CELL_HEIGHT for _, style in self._line), *(piece.height for piece in self._pieces)]
        height = max([self.line_spacing, *heights])
        strip = Image.new("L", (WIDTH, height), _WHITE)
        x = self._left(self._line_width())
        tallest = max((style.times_high for _, style in self._line), default=1)
        for char, style in self._line:
            self._draw_character(strip, (x, (tallest - style.times_high) * _CELL_HEIGHT), char, style)
            x += columns_of(char) * _CELL_WIDTH * style.times_wide
        self._line.clear()
        x = self._left(sum(piece.width for piece in self._pieces))
        for piece in self._pieces:
            strip.paste(piece, (x, 0))
            x += piece.width
        self._pieces.clear()
        self._add(strip)

    def feed(self, dots: int) -> None:
        if self._line:
            self.end_line()
        if dots:
            self._add(Image.new("L", (WIDTH, dots), _WHITE))

    def picture(self, bits: bytes, stride: int, times: tuple[int, int] = (1, 1)) -> None:
        """A raster picture, `stride` bytes a row, 1 is black."""
        height = len(bits) // stride
        image = Image.frombytes("1", (stride * 8, height), bytes(byte ^ 0xFF for byte in bits)).convert("L")
        image = image.resize((image.width * times[0], image.height * times[1]), Image.Resampling.NEAREST)
        self._paste(image)

    def columns(self, bits: bytes, deep: int, *, wide: bool) -> None:
        """A piece of picture into the line buffer: columns of `deep` bytes, the highest bit on top."""
        count = len(bits) // deep
        piece = Image.frombytes("1", (deep * 8, count), bytes(byte ^ 0xFF for byte in bits[: count * deep])).convert("L")
        piece = piece.transpose(Image.Transpose.TRANSPOSE)  # its rows were our columns
        if deep == 1:
            piece = piece.resize((piece.width, 24), Image.Resampling.NEAREST)
        self._pieces.append(piece.resize((piece.width * 2, piece.height), Image.Resampling.NEAREST) if wide else piece)

    def barcode(self, form: zxingcpp.BarcodeFormat, data: str) -> None:
        """A linear barcode, with its characters below when they are asked for (GS H).  Wrong data prints nothing."""
        try:
            small = drawn_symbol(form, data)
        except ValueError:
            return
        size = (small.width * self.code_module, self.code_height)
        bars = small.crop((0, 0, small.width, 1)).resize(size, Image.Resampling.NEAREST)
        if bars.width > WIDTH:
            return
        self._paste(bars)
        if self.code_text & 2:
            indent = self._left(bars.width) + max(0, (bars.width - len(data) * _CELL_WIDTH) // 2)
            strip = Image.new("L", (WIDTH, _CELL_HEIGHT + 6), _WHITE)
            for index, char in enumerate(data):
                self._draw_character(strip, (indent + index * _CELL_WIDTH, 2), char, Style())
            self._add(strip)

    def qr(self, data: bytes, module: int) -> None:
        try:
            small = drawn_symbol(zxingcpp.BarcodeFormat.QRCode, data.decode("utf-8", "replace"))
        except ValueError:
            return
        self._paste(small.resize((small.width * module, small.height * module), Image.Resampling.NEAREST))

    def cut(self) -> str:
        """What hangs out of the printer, as a PNG in base64; the roll goes on blank."""
        if self._line:
            self.end_line()
        image = Image.new("L", (WIDTH + 2 * _MARGIN, sum(strip.height for strip in self._strips) + _MARGIN), _WHITE)
        y = _MARGIN
        for strip in self._strips:
            image.paste(strip, (_MARGIN, y))
            y += strip.height
        self._strips.clear()
        inked = image.point(lambda value: 255 - value).getbbox()
        if inked:  # what was fed to bring the text to the cutter is the next one's top, not this one's bottom
            image = image.crop((0, 0, image.width, min(image.height, inked[3] + 3 * _MARGIN)))
        out = BytesIO()
        image.convert("1").save(out, "PNG")
        return base64.b64encode(out.getvalue()).decode()

    def _line_width(self) -> int:
        return sum(columns_of(char) * _CELL_WIDTH * style.times_wide for char, style in self._line)

    def _left(self, used: int) -> int:
        return max(0, (0, (WIDTH - used) // 2, WIDTH - used)[self.align])

    def _paste(self, image: Image.Image) -> None:
        if self._line:
            self.end_line()
        strip = Image.new("L", (WIDTH, image.height), _WHITE)
        strip.paste(image, (self._left(image.width), 0))
        self._add(strip)

    def _add(self, strip: Image.Image) -> None:
        self._strips.append(strip)
        self.used += strip.height

    def _draw_character(self, strip: Image.Image, at: tuple[int, int], char: str, style: Style) -> None:
        size = (_CELL_WIDTH * style.times_wide, _CELL_HEIGHT * style.times_high)
        canvas = ImageDraw.Draw(strip)
        canvas.fontmode = "1"
        try:
            check_characters(char, "mono")
        except NoGlyph:
            char = "?"
        draw_in_cells(canvas, at, char, size, bold=style.bold)
        area = (at[0], at[1], at[0] + columns_of(char) * size[0], at[1] + size[1])
        if style.underline:
            canvas.line((area[0], area[3] - 1, area[2], area[3] - 1), fill=0, width=2)
        if style.inverse:
            strip.paste(strip.crop(area).point(lambda value: 255 - value), area)
