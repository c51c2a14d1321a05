"""How a Brother label printer is configured: its family, the roll or tape in it, and what is known of both.

Source: Brother, Software Developer's Manual, Raster Command Reference: QL-800/810W/820NWB v1.01, QL-500 … QL-1060N v6.0 and
PT-E550W/P750W/P710BT v1.01, "Page size" (2.3.2), "Feed amount" (2.3.3), "Maximum and minimum lengths" (2.3.4), "Raster line"
(2.3.5).  The pins of the rolls are those on which two public drivers agree (mkienitz/brother_ql, thermal-label/brother-ql); rolls
on which they differ (23 x 23, 29 x 42, 60 x 86 mm) are left out.  The rows of die-cut labels are the latter's, whose 991 for
29 x 90 mm is the example of v6.0, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

QlMedia = Literal[
    "12", "29", "38", "50", "54", "62",
    "17x54", "17x87", "29x90", "38x90", "39x48", "52x29", "62x29", "62x100", "round12", "round24", "round58",
]  # fmt: skip
PtTape = Literal["3.5", "6", "9", "12", "18", "24"]
Turn = Literal["auto", "no", "yes"]


@dataclass(frozen=True, slots=True)
class Paper:
    """What is in the printer: `width` and `length` (0: continuous) in millimetres, as its status reports them.

    `offset` pins of the head stay free beside the `pins` that reach the paper, counted from the first one; `rows` is what can be
    printed on a die-cut label, 0 for any.
    """

    width: int
    length: int
    pins: int
    offset: int
    rows: int = 0
    true_width: Decimal = Decimal(0)
    """Where the status rounds: 3.5 mm is reported as 4."""

    @property
    def millimetres(self) -> Decimal:
        """Across."""
        return self.true_width or Decimal(self.width)


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between the families.  `least_rows`: shorter labels are made as long; `margin`: rows fed before and after."""

    dpi: int
    pins: int
    invalid: int
    margin: int
    least_rows: int
    prefers_turned: bool
    series: int


QL = Family(dpi=300, pins=720, invalid=400, margin=35, least_rows=150, prefers_turned=False, series=0x34)
PT = Family(dpi=180, pins=128, invalid=100, margin=14, least_rows=31, prefers_turned=True, series=0x30)

QL_PAPERS: Mapping[QlMedia, Paper] = {
    "12": Paper(12, 0, 106, 29),
    "29": Paper(29, 0, 306, 6),
    "38": Paper(38, 0, 413, 12),
    "50": Paper(50, 0, 554, 12),
    "54": Paper(54, 0, 590, 0),
    "62": Paper(62, 0, 696, 12),
    "17x54": Paper(17, 54, 165, 0, 566),
    "17x87": Paper(17, 87, 165, 0, 956),
    "29x90": Paper(29, 90, 306, 6, 991),
    "38x90": Paper(38, 90, 413, 12, 991),
    "39x48": Paper(39, 48, 425, 6, 495),
    "52x29": Paper(52, 29, 578, 0, 271),
    "62x29": Paper(62, 29, 696, 12, 271),
    "62x100": Paper(62, 100, 696, 12, 1109),
    "round12": Paper(12, 12, 94, 113, 94),
    "round24": Paper(24, 24, 236, 42, 236),
    "round58": Paper(58, 58, 618, 51, 618),
}
PT_TAPES: Mapping[PtTape, Paper] = {
    "3.5": Paper(4, 0, 24, 52, true_width=Decimal("3.5")),
    "6": Paper(6, 0, 32, 48),
    "9": Paper(9, 0, 50, 39),
    "12": Paper(12, 0, 70, 29),
    "18": Paper(18, 0, 112, 8),
    "24": Paper(24, 0, 128, 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrotherQlOptions:
    """`media` is the DK roll, by its width or its width and length in millimetres; the printer is held to it before each print.

    `turn` prints a label lying on its side; `auto` does so where it fits only then.  `older`: a QL-550, 560, 570 or 700, which has
    no command to choose the raster mode.  `answers` is false for a connection on which nothing comes back.
    """

    media: QlMedia
    turn: Turn = "auto"
    cut: bool = True
    older: bool = False
    answers: bool = True
    copy_text: str = "COPY"

    @property
    def paper(self) -> Paper:
        return QL_PAPERS[self.media]

    @property
    def family(self) -> Family:
        return QL


@dataclass(frozen=True, slots=True, kw_only=True)
class BrotherPtOptions:
    """`media` is the tape's width in millimetres; the printer is held to it before each print.

    `turn` prints a label along the tape; `auto` does so where it fits.  `answers` is false for a connection on which nothing comes
    back.
    """

    media: PtTape
    turn: Turn = "auto"
    cut: bool = True
    answers: bool = True
    copy_text: str = "COPY"

    @property
    def older(self) -> bool:
        return False

    @property
    def paper(self) -> Paper:
        return PT_TAPES[self.media]

    @property
    def family(self) -> Family:
        return PT


BrotherOptions = BrotherQlOptions | BrotherPtOptions
