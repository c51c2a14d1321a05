"""What follows for shipping from what happened to parcels: a packed one is sent, a scanned one is away, a withdrawn one stays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from controller import db
from controller.errors import DomainError
from controller.events import Recorded
from controller.following import Follower
from controller.fulfilment.events import ParcelHandedOver, ParcelPacked
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.orders.events import OrderCancelled
from controller.orders.numbers import ORDERS
from controller.shipping import purchases, tracking
from controller.shipping.numbers import SHIPMENTS
from controller.shipping.shipments import make_shipment


async def _packed(recorded: Recorded) -> None:
    pick_list = PICK_LISTS.row_id(str(recorded.data["pick_list"]))
    await make_shipment(str(recorded.data["parcel"]), pick_list, recorded.subject, Decimal(str(recorded.data["grams"])))


async def _handed_over(recorded: Recorded) -> None:
    """When the floor scanned it, by its own clock."""
    parcel = str(recorded.data["parcel"])
    rows = await db.fetch("SELECT handed_over_at FROM parcel WHERE id = ?", PARCELS.row_id(parcel))
    await tracking.handed_over(parcel, rows[0]["handed_over_at"] or recorded.recorded_at)


async def _cancelled(recorded: Recorded) -> None:
    """Labels that are not with their carrier yet are given back; one that is uncertain is settled first."""
    rows = await db.fetch(
        "SELECT id FROM shipment WHERE order_id = ? AND state IN ('open', 'labelled') ORDER BY id", ORDERS.row_id(recorded.subject)
    )
    for row in rows:
        try:
            async with db.savepoint():
                await purchases.void(SHIPMENTS.number(row["id"]), reason="the order was cancelled")
        except DomainError:
            continue  # the worker voids what is still wanted; a task asks for what is uncertain


_TAKEN: Mapping[str, Callable[[Recorded], Awaitable[None]]] = {
    ParcelPacked.name: _packed,
    ParcelHandedOver.name: _handed_over,
    OrderCancelled.name: _cancelled,
}


async def _take(recorded: Recorded) -> None:
    await _TAKEN[recorded.name](recorded)


FOLLOWER = Follower("shipping", frozenset(_TAKEN), _take)
