"""What people book by hand, what is still to come, and by their names here the verbs of the ledger and of promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from controller import db
from controller.errors import Conflict, NotFound, Rejected
from controller.sites.models import PHYSICAL, LocationKind
from controller.stock.holds import HoldsGone, allocate, consume, hold_again, release
from controller.stock.ledger import BadQuantity, move
from controller.stock.policies import Move
from controller.stock.promises import InsufficientStock, ReserveLine, Terms, reserve
from controller.stock.states import Reason

__all__ = [
    "Adjustment",
    "BadAdjustment",
    "BadQuantity",
    "HoldsGone",
    "InsufficientStock",
    "Move",
    "NotExpected",
    "Reason",
    "ReserveLine",
    "Terms",
    "adjust",
    "allocate",
    "consume",
    "expect",
    "hold_again",
    "move",
    "release",
    "reserve",
]


class BadAdjustment(Rejected):
    code = "bad_adjustment"


class NotExpected(Conflict):
    """Less is still to come than was to be taken off."""

    code = "not_expected"

    def __init__(self, sku_id: int, site: str, change: int) -> None:
        super().__init__(f"SKU {sku_id} at {site}: less than {-change} is still to come")
        self.sku_id = sku_id
        self.site = site
        self.change = change


async def expect(sku_id: int, site_id: str, change: int) -> None:
    """So many base units more (below zero: less) are to come to a site, by orders to suppliers and by transfers.

    Several in one transaction: in the order of SKU and site.  Raises NotExpected (it would go below zero; nothing is written).
    """
    if change > 0:
        await db.execute(
            "INSERT INTO availability (sku_id, site_id, on_hand, reserved, allocated, quarantined, incoming) "
            "VALUES (?, ?, 0, 0, 0, 0, ?) "
            "ON CONFLICT (sku_id, site_id) DO UPDATE SET incoming = availability.incoming + excluded.incoming",
            *(sku_id, site_id, change),
        )
    elif change < 0 and not await db.execute(
        "UPDATE availability SET incoming = incoming - ? WHERE sku_id = ? AND site_id = ? AND incoming >= ?",
        *(-change, sku_id, site_id, -change),
    ):
        raise NotExpected(sku_id, site_id, change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """`change` base units came to light (or are gone, below zero) at a location, because of `reason`: a code, or a person's words.

    `lot_id` 0: nobody said which lot; `serial`: the one piece (a change of 1 or -1) that it is.  `occurred_at`: None: now;
    `fact_id` and `device` when a station told it; `approved_by`: the manager who allowed it there.
    """

    sku_id: int
    location_id: int
    change: int
    reason: str
    lot_id: int = 0
    serial: str | None = None
    occurred_at: datetime | None = None
    fact_id: UUID | None = None
    device: str | None = None
    approved_by: str | None = None


async def adjust(adjustment: Adjustment, *, person: str | None, document: str | None = None) -> None:
    """Book a difference that somebody saw, against the site's loss.  Raises BadAdjustment, NotFound (location)."""
    if adjustment.change == 0 or not adjustment.reason.strip():
        raise BadAdjustment("an adjustment needs a change other than 0 and a reason")
    rows = await db.fetch(
        "SELECT l.kind, loss.id AS loss FROM location l JOIN location loss ON loss.site_id = l.site_id AND loss.kind = ? "
        "WHERE l.id = ?",
        LocationKind.LOSS.value,
        adjustment.location_id,
    )
    if not rows:
        raise NotFound("location", adjustment.location_id)
    if LocationKind(rows[0]["kind"]) not in PHYSICAL:
        raise BadAdjustment(f"location {adjustment.location_id} is virtual: adjust a bin")
    ends = (rows[0]["loss"], adjustment.location_id)
    source, target = ends if adjustment.change > 0 else ends[::-1]
    booked = Move(
        sku_id=adjustment.sku_id,
        from_location_id=source,
        to_location_id=target,
        lot_id=adjustment.lot_id,
        serial=adjustment.serial,
        quantity=abs(adjustment.change),
        reason=Reason.ADJUSTED,
        occurred_at=adjustment.occurred_at or db.now(),
        document=f"{document or 'adjustment'}: {adjustment.reason.strip()}"[:512],
        fact_id=adjustment.fact_id,
        person=person,
        device=adjustment.device,
        approved_by=adjustment.approved_by,
    )
    await move([booked])
