"""What the banner says of the wire: live, offline, or catching up.  The fourth state, delayed, is the screen's own finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.floor.port import LinkShown

FEW = 5
"""With so few facts on their way, a box that has its wire again is not catching up any more."""


class Wire(StrEnum):
    LIVE = "live"
    OFFLINE = "offline"
    RECONNECTING = "reconnecting"


@dataclass(frozen=True, slots=True)
class WireShown:
    """`sent` of `total` facts have gone out since the wire is back; `waiting` are on the box only."""

    wire: Wire
    waiting: int
    sent: int = 0
    total: int = 0


class LinkWatch:
    """Remembers how much waited when the wire came back."""

    def __init__(self) -> None:
        self._was_offline = False
        self._most = 0

    def look(self, link: LinkShown) -> WireShown:
        if not (link.is_connected and link.is_heard):
            self._was_offline, self._most = True, 0
            return WireShown(Wire.OFFLINE, link.waiting)
        if not self._was_offline:
            return WireShown(Wire.LIVE, link.waiting)
        self._most = max(self._most, link.waiting)
        if link.waiting < min(FEW, max(self._most, 1)):
            self._was_offline = False
            return WireShown(Wire.LIVE, link.waiting)
        return WireShown(Wire.RECONNECTING, link.waiting, sent=self._most - link.waiting, total=self._most)
