"""Count what an order comes to, and keep that with it for good: what `orders` calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller import db, events
from controller.errors import Rejected
from controller.taxes.stored import CLASS_OF, Taxation, taxation
from edge_agent.wire.taxes import STANDARD
from edge_agent.wire.totals import Charge, Discount, DoesNotAddUp, LineKind, Totals, total


class BadTotal(Rejected):
    """Lines or discounts that cannot be added up."""

    code = "bad_total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A line to be counted: `sku_id` of goods, None of shipping and fees; `amount_minor` as it is priced."""

    position: int
    amount_minor: int
    sku_id: int | None = None
    kind: LineKind = LineKind.GOODS
    tax_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What an order is counted from.  `region`: where it goes to; None: `goes_to`, if taxes know that place; else the site's."""

    lines: Sequence[Priced]
    currency: str
    site: str | None = None
    region: str | None = None
    goes_to: str | None = None
    customer_id: int | None = None
    discounts: Sequence[Discount] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What an order comes to, and by what.  `payable_minor` is what it is to be paid."""

    basket: Basket
    taxation: Taxation
    classes: dict[int, str]
    totals: Totals

    @property
    def payable_minor(self) -> int:
        return self.totals.payable_minor


async def count(basket: Basket, instant: datetime | None = None) -> Counted:
    """What an order comes to by the rates of an instant (None: now).  Writes nothing.  Raises BadTotal, NotFound (a region)."""
    how, of_skus = await taxation(
        {line.sku_id for line in basket.lines if line.sku_id is not None},
        site=basket.site,
        region_code=basket.region,
        goes_to=basket.goes_to,
        customer_id=basket.customer_id,
        instant=instant or db.now(),
    )
    classes = {line.position: _class(line, of_skus) for line in basket.lines}
    charges = [
        Charge(position=line.position, amount_minor=line.amount_minor, kind=line.kind, rates=how.rates_of(classes[line.position]))
        for line in basket.lines
    ]
    try:
        totals = total(charges, how.terms, basket.discounts)
    except DoesNotAddUp as error:
        raise BadTotal(str(error)) from error
    return Counted(basket=basket, taxation=how, classes=classes, totals=totals)


def _class(line: Priced, of_skus: dict[int, str]) -> str:
    if line.tax_class is not None:
        return line.tax_class
    return CLASS_OF.get(line.kind, STANDARD) if line.sku_id is None else of_skus[line.sku_id]


async def keep(order_id: int, order_no: str, counted: Counted) -> int:
    """Keep it for good; its version, from 1.  What was kept before stays.  In the caller's transaction, with the order locked."""
    totals, how, terms = counted.totals, counted.taxation, counted.taxation.terms
    async with db.transaction():
        rows = await db.fetch(
            "INSERT INTO order_total (order_id, order_no, version, site_id, currency, region, is_inclusive, level, mode, step, "
            "is_exempt, certificate, discount_minor, net_minor, tax_minor, gross_minor, exempted_minor, rounding_minor, "
            "counted_at, counted_by) VALUES (?, ?, (SELECT coalesce(max(version), 0) + 1 FROM order_total WHERE order_id = ?), "
            "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id, version",
            *(order_id, order_no, order_id, counted.basket.site, counted.basket.currency, how.region, terms.is_inclusive),
            *(terms.level.value, terms.mode.value, terms.step, terms.is_exempt, how.certificate),
            *(totals.discount_minor, totals.net_minor, totals.tax_minor, totals.gross_minor, totals.exempted_minor),
            *(totals.rounding_minor, db.now(), events.actor().actor),
        )
        await _keep_lines(rows[0]["id"], counted)
    return int(rows[0]["version"])


async def _keep_lines(total_id: int, counted: Counted) -> None:
    lines = counted.totals.lines
    await db.insert_many(
        "order_total_line",
        ("total_id", "position", "kind", "tax_class", *(f"{name}_minor" for name in _SUMS)),
        [
            (
                total_id,
                line.position,
                line.kind.value,
                counted.classes[line.position],
                *(getattr(line, f"{name}_minor") for name in _SUMS),
            )
            for line in lines
        ],
    )
    await db.insert_many(
        "order_total_tax",
        ("total_id", "position", "code", "name", "numerator", "denominator", "is_compound", "rank", "base_minor", "tax_minor"),
        [
            (
                *(total_id, line.position, one.rate.code, one.rate.name, one.rate.value.numerator, one.rate.value.denominator),
                *(one.rate.is_compound, rank, one.base_minor, one.tax_minor),
            )
            for line in lines
            for rank, one in enumerate(line.rates)
        ],
    )
    await db.insert_many(
        "order_discount",
        ("total_id", "rank", "minor", "basis_points", "position", "reason"),
        [
            (total_id, rank, each.minor, each.basis_points, each.position, each.reason[:200])
            for rank, each in enumerate(counted.basket.discounts)
        ],
    )


_SUMS = ("amount", "discount", "net", "tax", "gross", "exempted")
