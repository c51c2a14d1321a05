"""What is told of the flags of orders.  The subject is the order's number."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class OrderFlagged(Event, frozen=True, kw_only=True):
    """Something is wrong with it: it is not released, gets no label, is not handed over."""

    name: ClassVar[str] = "order_flagged"
    kind: str
    reason: str


class OrderFlagCleared(Event, frozen=True, kw_only=True):
    """`others`: the kinds of flags that hold it up still."""

    name: ClassVar[str] = "order_flag_cleared"
    kind: str
    reason: str
    others: list[str]
