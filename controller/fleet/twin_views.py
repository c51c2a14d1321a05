"""A box's configuration as it is shown: what it is to be, what it is, what differs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from controller.fleet.twin_diff import KeyDiff, TwinFault


class TwinState(StrEnum):
    """Where a box is on the way to its configuration."""

    FILE = "file"
    """Nothing was ever set here: the file on the box holds."""
    WAITING = "waiting"
    """The box has not taken it, or not applied it yet."""
    APPLIED = "applied"
    PARTLY = "partly"
    """It holds but for what `errors` name."""


class ReportedView(Struct, frozen=True, kw_only=True):
    """What the box says of itself: `version` is on its disk, by `applied_version` it works."""

    version: int
    applied_version: int
    at: datetime
    received_at: datetime
    document: dict[str, object]
    errors: list[TwinFault]


class TwinView(Struct, frozen=True, kw_only=True):
    """`version` 0: nothing was ever set here.  `reported` None: the box never said anything."""

    box: str
    state: TwinState
    version: int
    document: dict[str, object] | None
    changed_at: datetime | None
    changed_by: str | None
    reported: ReportedView | None
    diff: list[KeyDiff]


class TwinVersionView(Struct, frozen=True, kw_only=True):
    """One version of what a box was to be.  `note`: why, in words."""

    version: int
    document: dict[str, object]
    changed_at: datetime
    changed_by: str
    note: str | None


class TwinCheck(Struct, frozen=True, kw_only=True):
    """What a document would do, without doing it."""

    errors: list[TwinFault]
    diff: list[KeyDiff]
