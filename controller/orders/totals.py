"""What an order comes to: its lines, what is charged beside them, discounts by hand, tax; counted again whenever one of it changes.

There is one total: what is to be paid, in `sales_order.total_minor` and, with all that it is made of, in `order_total`.
Counted by the rates of the moment it was placed, and kept for good (`controller/taxes/`); charges and discounts stay until they
are said anew.  Minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.db import Row, execute, fetch, transaction
from controller.errors import NotFound
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewOrder
from controller.orders.states import OrderState
from controller.taxes.operations import Basket, Counted, Priced, count, keep
from controller.taxes.queries import KeptTotal, kept
from edge_agent.wire.prices import line_amount
from edge_agent.wire.totals import Discount, LineKind

BESIDE_LINES = 10_000
"""Positions above it are charges: shipping, fees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCharge:
    """Shipping or a fee; `amount_minor` as prices are, with tax or without.  `tax_class` None: that of its kind."""

    kind: LineKind
    amount_minor: int
    tax_class: str | None = None


async def recount(
    order_id: int, *, charges: Sequence[OrderCharge] | None = None, discounts: Sequence[Discount] | None = None
) -> Counted:
    """Count and keep, and say it of the order; None: charges and discounts as they were.  With the order locked.

    Raises NotFound, BadTotal.
    """
    async with transaction():
        rows = await fetch("SELECT site, region, customer_id, currency, placed_at FROM sales_order WHERE id = ?", order_id)
        if not rows:
            raise NotFound("order", ORDERS.number(order_id))
        row, before = rows[0], await kept_before(order_id)
        lines = [*await _goods(order_id), *(_charges(before) if charges is None else _numbered(charges))]
        positions = {line.position for line in lines}
        told = _discounts(before) if discounts is None else discounts
        basket = Basket(
            lines=lines,
            currency=row["currency"],
            site=row["site"],
            goes_to=row["region"],
            customer_id=row["customer_id"],
            discounts=[each for each in told if each.position is None or each.position in positions or discounts is not None],
        )
        counted = await count(basket, row["placed_at"])
        await keep_total(order_id, counted)
        await execute("UPDATE sales_order SET total_minor = ? WHERE id = ?", counted.payable_minor, order_id)
    return counted


async def count_new(order: NewOrder, lines: Sequence[Priced], instant: datetime) -> Counted:
    """What an order comes to that is being placed at an instant.  Writes nothing.  Raises BadTotal."""
    basket = Basket(
        lines=lines,
        currency=order.currency,
        site=order.site,
        goes_to=order.region,
        customer_id=order.customer_id,
    )
    return await count(basket, instant)


async def keep_total(order_id: int, counted: Counted) -> None:
    """For good, beside what it came to before."""
    await keep(order_id, ORDERS.number(order_id), counted)


async def kept_before(order_id: int) -> KeptTotal | None:
    """What it came to when it was counted last."""
    try:
        return await kept(ORDERS.number(order_id))
    except NotFound:
        return None


async def part_discounts(from_order: int, to_order: int) -> None:
    """Lines went to another order: what was taken off them goes along, as an amount, so that both come to what they were together.

    An order that was merged into another keeps its lines, to be seen, and gives all of it.  Before either is counted again.  In the
    caller's transaction, with both orders locked.
    """
    before = await kept_before(from_order)
    if before is None or not any(line.discount_minor for line in before.lines if line.kind is LineKind.GOODS):
        return
    now = {} if await _is_cancelled(from_order) else {line.position: line.amount_minor for line in await _goods(from_order)}
    goods = [line for line in before.lines if line.kind is LineKind.GOODS]
    gone = sum(
        line.discount_minor * (line.amount_minor - min(now.get(line.position, 0), line.amount_minor)) // line.amount_minor
        for line in goods
        if line.amount_minor
    )
    stays = sum(line.discount_minor for line in goods) - gone
    others = [
        Discount(minor=line.discount_minor, position=line.position)
        for line in before.lines
        if line.kind is not LineKind.GOODS and line.discount_minor
    ]
    reason = "; ".join(dict.fromkeys(each.reason for each in before.discounts))[:200]
    await recount(from_order, discounts=[*others, *_amount(stays, reason)])
    there = await kept_before(to_order)
    await recount(to_order, discounts=[*([] if there is None else _discounts(there)), *_amount(gone, reason)])


async def _is_cancelled(order_id: int) -> bool:
    return bool(await fetch("SELECT 1 FROM sales_order WHERE id = ? AND state = ?", order_id, OrderState.CANCELLED.value))


def _amount(minor: int, reason: str) -> list[Discount]:
    return [Discount(minor=minor, reason=reason)] if minor else []


async def _goods(order_id: int) -> list[Priced]:
    """What was packed of a line, once that is known, at its price; else what was ordered."""
    rows = await fetch("SELECT * FROM order_line WHERE order_id = ? AND NOT is_removed ORDER BY position", order_id)
    return [Priced(position=row["position"], amount_minor=_amount_of(row), sku_id=row["sku_id"]) for row in rows]


def _amount_of(row: Row) -> int:
    actual: int | None = row["actual"]
    return int(row["amount_minor"]) if actual is None else line_amount(actual, row["unit_price_minor"], row["price_per"])


def _discounts(before: KeptTotal | None) -> list[Discount]:
    if before is None:
        return []
    return [
        Discount(minor=each.minor, basis_points=each.basis_points, position=each.position, reason=each.reason)
        for each in before.discounts
    ]


def _charges(before: KeptTotal | None) -> list[Priced]:
    if before is None:
        return []
    return [
        Priced(position=line.position, amount_minor=line.amount_minor, kind=line.kind, tax_class=line.tax_class)
        for line in before.lines
        if line.kind is not LineKind.GOODS
    ]


def _numbered(charges: Sequence[OrderCharge]) -> list[Priced]:
    return [
        Priced(position=BESIDE_LINES + rank, amount_minor=each.amount_minor, kind=each.kind, tax_class=each.tax_class)
        for rank, each in enumerate(charges, 1)
    ]
