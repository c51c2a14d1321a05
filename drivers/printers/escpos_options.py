"""How an ESC/POS printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from drivers.printers.escpos_replies import DrawerLevel

RASTER_ROWS = 24
"""Dot rows of one GS v 0: no command of ours is longer than these, and `10 04` cannot arise in its header."""
LONGEST_HEADER = 8
"""Bytes of GS v 0 and of GS ( k before the data whose length they tell."""
ANNOUNCE = b"\x1da\x0f"
"""GS a 15: automatic status when drawer, online state, errors or paper change."""

CodePage = Literal[
    "cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860", "cp861", "cp863", "cp865", "cp866",
    "cp869", "cp1125", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257", "iso8859-2", "iso8859-7", "iso8859-15",
]  # fmt: skip
PAGES: Mapping[str, int] = {
    "cp437": 0, "cp850": 2, "cp860": 3, "cp863": 4, "cp865": 5, "cp857": 13, "cp737": 14, "iso8859-7": 15, "cp1252": 16,
    "cp866": 17, "cp852": 18, "cp858": 19, "cp720": 32, "cp775": 33, "cp855": 34, "cp861": 35, "cp869": 38, "iso8859-2": 39,
    "iso8859-15": 40, "cp1125": 44, "cp1250": 45, "cp1251": 46, "cp1253": 47, "cp1254": 48, "cp1257": 51,
}  # fmt: skip
"""ESC t: Epson ESC/POS reference, "Select character code table"; profile `default` of receipt-print-hq/escpos-printer-db.

Pages of scripts that run from the right are left out: their letters join or turn around, which no code page says.
"""


@dataclass(frozen=True, slots=True)
class EscposOptions:
    """`width` in dots, 0 for 12 a column.  `drawer_open` is the level of connector pin 3 when the drawer is open (its wiring).

    `code_page` is what the printer's own font is used for, `page` its ESC t number (-1: Epson's); rows with other characters are
    sent as pictures, or with `han = "gb18030"` in the Chinese font of printers that have one.  `codes = "raster"` sends barcodes as
    pictures too.  `proof`: `auto` asks the model's name once; `process_id` uses GS ( H without asking; `barrier` never uses it.
    `announces`: it is told to send its status at each change.  `answers` is false for one that never says anything.
    """

    columns: Literal[32, 42, 48] = 48
    width: Annotated[int, Meta(ge=0, le=1024)] = 0
    code_page: CodePage = "cp858"
    page: Annotated[int, Meta(ge=-1, le=255)] = -1
    han: Literal["raster", "gb18030"] = "raster"
    codes: Literal["native", "raster"] = "native"
    cut: Literal["full", "partial", "none"] = "full"
    drawer_pin: Literal[2, 5] = 2
    drawer_pulse: Literal["in_turn", "at_once"] = "in_turn"
    drawer_open: DrawerLevel = "high"
    copy_text: str = "COPY"
    proof: Literal["auto", "process_id", "barrier"] = "auto"
    announces: bool = True
    answers: bool = True

    @property
    def dots(self) -> int:
        return self.width or self.columns * 12

    @property
    def code_table(self) -> int:
        return PAGES[self.code_page] if self.page < 0 else self.page
