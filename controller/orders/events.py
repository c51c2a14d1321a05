"""What is told of orders.  The subject is the order's number."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class OrderPlaced(Event, frozen=True, kw_only=True):
    """`total_minor` in minor units of `currency`; `lines` counts its lines."""

    name: ClassVar[str] = "order_placed"
    channel: str
    reference: str
    lines: int
    total_minor: int
    currency: str


class OrderCancelled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "order_cancelled"
    reason: str


class OrderClosed(Event, frozen=True, kw_only=True):
    """All of it is with the customer, or declared short."""

    name: ClassVar[str] = "order_closed"


class OrderLineShort(Event, frozen=True, kw_only=True):
    """A picker found less of a line than was promised; `missing` in base units, as known at that time."""

    name: ClassVar[str] = "order_line_short"
    position: int
    sku: str
    missing: int
