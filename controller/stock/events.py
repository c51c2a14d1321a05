"""What happens to stock."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class StockMoved(Event, frozen=True, kw_only=True):
    """One call of `move`: how many movements of which SKUs (the first 20 ids)."""

    name: ClassVar[str] = "stock_moved"
    movements: int
    skus: list[int]


class StockReserved(Event, frozen=True, kw_only=True):
    """Stock is held for a line; the subject is its key."""

    name: ClassVar[str] = "stock_reserved"
    sku_id: int
    quantity: int


class CommitmentWithdrawn(Event, frozen=True, kw_only=True):
    """A physical fact took back what a line was promised; the subject is the line's key, `quantity` in base units."""

    name: ClassVar[str] = "commitment_withdrawn"
    sku_id: int
    quantity: int


class CountNeeded(Event, frozen=True, kw_only=True):
    """More was taken from a location than was known to be there; the subject is the location's id."""

    name: ClassVar[str] = "count_needed"
    sku_id: int
    location_id: int
    missing: int
