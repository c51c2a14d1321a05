"""What is told of sourcing.  The subject is the order's number, or `sourcing` for settings."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SourcingChanged(Event, frozen=True, kw_only=True):
    """A setting: `what` (terms, site, rank, rate, area, safety) of `key`, before and after, None: there was (is) none."""

    name: ClassVar[str] = "sourcing_changed"
    what: str
    key: str
    before: str | None
    after: str | None
    reason: str


class OrderSourced(Event, frozen=True, kw_only=True):
    """It comes from these sites from now on, because of `cause`."""

    name: ClassVar[str] = "order_sourced"
    cause: str
    sites: list[str]


class OrderRejected(Event, frozen=True, kw_only=True):
    """A site would not do a line of it; `quantity` base units, `kind`: not_in_stock, mismatch, damaged, other."""

    name: ClassVar[str] = "order_rejected"
    position: int
    sku: str
    quantity: int
    kind: str
    note: str
