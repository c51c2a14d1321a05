"""The axes of an order as they are now, for its nodes; and its parts, as customers may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from controller import db, events
from controller.fulfilment import queries as fulfilment
from controller.fulfilment.numbers import PARCELS
from controller.fulfilment.queries import StoredPickList
from controller.fulfilment.states import PickListState
from controller.orders.allocations import open_allocations
from controller.orders.flags import blocking
from controller.orders.queries import StoredOrder
from controller.orders.states import Delivery
from controller.payments.queries import balances
from controller.shipping.states import ShipmentState
from controller.tracking.nodes import Axes, Node, Part, Shown, current, node_of, shown, times_of

MANY_EVENTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedPart:
    """One parcel of an order, or one that will be: where it is, with whom, under which number."""

    node: Node
    parcel: str | None = None
    carrier: str = ""
    tracking_no: str | None = None
    promised_on: date | None = None
    handed_over_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """An order's nodes and parts; `node` is the one it is at."""

    node: Node
    nodes: Sequence[Shown]
    parts: Sequence[ShippedPart]


async def tracked(order: StoredOrder) -> Tracked:
    """Where an order is."""
    lists = await fulfilment.pick_lists_of(order.no)
    shipments = await _shipments(order.id)
    found = [(_part(one, shipments.get(one.parcel or "")), one, shipments.get(one.parcel or "")) for one in lists]
    axes = await _axes(order, [part for part, _, _ in found])
    recorded = await events.history(order.no, MANY_EVENTS)
    times = times_of((each.name, each.data, each.recorded_at) for each in recorded)
    parts = [_shown(*each) for each in found if node_of(each[0]) is not None]
    return Tracked(node=current(axes), nodes=shown(axes, times), parts=parts)


async def _axes(order: StoredOrder, parts: Sequence[Part]) -> Axes:
    money = (await balances([order.id])).get(order.id)
    return Axes(
        order=order.state,
        payment=None if money is None else money.state,
        is_allocated=bool(await open_allocations([order.id])),
        is_flagged=bool(await blocking([order.id])),
        is_sent=order.delivery is Delivery.SHIPPING,
        parts=parts,
    )


def _part(one: StoredPickList, shipment: db.Row | None) -> Part:
    return Part(
        pick_list=one.state,
        shipment=None if shipment is None or shipment["state"] is None else ShipmentState(shipment["state"]),
        is_handed_over=shipment is not None and shipment["parcel_state"] == "handed_over",
    )


async def _shipments(order_id: int) -> dict[str, db.Row]:
    """Parcels of an order with the latest shipment of each, by the parcel's number."""
    parcels = await db.fetch(
        "SELECT p.id, p.state AS parcel_state, p.handed_over_at AS left_at FROM parcel p JOIN pick_list l ON l.id = p.pick_list_id "
        "WHERE l.order_id = ? ORDER BY p.id",
        order_id,
    )
    rows = await db.fetch("SELECT * FROM shipment WHERE order_id = ? AND state <> 'void' ORDER BY id", order_id)
    latest = {row["parcel_no"]: row for row in rows}
    return {no: {"state": None, **latest.get(no, {}), **row} for row in parcels for no in (PARCELS.number(row["id"]),)}


def _shown(part: Part, one: StoredPickList, shipment: db.Row | None) -> ShippedPart:
    node = node_of(part)
    if node is None:
        raise ValueError("a part that was withdrawn is nowhere")
    row = shipment or {}
    return ShippedPart(
        node=node,
        parcel=one.parcel if one.state is PickListState.PACKED else None,
        carrier=row.get("carrier") or "",
        tracking_no=row.get("tracking_no"),
        promised_on=row.get("promised_on"),
        handed_over_at=row.get("left_at"),
        delivered_at=row.get("delivered_at"),
    )
