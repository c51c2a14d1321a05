"""Pure decisions about transfers: what their facts, taken together, say.  Nothing here depends on the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.transfers.states import TRANSFER, TransferAction, TransferState


class Kind(StrEnum):
    """What a booking of a transfer is: goods that left, came well, came damaged, are lost, came without having been sent.

    Kept: they were said to have left, and never did.
    """

    SENT = "sent"
    RECEIVED = "received"
    DAMAGED = "damaged"
    LOST = "lost"
    FOUND = "found"
    KEPT = "kept"


class Teller(StrEnum):
    """Who said which sites a transfer is between; the first is believed before the others."""

    OFFICE = "office"
    SENDER = "sender"
    RECEIVER = "receiver"

    @property
    def rank(self) -> int:
        return list(Teller).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A SKU of a transfer, in base units."""

    sku_id: int
    quantity: int = 0
    sent: int = 0
    received: int = 0
    damaged: int = 0
    lost: int = 0
    found: int = 0
    expected: int = 0

    @property
    def came(self) -> int:
        return self.received + self.damaged

    @property
    def in_transit(self) -> int:
        """What left and did not arrive, so far as is known; below zero: more came than left."""
        return self.sent + self.found - self.came - self.lost

    @property
    def moved(self) -> bool:
        return self.sent + self.came + self.lost + self.found > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All that is known of a transfer; who closed which end, and what the office said."""

    lines: Sequence[Line]
    approved_at: datetime | None
    cancelled_at: datetime | None
    sent_closed_at: datetime | None
    received_closed_at: datetime | None
    is_announced: bool = True

    @property
    def has_arrived(self) -> bool:
        """The receiving end is done: it said so, or the other end is, and nothing of it is still on its way."""
        if self.received_closed_at is not None:
            return True
        moved = [line for line in self.lines if line.moved]
        return self.sent_closed_at is not None and bool(moved) and all(line.in_transit <= 0 for line in moved)

    @property
    def state(self) -> TransferState:
        if self.has_arrived:
            short = any(line.in_transit > 0 or line.lost > 0 for line in self.lines)
            return TransferState.RECEIVED_SHORT if short else TransferState.RECEIVED
        if self.sent_closed_at is not None or any(line.came for line in self.lines):
            return TransferState.IN_TRANSIT
        if any(line.moved for line in self.lines):
            return TransferState.SHIPPING
        if self.cancelled_at is not None:
            return TransferState.CANCELLED
        return TransferState.APPROVED if self.approved_at is not None or not self.is_announced else TransferState.DRAFT

    def expected(self, line: Line) -> int:
        """How much of a line the receiving site may still count on: what was planned until all has left, what left after that."""
        state = self.state
        if state in (TransferState.DRAFT, TransferState.CANCELLED) or self.has_arrived:
            return 0
        due = line.sent if self.sent_closed_at is not None else max(line.quantity, line.sent)
        return max(0, due - line.came - line.lost)


def edge(old: TransferState, new: TransferState) -> TransferAction | None:
    """The action that takes a transfer from what it was to what its facts say; None: it is that already."""
    return next((action for action, target in TRANSFER[old].items() if target is new), None)
