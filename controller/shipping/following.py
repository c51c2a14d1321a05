"""What follows for shipping from what happened to parcels: a packed one is sent, a scanned one is away, a withdrawn one stays.

And from where they are: an order of which all is with its customer is paid for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from controller import db
from controller.errors import DomainError
from controller.events import Recorded
from controller.following import Follower
from controller.fulfilment.events import ParcelHandedOver, ParcelPacked
from controller.fulfilment.numbers import PARCELS, PICK_LISTS
from controller.orders.events import OrderCancelled, OrderClosed
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.payments.capturing import deliver
from controller.shipping import purchases, tracking
from controller.shipping.events import ShipmentMoved
from controller.shipping.numbers import SHIPMENTS
from controller.shipping.shipments import make_shipment
from controller.shipping.states import ShipmentState


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


async def _arrived(recorded: Recorded) -> None:
    """All of an order is with its customer, whichever was heard of last: the hand-over, or each delivery."""
    order_id = ORDERS.row_id(recorded.subject)
    rows = await db.fetch("SELECT state FROM shipment WHERE order_id = ? AND state <> ?", order_id, ShipmentState.VOID.value)
    orders = await db.fetch("SELECT 1 FROM sales_order WHERE id = ? AND state = ?", order_id, OrderState.CLOSED.value)
    if orders and rows and {row["state"] for row in rows} == {ShipmentState.DELIVERED.value}:
        await deliver(order_id)


_TAKEN: Mapping[str, Callable[[Recorded], Awaitable[None]]] = {
    ParcelPacked.name: _packed,
    ParcelHandedOver.name: _handed_over,
    OrderCancelled.name: _cancelled,
    OrderClosed.name: _arrived,
    ShipmentMoved.name: _arrived,
}


async def _take(recorded: Recorded) -> None:
    await _TAKEN[recorded.name](recorded)


FOLLOWER = Follower("shipping", frozenset(_TAKEN), _take)
