"""What is told of waves.  The subject is the wave's number, or the name of the site for its rules."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class WaveRuleChanged(Event, frozen=True, kw_only=True):
    """`change`: added, changed, removed."""

    name: ClassVar[str] = "wave_rule_changed"
    rule: str
    change: str


class WaveComposed(Event, frozen=True, kw_only=True):
    """`lists`: how many parts of orders are in it, with `lines` and `units` (base units)."""

    name: ClassVar[str] = "wave_composed"
    rule: str
    lists: int
    lines: int
    units: int


class WaveReleased(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "wave_released"
    lists: int


class WaveTakenOut(Event, frozen=True, kw_only=True):
    """Somebody took an order's part out of a wave that is a plan still."""

    name: ClassVar[str] = "wave_part_taken_out"
    order: str


class WaveWorked(Event, frozen=True, kw_only=True):
    """All of its parts had their turn: so many are pick lists, so many were left out."""

    name: ClassVar[str] = "wave_lists_made"
    lists: int
    left_out: int


class WaveDone(Event, frozen=True, kw_only=True):
    """None of its lists is to be worked on any more."""

    name: ClassVar[str] = "wave_done"


class WaveCancelled(Event, frozen=True, kw_only=True):
    """`given_back` parts are free again; `kept` lists are in somebody's hands and go on."""

    name: ClassVar[str] = "wave_cancelled"
    reason: str
    given_back: int
    kept: int
