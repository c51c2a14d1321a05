"""What happens to receipts of other tills.  The subject is `till/number`."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class SalesBooked(Event, frozen=True, kw_only=True):
    """Receipts of a site were taken in, once per call; `waiting` of them have lines whose goods nobody knows.

    `no_goods`: lines whose codes are no goods.
    """

    name: ClassVar[str] = "sales_booked"
    receipts: int
    lines: int
    waiting: int
    no_goods: int = 0


class SaleConflicted(Event, frozen=True, kw_only=True):
    """Something else was told under a number that is taken, or a receipt was voided twice; it is kept, and not booked."""

    name: ClassVar[str] = "sale_conflicted"
    code: str
    till: str
    number: str


class SaleCodeSaid(Event, frozen=True, kw_only=True):
    """Somebody said of a code that it is no goods (`reason`: why), or that it is goods again.  The subject is the code."""

    name: ClassVar[str] = "sale_code_said"
    code: str
    is_goods: bool
    reason: str


class SaleLinesSettled(Event, frozen=True, kw_only=True):
    """Lines of a site are kept as no goods from now on, or wait again (`is_goods`), as was said of their codes."""

    name: ClassVar[str] = "sale_lines_settled"
    lines: int
    is_goods: bool


class SaleLinked(Event, frozen=True, kw_only=True):
    """Lines that waited were booked, as their goods are known now."""

    name: ClassVar[str] = "sale_linked"
    lines: int
