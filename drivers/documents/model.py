"""The document model: what is to be on paper, device-neutral.  Lengths: Decimal millimetres from the label's top left corner."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class Symbology(StrEnum):
    CODE128 = "code128"
    EAN13 = "ean13"
    QR = "qr"


Align = Literal["left", "center", "right"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A frame; with `thickness` equal to the smaller side it is a line."""

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal
    thickness: Decimal


Element = Text | Barcode | Box


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
class Receipt:
    """Printed downwards, then cut; `open_drawer` opens the cash drawer with it."""

    parts: tuple[Line | Rule | Code, ...]
    open_drawer: bool = False
