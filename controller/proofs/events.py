"""What the proof of the books found, and what people decided about it."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class DifferenceFound(Event, frozen=True, kw_only=True):
    """A number does not follow from the rows behind it; the subject is the difference."""

    name: ClassVar[str] = "difference_found"
    kind: str
    sku_id: int
    stored: int
    expected: int


class DifferenceSettled(Event, frozen=True, kw_only=True):
    """A manager decided what is believed: `how` is `rows`, `number`, or `noted`."""

    name: ClassVar[str] = "difference_settled"
    kind: str
    how: str
    stored: int
    expected: int
