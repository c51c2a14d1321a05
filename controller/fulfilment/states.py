"""The shipment axis: a pick list until its goods are in a parcel, then the parcel."""

from __future__ import annotations

from enum import StrEnum


class PickListState(StrEnum):
    """`picked`: each line is fetched in full or declared short.  `withdrawn`: its order was cancelled."""

    OPEN = "open"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    WITHDRAWN = "withdrawn"


class PickListAction(StrEnum):
    START = "start"
    FINISH = "finish"
    REOPEN = "reopen"
    PACK = "pack"
    WITHDRAW = "withdraw"


PICK_LIST: dict[PickListState, dict[PickListAction, PickListState]] = {
    PickListState.OPEN: {
        PickListAction.START: PickListState.PICKING,
        PickListAction.FINISH: PickListState.PICKED,
        PickListAction.WITHDRAW: PickListState.WITHDRAWN,
    },
    PickListState.PICKING: {PickListAction.FINISH: PickListState.PICKED, PickListAction.WITHDRAW: PickListState.WITHDRAWN},
    PickListState.PICKED: {
        # a person took back a pick
        PickListAction.REOPEN: PickListState.PICKING,
        PickListAction.PACK: PickListState.PACKED,
        PickListAction.WITHDRAW: PickListState.WITHDRAWN,
    },
    PickListState.PACKED: {PickListAction.WITHDRAW: PickListState.WITHDRAWN},
    PickListState.WITHDRAWN: {},
}


class ParcelState(StrEnum):
    """`withdrawn`: its order was cancelled before the parcel left; its goods are to be put back."""

    PACKED = "packed"
    HANDED_OVER = "handed_over"
    WITHDRAWN = "withdrawn"


class ParcelAction(StrEnum):
    HAND_OVER = "hand_over"
    WITHDRAW = "withdraw"


PARCEL: dict[ParcelState, dict[ParcelAction, ParcelState]] = {
    ParcelState.PACKED: {ParcelAction.HAND_OVER: ParcelState.HANDED_OVER, ParcelAction.WITHDRAW: ParcelState.WITHDRAWN},
    # the carrier took what was to be put back: a physical fact, told to a person
    ParcelState.WITHDRAWN: {ParcelAction.HAND_OVER: ParcelState.HANDED_OVER},
    ParcelState.HANDED_OVER: {},
}
