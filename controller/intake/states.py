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
