"""What is told of fulfilment.  The subject is the order's number, so that its events are the order's history.

Quantities in base units, weights in grams.  `location_id` names the bin.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from controller.events import Event


class PickListReleased(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "pick_list_released"
    pick_list: str


class PickListClaimed(Event, frozen=True, kw_only=True):
    """Somebody has it in hand, at a box: `by` as in `claims.claimer`.  `took_over`: they knew that another one had it."""

    name: ClassVar[str] = "pick_list_claimed"
    pick_list: str
    by: str
    box: str
    tote: str | None
    took_over: bool


class PickClaimEnded(Event, frozen=True, kw_only=True):
    """It was given back, or a manager took it out of somebody's hands."""

    name: ClassVar[str] = "pick_claim_ended"
    pick_list: str


class PickDamagedFound(Event, frozen=True, kw_only=True):
    """Goods that a list wants were not fit to be sent: they are in quarantine, others are wanted."""

    name: ClassVar[str] = "pick_damaged_found"
    pick_list: str
    sku_id: int
    quantity: int
    reason: str


class PickListPicked(Event, frozen=True, kw_only=True):
    """Each of its lines is fetched, or declared short."""

    name: ClassVar[str] = "pick_list_picked"
    pick_list: str


class PickRefused(Event, frozen=True, kw_only=True):
    """A pick that changes nothing, for a person to look at: `code` as in the fact's rejection, `symbol` as it was scanned."""

    name: ClassVar[str] = "pick_refused"
    pick_list: str
    code: str
    detail: str
    symbol: str


class OtherLotPicked(Event, frozen=True, kw_only=True):
    """A picker took another lot than the list expects, by their names; it is booked as what it was."""

    name: ClassVar[str] = "other_lot_picked"
    pick_list: str
    sku_id: int
    expected: str
    picked: str
    quantity: int


class PickRebound(Event, frozen=True, kw_only=True):
    """A lot that a list expected was recalled: `quantity` of it is fetched from other goods now, `missing` has none."""

    name: ClassVar[str] = "pick_rebound"
    pick_list: str
    sku_id: int
    lot_id: int
    quantity: int
    missing: int


class ShelfShort(Event, frozen=True, kw_only=True):
    """A picker found less in a bin than the list wants of it: it needs a count."""

    name: ClassVar[str] = "shelf_short"
    pick_list: str
    sku_id: int
    location_id: int


class PutBackNeeded(Event, frozen=True, kw_only=True):
    """Goods of a cancelled order lie in packing."""

    name: ClassVar[str] = "put_back_needed"
    pick_list: str
    sku_id: int
    quantity: int


class ParcelPacked(Event, frozen=True, kw_only=True):
    """`reason`: why it weighs other than its goods, as whoever packed it said: a code of the packing station, or their words."""

    name: ClassVar[str] = "parcel_packed"
    parcel: str
    pick_list: str
    grams: Decimal
    reason: str | None = None


class WeightMismatched(Event, frozen=True, kw_only=True):
    """The parcel weighs too little or too much for what was picked into it."""

    name: ClassVar[str] = "weight_mismatched"
    parcel: str
    grams: Decimal
    expected_grams: int


class ParcelHandedOver(Event, frozen=True, kw_only=True):
    """`after_cancel`: its order had been cancelled, and it should have been put back."""

    name: ClassVar[str] = "parcel_handed_over"
    parcel: str
    after_cancel: bool


class LabelRefused(Event, frozen=True, kw_only=True):
    """A parcel holds something of recalled lots: it gets no label, and stays here."""

    name: ClassVar[str] = "label_refused"
    parcel: str
    lots: list[str]


class LabelReprinted(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "label_reprinted"
    parcel: str


class LabelHeld(Event, frozen=True, kw_only=True):
    """The parcel's order is flagged: its label is printed when the last of these flags is cleared."""

    name: ClassVar[str] = "label_held"
    parcel: str
    flags: list[str]


class RestGivenUp(Event, frozen=True, kw_only=True):
    """The order ends with what is handed over."""

    name: ClassVar[str] = "order_rest_given_up"
    reason: str
