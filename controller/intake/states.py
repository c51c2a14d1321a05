"""The axis of what a channel sent."""

from __future__ import annotations

from enum import StrEnum


class RawState(StrEnum):
    """`UNMAPPED`: it names goods that nobody mapped; `REFUSED`: a person has to look; `PLACED`: it is an order of ours."""

    WAITING = "waiting"
    UNMAPPED = "unmapped"
    REFUSED = "refused"
    PLACED = "placed"
    DISCARDED = "discarded"


class RawAction(StrEnum):
    PLACE = "place"
    MISS = "miss"
    REFUSE = "refuse"
    RETRY = "retry"
    DISCARD = "discard"


RAW_ORDER: dict[RawState, dict[RawAction, RawState]] = {
    RawState.WAITING: {
        RawAction.PLACE: RawState.PLACED,
        RawAction.MISS: RawState.UNMAPPED,
        RawAction.REFUSE: RawState.REFUSED,
        RawAction.DISCARD: RawState.DISCARDED,
    },
    RawState.UNMAPPED: {RawAction.RETRY: RawState.WAITING, RawAction.DISCARD: RawState.DISCARDED},
    RawState.REFUSED: {RawAction.RETRY: RawState.WAITING, RawAction.DISCARD: RawState.DISCARDED},
    RawState.PLACED: {},
    RawState.DISCARDED: {},
}


class FileState(StrEnum):
    """Of a file of orders.  `CHECKED`: a person looks at it; `HANDING_ON`: its orders become raw orders, after a crash too."""

    CHECKED = "checked"
    HANDING_ON = "handing_on"
    DONE = "done"
    DISCARDED = "discarded"


class FileAction(StrEnum):
    START = "start"
    FINISH = "finish"
    DISCARD = "discard"
    CHECK_AGAIN = "check_again"


ORDER_FILE: dict[FileState, dict[FileAction, FileState]] = {
    FileState.CHECKED: {
        FileAction.START: FileState.HANDING_ON,
        FileAction.DISCARD: FileState.DISCARDED,
        FileAction.CHECK_AGAIN: FileState.CHECKED,
    },
    FileState.HANDING_ON: {FileAction.FINISH: FileState.DONE},
    FileState.DONE: {FileAction.CHECK_AGAIN: FileState.CHECKED},
    FileState.DISCARDED: {FileAction.CHECK_AGAIN: FileState.CHECKED},
}
