"""How a ZPL printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class ZplOptions:
    """`media_width` and `media_height` in millimetres: larger labels are refused; height 0 stands for any.

    `answers` false: a printer on a line with no way back.  It is never asked, and a print is only known to be written.
    """

    dpi: Literal[203, 300, 600] = 203
    media_width: Decimal = Decimal(104)
    media_height: Decimal = Decimal(0)
    copy_text: str = "COPY"
    answers: bool = True
