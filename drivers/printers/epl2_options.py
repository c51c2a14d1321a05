"""How an EPL2 printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

PICTURE_BYTES = 2048
"""The most that one GW of ours carries: so many bytes at most does a job that broke off leave the printer waiting for."""


@dataclass(frozen=True, slots=True)
class Epl2Options:
    """Lengths in millimetres; a `media_height` of 0 stands for any.

    `sensor` says what is between two labels: a `gap` or a black `mark`, `gap` high, or nothing (`continuous`).  `direction` is the
    edge that is printed first.  `answers` is false for a connection on which nothing comes back.
    """

    dpi: Literal[203, 300] = 203
    media_width: Decimal = Decimal(104)
    media_height: Decimal = Decimal(0)
    sensor: Literal["gap", "mark", "continuous"] = "gap"
    gap: Decimal = Decimal(3)
    direction: Literal["top", "bottom"] = "top"
    answers: bool = True
    copy_text: str = "COPY"
