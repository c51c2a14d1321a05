"""The order axis.  Shipment and payment have axes of their own; "partially shipped" is derived from lines and stored nowhere."""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    """A draft holds nothing and is edited freely; what is approved may be released; what is on hold waits for a person's word."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ON_HOLD = "on_hold"
    APPROVED = "approved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OrderAction(StrEnum):
    PLACE = "place"
    APPROVE = "approve"
    REVIEW = "review"
    HOLD = "hold"
    RESUME = "resume"
    CLOSE = "close"
    CANCEL = "cancel"
    RESTORE = "restore"
    TAKE_BACK = "take_back"


ORDER: dict[OrderState, dict[OrderAction, OrderState]] = {
    OrderState.DRAFT: {OrderAction.PLACE: OrderState.IN_REVIEW, OrderAction.CANCEL: OrderState.CANCELLED},
    OrderState.IN_REVIEW: {
        OrderAction.APPROVE: OrderState.APPROVED,
        OrderAction.HOLD: OrderState.ON_HOLD,
        # goods that left are gone, whatever people were still thinking about
        OrderAction.CLOSE: OrderState.CLOSED,
        OrderAction.CANCEL: OrderState.CANCELLED,
    },
    OrderState.ON_HOLD: {
        OrderAction.RESUME: OrderState.IN_REVIEW,
        OrderAction.APPROVE: OrderState.APPROVED,
        OrderAction.CLOSE: OrderState.CLOSED,
        OrderAction.CANCEL: OrderState.CANCELLED,
    },
    OrderState.APPROVED: {
        OrderAction.REVIEW: OrderState.IN_REVIEW,
        OrderAction.HOLD: OrderState.ON_HOLD,
        OrderAction.CLOSE: OrderState.CLOSED,
        OrderAction.CANCEL: OrderState.CANCELLED,
    },
    # who made it at a counter says that it never was
    OrderState.CLOSED: {OrderAction.TAKE_BACK: OrderState.CANCELLED},
    # an order that was merged into another one, and is one of its own again
    OrderState.CANCELLED: {OrderAction.RESTORE: OrderState.IN_REVIEW},
}
OPEN = frozenset({OrderState.DRAFT, OrderState.IN_REVIEW, OrderState.ON_HOLD, OrderState.APPROVED})
"""Something may still become of it."""
HOLDING = OPEN - {OrderState.DRAFT}
"""Goods are held for it."""


class WhenShort(StrEnum):
    """What a channel's order becomes when there is too little: refused, or taken and filled as goods arrive."""

    REFUSE = "refuse"
    ACCEPT = "accept"


class Delivery(StrEnum):
    """How its goods get to the customer: fetched at a site, taken over the counter at once, or sent."""

    COLLECTION = "collection"
    COUNTER = "counter"
    SHIPPING = "shipping"


class Link(StrEnum):
    """Why two orders belong together."""

    SPLIT = "split"
    MERGE = "merge"


class Bulk(StrEnum):
    """What can be done to many orders at once."""

    RELEASE = "release"
    CANCEL = "cancel"
    HOLD = "hold"
    APPROVE = "approve"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    TAG = "tag"
    UNTAG = "untag"
    SOURCE = "source"


TAGGING = frozenset({Bulk.TAG, Bulk.UNTAG})
"""What is done with a tag, which is named."""
UNDONE_BY: dict[Bulk, Bulk] = {
    Bulk.HOLD: Bulk.RESUME,
    Bulk.RELEASE: Bulk.WITHDRAW,
    Bulk.APPROVE: Bulk.REVIEW,
    Bulk.TAG: Bulk.UNTAG,
    Bulk.UNTAG: Bulk.TAG,
}
"""What can be taken back, and by what; of each order, while nobody dealt with it since.

Goods that were let go may be somebody else's by now: a cancellation stays.  What ends a hold, a release or an approval is done by
asking for that again, which binds goods anew.  Where goods came from before they were sourced anew may be empty by now.
"""


class Batch(StrEnum):
    """Done: each order was looked at, some may have been refused; stopped: what was left then is left."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class BatchAction(StrEnum):
    FINISH = "finish"
    STOP = "stop"


BATCH: dict[Batch, dict[BatchAction, Batch]] = {
    Batch.RUNNING: {BatchAction.FINISH: Batch.DONE, BatchAction.STOP: Batch.STOPPED},
    Batch.DONE: {},
    Batch.STOPPED: {},
}
