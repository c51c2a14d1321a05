"""The 15 nodes that customers and staff see, made of the axes whenever somebody asks; stored nowhere.  Pure.

    placed - paid - in review - approved - allocated - picking - picked - packed - labelled - handed over - in transit -
    out for delivery - delivered            and beside the way: exception, cancelled

An order that goes in several parts is where its slowest part is; the parts are shown one by one beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.fulfilment.states import PickListState
from controller.orders.states import OrderState
from controller.payments.policies import PaymentState
from controller.shipping.states import ShipmentState


class Node(StrEnum):
    """In the order of the way, then those beside it."""

    PLACED = "placed"
    PAID = "paid"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ALLOCATED = "allocated"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    LABELLED = "labelled"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"


WAY = tuple(Node)[:13]
COLLECTED = tuple(node for node in WAY if node not in (Node.LABELLED, Node.IN_TRANSIT, Node.OUT_FOR_DELIVERY, Node.DELIVERED))
"""The way of what is fetched at a counter: handed over is its end."""


class Step(StrEnum):
    """Where a node of the way stands.  Passed by: it needed no such node (nobody had to review it)."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    PASSED_BY = "passed_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One site's part of an order: a pick list (None: not released), then its shipment (None: no carrier has to do with it).

    `is_handed_over`: its parcel left the shop, whoever took it.
    """

    pick_list: PickListState | None = None
    shipment: ShipmentState | None = None
    is_handed_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What an order's nodes are made of.  `payment` None: money is no matter of ours.  `is_flagged`: something holds it up."""

    order: OrderState
    payment: PaymentState | None = None
    is_allocated: bool = False
    is_flagged: bool = False
    is_sent: bool = True
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A node of the way; `at`: when it was reached, where that is known."""

    node: Node
    step: Step
    at: datetime | None = None


_OF_LIST: Mapping[PickListState, Node] = {
    PickListState.OPEN: Node.ALLOCATED,
    PickListState.PICKING: Node.PICKING,
    PickListState.PICKED: Node.PICKED,
    PickListState.PACKED: Node.PACKED,
}
_OF_SHIPMENT: Mapping[ShipmentState, Node] = {
    ShipmentState.LABELLED: Node.LABELLED,
    ShipmentState.HANDED_OVER: Node.HANDED_OVER,
    ShipmentState.IN_TRANSIT: Node.IN_TRANSIT,
    ShipmentState.OUT_FOR_DELIVERY: Node.OUT_FOR_DELIVERY,
    ShipmentState.DELIVERED: Node.DELIVERED,
    ShipmentState.EXCEPTION: Node.EXCEPTION,
    ShipmentState.RETURNED: Node.EXCEPTION,
}
PAID = frozenset({PaymentState.CAPTURED, PaymentState.AUTHORISED})


def node_of(part: Part) -> Node | None:
    """Where one part is; None: withdrawn, so that it is nowhere."""
    if part.shipment is not None and part.shipment in _OF_SHIPMENT:
        found = _OF_SHIPMENT[part.shipment]
        return Node.HANDED_OVER if found is Node.LABELLED and part.is_handed_over else found
    if part.pick_list is None:
        return Node.ALLOCATED
    if part.pick_list is PickListState.WITHDRAWN:
        return None
    return Node.HANDED_OVER if part.is_handed_over else _OF_LIST[part.pick_list]


def current(axes: Axes) -> Node:
    """The one node that an order is at, of all 15."""
    if axes.order is OrderState.CANCELLED:
        return Node.CANCELLED
    reached = [node for part in axes.parts if (node := node_of(part)) is not None]
    if Node.EXCEPTION in reached or axes.order is OrderState.ON_HOLD or (axes.is_flagged and axes.order is not OrderState.CLOSED):
        return Node.EXCEPTION
    return _on_the_way(axes, reached)


def _on_the_way(axes: Axes, reached: Sequence[Node]) -> Node:
    left = [node for node in reached if WAY.index(node) > WAY.index(Node.ALLOCATED)]
    if left:
        return min(reached, key=WAY.index)
    if axes.order is OrderState.CLOSED:
        return Node.HANDED_OVER
    if axes.order is OrderState.APPROVED:
        return Node.ALLOCATED if axes.is_allocated else Node.APPROVED
    if axes.order is OrderState.IN_REVIEW:
        return Node.IN_REVIEW
    return Node.PLACED


def shown(axes: Axes, times: Mapping[Node, datetime]) -> list[Shown]:
    """The whole way of an order, and the node beside it that it is at, if it is at one.

    Paid has a step of its own: money may come at any time, and is done when it is there.
    """
    here = current(axes)
    way = WAY if axes.is_sent else COLLECTED
    beside = here in (Node.EXCEPTION, Node.CANCELLED)
    place = _furthest(axes, times) if beside else here
    found = [Shown(node, _step(node, place, axes, times, ended=beside), times.get(node)) for node in way]
    return [*found, Shown(here, Step.NOW, times.get(here))] if beside else found


def _furthest(axes: Axes, times: Mapping[Node, datetime]) -> Node:
    """How far an order came that is beside the way."""
    reached = [node for part in axes.parts if (node := node_of(part)) in WAY]
    told = [node for node in times if node in WAY and node is not Node.PAID]
    return max((node for node in [Node.PLACED, *reached, *told] if node is not None), key=WAY.index)


def _step(node: Node, place: Node, axes: Axes, times: Mapping[Node, datetime], *, ended: bool) -> Step:
    if node is Node.PAID:
        return _paid(axes, place)
    if node is Node.IN_REVIEW and place is not Node.IN_REVIEW and node not in times:
        return Step.PASSED_BY
    if node is place:
        is_end = node is Node.DELIVERED or (node is Node.HANDED_OVER and not axes.is_sent)
        return Step.DONE if ended or is_end or node is Node.PLACED else Step.NOW
    return Step.DONE if WAY.index(node) < WAY.index(place) else Step.AHEAD


def _paid(axes: Axes, place: Node) -> Step:
    if axes.payment is None:
        return Step.PASSED_BY
    if axes.payment in (*PAID, PaymentState.REFUNDED):
        return Step.DONE
    return Step.NOW if place is Node.PLACED else Step.AHEAD


_TOLD: Mapping[str, Node] = {
    "order_placed": Node.PLACED,
    "order_review_needed": Node.IN_REVIEW,
    "order_approved": Node.APPROVED,
    "pick_list_released": Node.ALLOCATED,
    "pick_list_picked": Node.PICKED,
    "parcel_packed": Node.PACKED,
    "label_bought": Node.LABELLED,
    "parcel_handed_over": Node.HANDED_OVER,
    "order_held": Node.EXCEPTION,
    "order_flagged": Node.EXCEPTION,
    "order_cancelled": Node.CANCELLED,
}


def times_of(told: Iterable[tuple[str, Mapping[str, object], datetime]]) -> dict[Node, datetime]:
    """When each node was reached first, of events as (name, data, instant) in the order in which they were recorded.

    Beside the way, the latest counts.
    """
    found: dict[Node, datetime] = {}
    for name, data, at in told:
        node = _told_by(name, data)
        if node is not None and (node not in found or node in (Node.EXCEPTION, Node.CANCELLED)):
            found[node] = at
    return found


def _told_by(name: str, data: Mapping[str, object]) -> Node | None:
    if name == "payment_changed":
        return Node.PAID if data.get("state") in PAID else None
    if name == "shipment_moved":
        state = data.get("state")
        return _OF_SHIPMENT[ShipmentState(state)] if isinstance(state, str) and state in set(_OF_SHIPMENT) else None
    return _TOLD.get(name)
