"""The axis of a wave, and what becomes of a part in it."""

from __future__ import annotations

from enum import StrEnum


class WaveState(StrEnum):
    """`composed`: a plan, nothing is to be picked yet.  `done`: none of its lists is to be worked on any more.

    `cancelled`: what nobody had in hand was given back; what somebody had goes on to its parcel.
    """

    COMPOSED = "composed"
    RELEASED = "released"
    DONE = "done"
    CANCELLED = "cancelled"


class WaveAction(StrEnum):
    RELEASE = "release"
    FINISH = "finish"
    CANCEL = "cancel"


WAVE: dict[WaveState, dict[WaveAction, WaveState]] = {
    WaveState.COMPOSED: {WaveAction.RELEASE: WaveState.RELEASED, WaveAction.CANCEL: WaveState.CANCELLED},
    WaveState.RELEASED: {WaveAction.FINISH: WaveState.DONE, WaveAction.CANCEL: WaveState.CANCELLED},
    WaveState.DONE: {},
    WaveState.CANCELLED: {},
}


class PartState(StrEnum):
    """`left_out`: when its turn came it could not be released, the row says why; `given_back`: it is free for another wave."""

    WAITING = "waiting"
    RELEASED = "released"
    LEFT_OUT = "left_out"
    GIVEN_BACK = "given_back"


class Mode(StrEnum):
    """One list at a time, or as many as a person carries totes."""

    SINGLE = "single"
    CLUSTER = "cluster"


class Timing(StrEnum):
    """When a rule composes: only by hand, every so many minutes, at times of the site's day, when so many orders wait."""

    HAND = "hand"
    EVERY = "every"
    AT = "at"
    WAITING = "waiting"


class Shape(StrEnum):
    """Of what is promised there: one piece (base unit), one line of several, several lines."""

    SINGLE_ITEM = "single_item"
    SINGLE_LINE = "single_line"
    MULTI_LINE = "multi_line"
