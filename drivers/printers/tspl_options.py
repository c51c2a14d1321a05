"""How a TSPL printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

PICTURE_BYTES = 2048
"""The most that one BITMAP of ours carries: so many bytes at most does a job that broke off leave the printer waiting for."""


@dataclass(frozen=True, slots=True)
class TsplOptions:
    """Lengths in millimetres; a `media_height` of 0 stands for any.

    `sensor` says what is between two labels: a `gap` or a black `mark`, `gap` high, or nothing (`continuous`).  `direction` 1 turns
    the label around.  `whole` sends it as one picture, for clones that know no other command than BITMAP.  `counter`: the printer
    answers ``OUT @LABEL`` with the labels it has printed.  `answers` is false for a connection on which nothing comes back.
    """

    dpi: Literal[203, 300, 600] = 203
    media_width: Decimal = Decimal(108)
    media_height: Decimal = Decimal(0)
    sensor: Literal["gap", "mark", "continuous"] = "gap"
    gap: Decimal = Decimal(2)
    direction: Literal[0, 1] = 0
    whole: bool = False
    counter: bool = False
    answers: bool = True
    copy_text: str = "COPY"
