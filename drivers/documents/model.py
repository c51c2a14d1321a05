"""The document model: what is to be on paper, device-neutral.  Lengths: Decimal millimetres from the label's top left corner."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class Symbology(StrEnum):
    """The data of `gs1_…` is an element string with brackets: ``(01)09506000134352(10)ABC``."""

    CODE128 = "code128"
    CODE39 = "code39"
    EAN8 = "ean8"
    EAN13 = "ean13"
    UPCA = "upca"
    ITF14 = "itf14"
    GS1_128 = "gs1_128"
    DATAMATRIX = "datamatrix"
    GS1_DATAMATRIX = "gs1_datamatrix"
    QR = "qr"
    GS1_QR = "gs1_qr"

    @property
    def is_matrix(self) -> bool:
        """It has rows of modules, and is square; the others are bars."""
        return self in _MATRICES

    @property
    def is_gs1(self) -> bool:
        """Its data is a GS1 element string."""
        return self.value.startswith("gs1_")


_MATRICES = frozenset({Symbology.DATAMATRIX, Symbology.GS1_DATAMATRIX, Symbology.QR, Symbology.GS1_QR})

Align = Literal["left", "center", "right"]
Font = Literal["sans", "mono"]
Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise.  An element's box is where it stands on the label, already turned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text in a box of `width`, wrapped by words (by characters where a script has no spaces), at most `lines` lines.

    With `fill` the letters grow, up to threefold, as long as all of it stays in the box.
    """

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    text: str
    lines: int = 1
    align: Align = "left"
    bold: bool = False
    fill: bool = False
    font: Font = "sans"
    rotation: Rotation = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """`width` and `height` bound it; the module width is the largest whole dot that fits."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    symbology: Symbology
    data: str
    human_readable: bool = True
    rotation: Rotation = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG, as large as fits into the box with its aspect kept, in its middle; `dither` makes grey of dots (photographs)."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    png: bytes
    dither: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A frame; with `thickness` equal to the smaller side it is a line."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    thickness: Decimal


Element = Text | Barcode | Box | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    width: Decimal
    height: Decimal
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A receipt's line of text; `right` goes to the right margin on the same line when it fits, else below."""

    text: str
    right: str = ""
    align: Align = "left"
    bold: bool = False
    double: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A barcode across the paper."""

    symbology: Symbology
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A PNG in the middle of the paper, its aspect kept; `width` in percent of the paper's printable width, 1 to 100."""

    png: bytes
    width: int = 60
    dither: bool = False


Part = Line | Rule | Code | Logo


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Printed downwards, then cut; `open_drawer` opens the cash drawer with it."""

    parts: tuple[Part, ...]
    open_drawer: bool = False
