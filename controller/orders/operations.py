"""What can be done with an order as such, by their names here.  One transaction each; inside another one they join it."""

from __future__ import annotations

from controller.orders.placing import place, placed, submit
from controller.orders.transitions import approve, cancel, close, hold, lock, resume, send_to_review, set_short

__all__ = [
    "approve",
    "cancel",
    "close",
    "hold",
    "lock",
    "place",
    "placed",
    "resume",
    "send_to_review",
    "set_short",
    "submit",
]
