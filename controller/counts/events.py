"""What happens to counts."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class BinCounted(Event, frozen=True, kw_only=True):
    """A bin was counted whole; `variance`: base units found more or less than expected, added up over `skus` that differed."""

    name: ClassVar[str] = "bin_counted"
    bin: str
    lines: int
    skus: int
    variance: int
