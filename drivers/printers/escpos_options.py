"""How an ESC/POS printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.printers.escpos_replies import DrawerLevel

RASTER_ROWS = 24
"""Dot rows of one GS v 0: no command of ours is longer than these, and `10 04` cannot arise in its header."""


@dataclass(frozen=True, slots=True)
class EscposOptions:
    """`width` in dots, 0 for 12 a column.  `drawer_open` is the level of connector pin 3 when the drawer is open (its wiring).

    `code_page` is what the printer's own font is used for; rows with other characters are sent as pictures.  `proof`: `auto` asks
    the model's name once; `process_id` uses GS ( H without asking; `barrier` never uses it.
    """

    columns: Literal[32, 42, 48] = 48
    width: int = 0
    code_page: Literal["cp437", "cp850", "cp858", "cp1252"] = "cp858"
    cut: Literal["full", "partial", "none"] = "full"
    drawer_pin: Literal[2, 5] = 2
    drawer_open: DrawerLevel = "high"
    copy_text: str = "COPY"
    proof: Literal["auto", "process_id", "barrier"] = "auto"

    @property
    def dots(self) -> int:
        return self.width or self.columns * 12
