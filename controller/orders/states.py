"""The order axis.  Shipment and payment have axes of their own; "partially shipped" is derived from lines and stored nowhere."""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    PLACED = "placed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OrderAction(StrEnum):
    CLOSE = "close"
    CANCEL = "cancel"


ORDER: dict[OrderState, dict[OrderAction, OrderState]] = {
    OrderState.PLACED: {OrderAction.CLOSE: OrderState.CLOSED, OrderAction.CANCEL: OrderState.CANCELLED},
    OrderState.CLOSED: {},
    OrderState.CANCELLED: {},
}
