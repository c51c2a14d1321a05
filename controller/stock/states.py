"""States of a commitment of stock to an order line."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class Hold(StrEnum):
    """Presold: some of it has not arrived yet; reserved may still move; allocated is bound to its site.  The others are ends."""

    RESERVED = "reserved"
    PRESOLD = "presold"
    ALLOCATED = "allocated"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class HoldAction(StrEnum):
    PRESELL = "presell"
    ARRIVE = "arrive"
    ALLOCATE = "allocate"
    CONSUME = "consume"
    RELEASE = "release"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


HOLD: Table[Hold, HoldAction] = {
    Hold.RESERVED: {
        HoldAction.PRESELL: Hold.PRESOLD,
        HoldAction.ALLOCATE: Hold.ALLOCATED,
        HoldAction.RELEASE: Hold.RELEASED,
        HoldAction.EXPIRE: Hold.EXPIRED,
        HoldAction.WITHDRAW: Hold.WITHDRAWN,
        HoldAction.CONSUME: Hold.CONSUMED,
    },
    Hold.PRESOLD: {
        HoldAction.ARRIVE: Hold.RESERVED,
        HoldAction.RELEASE: Hold.RELEASED,
        HoldAction.EXPIRE: Hold.EXPIRED,
        HoldAction.WITHDRAW: Hold.WITHDRAWN,
    },
    Hold.ALLOCATED: {
        HoldAction.CONSUME: Hold.CONSUMED,
        HoldAction.RELEASE: Hold.RELEASED,
        HoldAction.WITHDRAW: Hold.WITHDRAWN,
    },
    Hold.CONSUMED: {},
    Hold.RELEASED: {},
    Hold.EXPIRED: {},
    Hold.WITHDRAWN: {},
}


class Reason(StrEnum):
    """Why a movement was booked."""

    RECEIVED = "received"
    PICKED = "picked"
    UNPICKED = "unpicked"
    RETRACTED = "retracted"
    SHIPPED = "shipped"
    RETURNED = "returned"
    RELOCATED = "relocated"
    SOLD = "sold"
    TRANSFER_SENT = "transfer_sent"
    TRANSFER_RECEIVED = "transfer_received"
    TRANSFER_LOST = "transfer_lost"
    TRANSFER_FOUND = "transfer_found"
    ADJUSTED = "adjusted"
    COUNTED = "counted"
    COUNT_CORRECTED = "count_corrected"
    COUNT_UNDONE = "count_undone"
    UNEXPLAINED = "unexplained"
    LOT_CORRECTED = "lot_corrected"
    RECONCILED = "reconciled"


class MarkKind(StrEnum):
    """What a mark of a count does to movements that come after it; see `models.CountMark`."""

    PINS = "pins"
    LEAVES = "leaves"
    WATCH = "watch"
