"""How a receipt printer that prints labels is configured: what its conversation and its encoder both know."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

_MILLIMETRES_PER_INCH = Decimal("25.4")


@dataclass(frozen=True, slots=True)
class EscposLabelOptions:
    """`width` is what the head prints across, in dots: wider labels are refused, narrower ones stand at `align`.

    Each label is cut off; with `cut = "none"` `feed` millimetres of blank paper follow it.  `proof` as for `escpos`: `auto` asks
    the model's name once; `process_id` uses GS ( H without asking; `barrier` never uses it.  `answers` is false for one that never
    says anything.
    """

    dpi: Literal[180, 203] = 203
    width: Annotated[int, Meta(ge=8, le=1024)] = 576
    align: Literal["left", "center"] = "center"
    cut: Literal["full", "partial", "none"] = "full"
    feed: Annotated[int, Meta(ge=0, le=100)] = 15
    proof: Literal["auto", "process_id", "barrier"] = "auto"
    answers: bool = True
    copy_text: str = "COPY"

    @property
    def media_width(self) -> Decimal:
        """Millimetres, to the next tenth."""
        return (self.width * _MILLIMETRES_PER_INCH / self.dpi).quantize(Decimal("0.1"))
