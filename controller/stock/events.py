"""What happens to stock."""

from __future__ import annotations

from datetime import date
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


class HoldExpired(Event, frozen=True, kw_only=True):
    """Nobody confirmed a hold in time: its stock is free again; the subject is the line's key."""

    name: ClassVar[str] = "hold_expired"
    sku_id: int
    quantity: int


class PresaleSet(Event, frozen=True, kw_only=True):
    """So much of what is still to come may be promised; the subject is `sku:<id>`."""

    name: ClassVar[str] = "presale_set"
    sku_id: int
    quantity: int


class PresaleArrived(Event, frozen=True, kw_only=True):
    """`quantity` of a presold line is there, `still_to_come` is not; the subject is the line's key."""

    name: ClassVar[str] = "presale_arrived"
    sku_id: int
    quantity: int
    still_to_come: int


class ChannelAdded(Event, frozen=True, kw_only=True):
    """The subject is `channel:<code>`, as in what follows."""

    name: ClassVar[str] = "channel_added"
    name_en: str
    name_zh: str


class ChannelBufferChanged(Event, frozen=True, kw_only=True):
    """What a channel leaves to the others; `sku_id` 0: of each SKU, `site` empty: at each; None: no such buffer."""

    name: ClassVar[str] = "channel_buffer_changed"
    sku_id: int
    site: str
    before: int | None
    after: int | None
    reason: str


class CountNeeded(Event, frozen=True, kw_only=True):
    """More was taken from a location than was known to be there (of a lot, if one is named); the subject is the location's id."""

    name: ClassVar[str] = "count_needed"
    sku_id: int
    location_id: int
    missing: int
    lot_id: int = 0


class SerialTwice(Event, frozen=True, kw_only=True):
    """One piece came oftener than it left: it was scanned twice, or two pieces bear one number; the subject is the number."""

    name: ClassVar[str] = "serial_twice"
    sku_id: int
    net: int


class LotExpiryDisputed(Event, frozen=True, kw_only=True):
    """One lot was told with two dates of expiry; the earlier one holds.  The subject is the lot's id."""

    name: ClassVar[str] = "lot_expiry_disputed"
    sku_id: int
    code: str
    kept: date
    told: date


class LotBlocked(Event, frozen=True, kw_only=True):
    """Nothing of a lot is granted any more; the subject is its id."""

    name: ClassVar[str] = "lot_blocked"
    reason: str


class LotUnblocked(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "lot_unblocked"
