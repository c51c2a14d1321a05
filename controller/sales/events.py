"""What happens to receipts of other tills.  The subject is `till/number`."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SalesBooked(Event, frozen=True, kw_only=True):
    """Receipts of a site were taken in, once per call; `waiting` of them have lines whose goods nobody knows."""

    name: ClassVar[str] = "sales_booked"
    receipts: int
    lines: int
    waiting: int


class SaleConflicted(Event, frozen=True, kw_only=True):
    """Something else was told under a number that is taken, or a receipt was voided twice; it is kept, and not booked."""

    name: ClassVar[str] = "sale_conflicted"
    code: str
    till: str
    number: str


class SaleLinked(Event, frozen=True, kw_only=True):
    """Lines that waited were booked, as their goods are known now."""

    name: ClassVar[str] = "sale_linked"
    lines: int
