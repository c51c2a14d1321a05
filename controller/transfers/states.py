"""States of a transfer."""

from __future__ import annotations

from enum import StrEnum

from controller.states import Table


class TransferState(StrEnum):
    """Draft and approved are the office's word; shipping: some goods have left; in transit: all that go have, or some have come.

    Received: as much came as was sent; received short: less did.  Facts come in any order, so no state of the goods is an end.
    """

    DRAFT = "draft"
    APPROVED = "approved"
    SHIPPING = "shipping"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    RECEIVED_SHORT = "received_short"
    CANCELLED = "cancelled"


class TransferAction(StrEnum):
    APPROVE = "approve"
    CANCEL = "cancel"
    SHIP = "ship"
    DEPART = "depart"
    RECEIVE = "receive"
    FALL_SHORT = "fall_short"
    TAKE_BACK = "take_back"


_GOODS = {
    TransferAction.SHIP: TransferState.SHIPPING,
    TransferAction.DEPART: TransferState.IN_TRANSIT,
    TransferAction.RECEIVE: TransferState.RECEIVED,
    TransferAction.FALL_SHORT: TransferState.RECEIVED_SHORT,
}
"""What facts say of the goods, whatever the office said: they have gone, and they have come."""


def _moved(state: TransferState) -> dict[TransferAction, TransferState]:
    """`take_back`: every fact about the goods was taken back."""
    edges = {action: target for action, target in _GOODS.items() if target is not state}
    return {**edges, TransferAction.TAKE_BACK: TransferState.APPROVED}


TRANSFER: Table[TransferState, TransferAction] = {
    TransferState.DRAFT: {
        TransferAction.APPROVE: TransferState.APPROVED,
        TransferAction.CANCEL: TransferState.CANCELLED,
        **_GOODS,
    },
    TransferState.APPROVED: {TransferAction.CANCEL: TransferState.CANCELLED, **_GOODS},
    TransferState.SHIPPING: _moved(TransferState.SHIPPING),
    TransferState.IN_TRANSIT: _moved(TransferState.IN_TRANSIT),
    TransferState.RECEIVED: _moved(TransferState.RECEIVED),
    TransferState.RECEIVED_SHORT: _moved(TransferState.RECEIVED_SHORT),
    TransferState.CANCELLED: _GOODS,
}
