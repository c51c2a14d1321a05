"""How a Star printer is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

CodePage = Literal[
    "cp437", "cp737", "cp852", "cp855", "cp857", "cp858", "cp860", "cp862", "cp863", "cp865", "cp866",
    "cp1250", "cp1251", "cp1252",
]  # fmt: skip
PAGES: Mapping[str, int] = {
    "cp437": 1, "cp858": 4, "cp852": 5, "cp860": 6, "cp863": 8, "cp865": 9, "cp866": 10, "cp855": 11, "cp857": 12,
    "cp862": 13, "cp737": 15, "cp1252": 32, "cp1250": 33, "cp1251": 34,
}  # fmt: skip
"""ESC GS t: Star Line Mode Command Specifications, "Specify code page"; profile TSP600 of receipt-print-hq/escpos-printer-db."""
DrawerSwitch = Literal["high", "low", "none"]
ANNOUNCE = b"\x1b\x1ea\x01"
"""ESC RS a 1: automatic status at each change."""


@dataclass(frozen=True, slots=True)
class StarOptions:
    """`width` in dots, 0 for 12 a column.  `page` is the code page's ESC GS t number, -1 for Star's own.

    `drawer_open`: the compulsion switch's bit when the drawer is open (its wiring); `none` if nothing is wired.  `proof`: `auto`
    uses the ETB counter where the printer's status has one; `barrier` never does.  `announces`: it is told to send its status at
    each change.  `answers` is false for one that never says anything.
    """

    columns: Literal[32, 42, 48] = 48
    width: Annotated[int, Meta(ge=0, le=1024)] = 0
    code_page: CodePage = "cp858"
    page: Annotated[int, Meta(ge=-1, le=255)] = -1
    cut: Literal["full", "partial", "none"] = "partial"
    drawer: Literal[1, 2] = 1
    drawer_open: DrawerSwitch = "high"
    copy_text: str = "COPY"
    proof: Literal["auto", "barrier"] = "auto"
    announces: bool = True
    answers: bool = True

    @property
    def dots(self) -> int:
        return self.width or self.columns * 12
