"""What would this be taxed: an order as it stands, or lines that somebody types, by the rates of a day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.catalog.queries import skus_by_code
from controller.errors import NotFound, Rejected
from controller.orders import queries as orders
from controller.pricing.imports import minor_of
from controller.taxes import operations
from controller.taxes.operations import Basket, Counted, Priced
from controller.taxes.queries import KeptTotal, kept
from controller.web.shown import order_at
from edge_agent.wire.totals import Discount, LineKind

MOST_LINES: Final = 40


class BadPreview(Rejected):
    """It cannot be read what is to be taxed."""

    code = "bad_preview"


@dataclass(frozen=True, slots=True)
class Preview:
    """`names` by position.  `before`: what the order was taxed when it was counted last, None: these are no order's lines."""

    counted: Counted
    currency: str
    names: Mapping[int, str]
    before: KeptTotal | None
    at: datetime


async def of_order(no: str, *, region: str, at: datetime, sites: Collection[str] | None) -> Preview:
    """Raises NotFound."""
    order = await order_at(no.strip().upper(), sites)
    lines = (await orders.lines([order.id]))[order.id]
    try:
        before = await kept(order.no)
    except NotFound:
        before = None
    priced = [Priced(position=line.position, amount_minor=line.amount_minor, sku_id=line.sku_id) for line in lines]
    discounts: tuple[Discount, ...] = ()
    if before is not None:
        priced += [
            Priced(position=line.position, amount_minor=line.amount_minor, kind=line.kind)
            for line in before.lines
            if line.kind is not LineKind.GOODS
        ]
        discounts = tuple(
            Discount(minor=each.minor, basis_points=each.basis_points, position=each.position, reason=each.reason)
            for each in before.discounts
        )
    basket = Basket(
        lines=priced,
        currency=order.currency,
        site=order.site,
        region=region or order.region or (before.region if before else None),
        customer_id=order.customer_id,
        discounts=discounts,
    )
    return Preview(await operations.count(basket, at), order.currency, {line.position: line.sku for line in lines}, before, at)


async def of_lines(text: str, *, region: str, currency: str, at: datetime) -> Preview:
    """`SKU amount` on each line, or `shipping amount`.  Raises BadPreview, BadCell, NotFound."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if not 0 < len(rows) <= MOST_LINES or not all(len(row) == 2 for row in rows) or not region:
        raise BadPreview(f"a region, and 1 to {MOST_LINES} lines, each an article's code and an amount")
    known = await skus_by_code([code for code, _ in rows])
    priced = []
    for position, (code, amount) in enumerate(rows, start=1):
        kind = LineKind.SHIPPING if code == LineKind.SHIPPING.value else LineKind.GOODS
        if kind is LineKind.GOODS and code not in known:
            raise NotFound("SKU", code[:64])
        sku_id = known[code].id if kind is LineKind.GOODS else None
        priced.append(Priced(position=position, amount_minor=minor_of(amount, currency), sku_id=sku_id, kind=kind))
    counted = await operations.count(Basket(lines=priced, currency=currency, region=region), at)
    return Preview(counted, currency, _numbered(rows), None, at)


def _numbered(rows: Sequence[Sequence[str]]) -> dict[int, str]:
    return {position: row[0] for position, row in enumerate(rows, start=1)}
