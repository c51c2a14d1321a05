"""How a ZPL printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class ZplOptions:
    """`media_width` and `media_height` in millimetres: larger labels are refused; height 0 stands for any."""

    dpi: Literal[203, 300] = 203
    media_width: Decimal = Decimal(104)
    media_height: Decimal = Decimal(0)
    copy_text: str = "COPY"
