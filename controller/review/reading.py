"""Orders as rules and checks see them, read for one or for many."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from controller.catalog.models import BaseUnit
from controller.catalog.queries import SkuRow, skus_by_id
from controller.customers.order_addresses import stored_addresses
from controller.db import Row, among, fetch, listing
from controller.intake.duplicates import twin_of
from controller.orders.flags import blocking
from controller.orders.policies import line_amount
from controller.orders.states import Delivery, OrderState
from controller.pricing.policies import CHAIN, Priced, in_force
from controller.pricing.stored import prices_of
from controller.review.policies import Checked, PricedLine, discount_share
from controller.review.rules import UNKNOWN, OrderFacts

_NO_ADDRESS = (("address", "missing_address"),)


async def facts_of(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """By order; those that are not there are left out."""
    orders = await _orders(order_ids)
    lines = await _lines(list(orders))
    customers = {row["customer_id"] for row in orders.values() if row["customer_id"] is not None}
    ratings, firsts = await _ratings(customers), await _first_orders(customers)
    owed, flags = await _owed(customers), await blocking(list(orders))
    means = await _means(list(orders))
    return {
        order_id: _facts(
            row,
            lines[order_id],
            ratings.get(row["customer_id"], (None, None)),
            arrears=max(owed.get((row["customer_id"], row["currency"]), 0), 0),
            is_first=firsts.get(row["customer_id"]) == order_id,
            payment=tuple(sorted(means[order_id])),
            flags=tuple(flag.value for flag in flags.get(order_id, [])),
        )
        for order_id, row in orders.items()
    }


def _facts(
    row: Row,
    lines: Sequence[Row],
    ratings: tuple[str | None, str | None],
    *,
    arrears: int,
    is_first: bool,
    payment: tuple[str, ...],
    flags: tuple[str, ...],
) -> OrderFacts:
    return OrderFacts(
        amount=row["total_minor"],
        currency=row["currency"],
        items=max(sum(line["quantity"] if line["base_unit"] == BaseUnit.PIECE else 1 for line in lines), 1),
        discount=discount_share(_gross(lines), row["total_minor"]),
        arrears=arrears,
        grade=ratings[0] or UNKNOWN,
        credit=ratings[1] or UNKNOWN,
        channel=row["channel"],
        region=row["region"] or UNKNOWN,
        site=row["site"] or UNKNOWN,
        delivery=row["delivery"],
        first_order=is_first,
        payment=payment,
        flags=flags,
    )


async def checked_of(order_id: int) -> Checked:
    """What the checks look at.  The order is there."""
    order = (await _orders([order_id]))[order_id]
    lines = (await _lines([order_id]))[order_id]
    ratings = await _ratings([] if order["customer_id"] is None else [order["customer_id"]])
    owed = await _owed([] if order["customer_id"] is None else [order["customer_id"]])
    return Checked(
        lines=await _priced(order, lines),
        discount=discount_share(_gross(lines), order["total_minor"]),
        credit=ratings.get(order["customer_id"], (None, None))[1],
        arrears_minor=owed.get((order["customer_id"], order["currency"]), 0),
        flaws=await _flaws(order),
        twin=None if order["customer_id"] is None else await twin_of(order_id),
    )


async def _priced(order: Row, lines: Sequence[Row]) -> list[PricedLine]:
    """Each line beside the price that was in force where and when the order was placed."""
    known = await prices_of(line["sku_id"] for line in lines)
    skus = await skus_by_id([line["sku_id"] for line in lines])
    return [
        PricedLine(
            sku=line["sku"],
            unit_price_minor=line["unit_price_minor"],
            listed_minor=_listed(known.get(line["sku_id"], []), skus[line["sku_id"]], order),
        )
        for line in lines
    ]


def _listed(prices: Sequence[Priced], sku: SkuRow, order: Row) -> int | None:
    """What was said for an instant, else what the catalogue says by itself; of another currency neither helps."""
    same = [price for price in prices if price.currency == order["currency"]]
    if listed := in_force(same, order["site"] or CHAIN, order["placed_at"]):
        return listed.price_minor
    return sku.price_minor if sku.currency == order["currency"] and sku.price_minor else None


async def _flaws(order: Row) -> Sequence[tuple[str, str]] | None:
    """What is wrong with where it goes to; None: it is fetched, or taken over the counter."""
    if order["delivery"] != Delivery.SHIPPING:
        return None
    address = (await stored_addresses([order["id"]])).get(order["id"])
    return _NO_ADDRESS if address is None else [(problem.field, problem.flaw.value) for problem in address.problems]


def _gross(lines: Sequence[Row]) -> int:
    """What the lines would cost without discounts, in minor units."""
    return sum(line_amount(line["quantity"], line["unit_price_minor"], line["price_per"]) for line in lines)


async def _orders(order_ids: Collection[int]) -> dict[int, Row]:
    rows = await fetch(
        f"SELECT id, site, region, channel, currency, total_minor, delivery, customer_id, placed_at FROM sales_order "
        f"WHERE {among('id')} ORDER BY id",
        listing(order_ids),
    )
    return {row["id"]: row for row in rows}


async def _lines(order_ids: Collection[int]) -> Mapping[int, list[Row]]:
    rows = await fetch(
        "SELECT order_id, sku_id, sku, base_unit, quantity, unit_price_minor, price_per FROM order_line "
        f"WHERE {among('order_id')} AND NOT is_removed ORDER BY order_id, position",
        listing(order_ids),
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found


async def _ratings(customer_ids: Collection[int]) -> dict[int | None, tuple[str | None, str | None]]:
    """Grade and credit rating, by customer."""
    if not customer_ids:
        return {}
    rows = await fetch(f"SELECT id, grade, credit FROM customer WHERE {among('id')}", listing(customer_ids))
    return {row["id"]: (row["grade"], row["credit"]) for row in rows}


async def _owed(customer_ids: Collection[int]) -> dict[tuple[int | None, str], int]:
    """What customers owe on account, by customer and currency, in minor units."""
    if not customer_ids:
        return {}
    rows = await fetch(
        f"SELECT customer_id, currency, owed_minor FROM customer_account WHERE {among('customer_id')}", listing(customer_ids)
    )
    return {(row["customer_id"], row["currency"]): row["owed_minor"] for row in rows}


async def _first_orders(customer_ids: Collection[int]) -> dict[int | None, int]:
    """The first order of each customer that was not cancelled."""
    if not customer_ids:
        return {}
    rows = await fetch(
        f"SELECT customer_id, MIN(id) AS first FROM sales_order WHERE {among('customer_id')} AND state NOT IN (?, ?) "
        "GROUP BY customer_id",
        *(listing(customer_ids), OrderState.CANCELLED.value, OrderState.DRAFT.value),
    )
    return {row["customer_id"]: row["first"] for row in rows}


async def _means(order_ids: Collection[int]) -> Mapping[int, set[str]]:
    """By which means each order is paid, as far as it is known."""
    found: dict[int, set[str]] = defaultdict(set)
    for row in await fetch(f"SELECT order_id, means FROM payment WHERE {among('order_id')}", listing(order_ids)):
        found[row["order_id"]].add(row["means"])
    return found
