"""What orders came to, as it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from controller.db import Row, fetch
from controller.errors import NotFound
from edge_agent.wire.rounding import Mode
from edge_agent.wire.totals import Level, LineKind, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTax:
    """A rate on a line, as it was."""

    position: int
    rate: Rate
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    position: int
    kind: LineKind
    tax_class: str
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    exempted_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDiscount:
    minor: int
    basis_points: int
    position: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTotal:
    """The latest version; minor units of `currency`.  Payable is gross + rounding."""

    order_no: str
    site: str | None
    version: int
    currency: str
    region: str | None
    is_inclusive: bool
    level: Level
    mode: Mode
    step: int
    certificate: str | None
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    exempted_minor: int
    rounding_minor: int
    counted_at: datetime
    counted_by: str
    lines: Sequence[KeptLine]
    taxes: Sequence[KeptTax]
    discounts: Sequence[KeptDiscount]

    @property
    def payable_minor(self) -> int:
        return self.gross_minor + self.rounding_minor


async def kept(order_no: str) -> KeptTotal:
    """What an order comes to, as it was kept last.  Raises NotFound."""
    rows = await fetch("SELECT * FROM order_total WHERE order_no = ? ORDER BY version DESC LIMIT 1", order_no)
    if not rows:
        raise NotFound("total of order", order_no)
    row = rows[0]
    lines = await fetch("SELECT * FROM order_total_line WHERE total_id = ? ORDER BY position", row["id"])
    taxes = await fetch("SELECT * FROM order_total_tax WHERE total_id = ? ORDER BY position, rank", row["id"])
    discounts = await fetch("SELECT * FROM order_discount WHERE total_id = ? ORDER BY rank", row["id"])
    return KeptTotal(
        order_no=row["order_no"],
        site=row["site_id"],
        version=row["version"],
        currency=row["currency"],
        region=row["region"],
        is_inclusive=bool(row["is_inclusive"]),
        level=Level(row["level"]),
        mode=Mode(row["mode"]),
        step=row["step"],
        certificate=row["certificate"],
        discount_minor=row["discount_minor"],
        net_minor=row["net_minor"],
        tax_minor=row["tax_minor"],
        gross_minor=row["gross_minor"],
        exempted_minor=row["exempted_minor"],
        rounding_minor=row["rounding_minor"],
        counted_at=row["counted_at"],
        counted_by=row["counted_by"],
        lines=tuple(_line(each) for each in lines),
        taxes=tuple(_tax(each) for each in taxes),
        discounts=tuple(
            KeptDiscount(minor=each["minor"], basis_points=each["basis_points"], position=each["position"], reason=each["reason"])
            for each in discounts
        ),
    )


def _line(row: Row) -> KeptLine:
    return KeptLine(
        position=row["position"],
        kind=LineKind(row["kind"]),
        tax_class=row["tax_class"],
        amount_minor=row["amount_minor"],
        discount_minor=row["discount_minor"],
        net_minor=row["net_minor"],
        tax_minor=row["tax_minor"],
        gross_minor=row["gross_minor"],
        exempted_minor=row["exempted_minor"],
    )


def _tax(row: Row) -> KeptTax:
    rate = Rate(
        code=row["code"],
        name=row["name"],
        value=Fraction(row["numerator"], row["denominator"]),
        is_compound=bool(row["is_compound"]),
    )
    return KeptTax(position=row["position"], rate=rate, base_minor=row["base_minor"], tax_minor=row["tax_minor"])
