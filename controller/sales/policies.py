"""Pure decisions about receipts of other tills: what one is, what tells two apart, what a line moves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

Identity = tuple[str, str, str]
"""Site, till, and the receipt's number there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """`text` is a barcode as printed, or with `is_sku` a SKU's code; `quantity` counts what it names, below zero: it came back.

    `amount_minor` is what was paid for the line, with tax and after `discount_minor`.  Damaged goods that came back are kept apart.
    """

    text: str
    is_sku: bool
    quantity: int
    amount_minor: int
    tax_minor: int = 0
    discount_minor: int = 0
    is_damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceipt:
    """One receipt of a till that is not ours.  `voids`: the number of an earlier one of that till that it takes back, whole."""

    site: str
    till: str
    number: str
    occurred_at: datetime
    currency: str
    lines: Sequence[NewLine] = ()
    voids: str | None = None

    @property
    def identity(self) -> Identity:
        return self.site, self.till, self.number

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def told(self) -> bytes:
        """All that it says, always written the same."""
        lines = [
            [line.text, line.is_sku, line.quantity, line.amount_minor, line.tax_minor, line.discount_minor, line.is_damaged]
            for line in self.lines
        ]
        instant = self.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return msgspec.json.encode([*self.identity, instant, self.currency, self.voids, lines])

    @property
    def content(self) -> str:
        """What tells a repetition from something else under the same number."""
        return hashlib.sha256(self.told).hexdigest()


class SaleState(StrEnum):
    """Waiting: a line's goods are not known yet, or the receipt that it voids has not come.  Conflict: that is void already."""

    BOOKED = "booked"
    WAITING = "waiting"
    CONFLICT = "conflict"


class LineState(StrEnum):
    """Refused: half a piece, or absurdly many; void: it never counted, as its receipt was taken back first.

    No goods: somebody said of its code that it is postage, a fee or the like; it is kept, and moves nothing.
    """

    BOOKED = "booked"
    WAITING = "waiting"
    REFUSED = "refused"
    VOID = "void"
    NO_GOODS = "no_goods"


class Outcome(StrEnum):
    """What became of a receipt that was told.  A conflict is kept beside the other, and a person looks."""

    BOOKED = "booked"
    WAITING = "waiting"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Result:
    """`code` says why it waits or what it conflicts with; `no_goods`: lines of it that are none."""

    outcome: Outcome
    code: str | None = None
    no_goods: int = 0


def document_of(till: str, number: str) -> str:
    """How a receipt is named in the ledger."""
    return f"sale {till}/{number}"
