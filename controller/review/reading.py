"""Orders as rules and checks see them, read for one or for many."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from controller.catalog.models import BaseUnit
from controller.customers.order_addresses import stored_addresses
from controller.db import Row, among, fetch, fetch_aside, listing, words
from controller.intake.duplicates import twin_of
from controller.orders.seams import JustPlaced
from controller.orders.states import Delivery
from controller.pricing.policies import CHAIN, Priced, in_force
from controller.pricing.stored import by_sku, prices_of
from controller.review.policies import Checked, PricedLine, discount_share
from controller.review.rules import UNKNOWN, OrderFacts
from edge_agent.wire.prices import line_amount

_NO_ADDRESS = (("address", "missing_address"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An order with what belongs to it and to its customer, and its lines, as they are stored now.

    `prices` by SKU, where they were read with it.
    """

    order: Row
    lines: Sequence[Row]
    prices: Mapping[int, Sequence[Priced]] | None = None

    @property
    def stamp(self) -> str:
        """Of what people set of reviews, at that moment."""
        return str(self.order["stamp"])

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(sorted((self.order["flags"] or "").split()))

    @property
    def is_presold(self) -> bool:
        """Whether some of it is sold before it is there."""
        return any(line["presale"] for line in self.lines)


async def seen(order_ids: Collection[int]) -> dict[int, Seen]:
    """By order; those that are not there are left out."""
    orders = await _orders(order_ids)
    lines = await _lines(list(orders))
    return {order_id: Seen(order=row, lines=lines[order_id]) for order_id, row in orders.items()}


async def just_placed(placed: JustPlaced) -> Seen:
    """What was written a moment ago, without a customer, is not read again: what others say of it is, in one statement."""
    rows = await fetch_aside(
        f"SELECT r.stamp, (SELECT {words('f.kind')} FROM order_flag f WHERE f.order_id = ? AND f.cleared_at IS NULL) AS flags, "
        f"(SELECT {words('p.means')} FROM payment p WHERE p.order_id = ?) AS means, "
        f"{', '.join(f'p.{name}' for name in _PRICE)} FROM review_stamp r "
        f"LEFT JOIN price p ON p.cancelled_at IS NULL AND {among('p.sku_id')} WHERE r.id = 1 ORDER BY p.effective_from, p.id",
        *(placed.id, placed.id, listing(sorted({line.sku_id for line in placed.lines}))),
    )
    said = {name: rows[0][name] for name in ("stamp", "flags", "means")}
    nobody = dict.fromkeys(("customer_id", "grade", "credit", "owed_minor", "first_id", "discount_minor"))
    order = {name: getattr(placed, name) for name in _PLACED} | said | nobody
    lines = [{name: getattr(line, name) for name in _PLACED_LINE} for line in placed.lines]
    prices = [{name: row[name] for name in _PRICE} for row in rows if row["id"] is not None]
    return Seen(order=order, lines=lines, prices=by_sku(prices))


_PRICE = ("id", "sku_id", "scope", "kind", "price_minor", "currency", "effective_from", "until")
_PLACED = ("id", "site", "region", "channel", "currency", "total_minor", "delivery", "placed_at")
_PLACED_LINE = (
    "sku_id", "sku", "base_unit", "quantity", "unit_price_minor", "price_per", "presale", "catalogued_minor", "catalogued_in",
)  # fmt: skip


async def facts_of(order_ids: Collection[int]) -> dict[int, OrderFacts]:
    """By order; those that are not there are left out."""
    return {order_id: facts(one) for order_id, one in (await seen(order_ids)).items()}


def facts(one: Seen, flags: Sequence[str] | None = None) -> OrderFacts:
    """`flags`: those that are set, None: that were when it was looked at."""
    row, lines = one.order, one.lines
    return OrderFacts(
        amount=row["total_minor"],
        currency=row["currency"],
        items=max(sum(line["quantity"] if line["base_unit"] == BaseUnit.PIECE else 1 for line in lines), 1),
        discount=_discount(one),
        arrears=max(row["owed_minor"] or 0, 0),
        grade=row["grade"] or UNKNOWN,
        credit=row["credit"] or UNKNOWN,
        channel=row["channel"],
        region=row["region"] or UNKNOWN,
        site=row["site"] or UNKNOWN,
        delivery=row["delivery"],
        first_order=row["first_id"] == row["id"],
        payment=tuple(sorted(set((row["means"] or "").split()))),
        flags=one.flags if flags is None else tuple(flags),
    )


async def checked_of(one: Seen) -> Checked:
    """What the checks look at."""
    order = one.order
    return Checked(
        lines=await _priced(order, one),
        discount=_discount(one),
        credit=order["credit"],
        arrears_minor=order["owed_minor"] or 0,
        flaws=await _flaws(order),
        twin=None if order["customer_id"] is None else await twin_of(order["id"]),
    )


async def _priced(order: Row, one: Seen) -> list[PricedLine]:
    """Each line beside the price that was in force where and when the order was placed."""
    known = await prices_of(line["sku_id"] for line in one.lines) if one.prices is None else one.prices
    return [
        PricedLine(
            sku=line["sku"],
            unit_price_minor=line["unit_price_minor"],
            listed_minor=_listed(known.get(line["sku_id"], []), line, order),
        )
        for line in one.lines
    ]


def _listed(prices: Sequence[Priced], line: Row, order: Row) -> int | None:
    """What was said for an instant, else what the catalogue says by itself; of another currency neither helps."""
    same = [price for price in prices if price.currency == order["currency"]]
    if listed := in_force(same, order["site"] or CHAIN, order["placed_at"]):
        return listed.price_minor
    return line["catalogued_minor"] if line["catalogued_in"] == order["currency"] and line["catalogued_minor"] else None


async def _flaws(order: Row) -> Sequence[tuple[str, str]] | None:
    """What is wrong with where it goes to; None: it is fetched, or taken over the counter."""
    if order["delivery"] != Delivery.SHIPPING:
        return None
    address = (await stored_addresses([order["id"]])).get(order["id"])
    return _NO_ADDRESS if address is None else [(problem.field, problem.flaw.value) for problem in address.problems]


def _discount(one: Seen) -> int:
    """The share of what the goods would cost that is given off by hand, in basis points."""
    whole = sum(line_amount(line["quantity"], line["unit_price_minor"], line["price_per"]) for line in one.lines)
    return discount_share(whole, whole - (one.order["discount_minor"] or 0))


async def _orders(order_ids: Collection[int]) -> dict[int, Row]:
    """In one statement: an order is looked at whenever one is placed.  What has no customer asks nothing of customers."""
    where, wanted = _of(order_ids, "o.id")
    rows = await fetch(
        "SELECT o.id, o.site, o.region, o.channel, o.currency, o.total_minor, o.delivery, o.customer_id, o.placed_at, "
        "c.grade, c.credit, a.owed_minor, "
        "CASE WHEN o.customer_id IS NULL THEN NULL ELSE (SELECT f.id FROM sales_order f WHERE f.customer_id = o.customer_id "
        "AND f.state NOT IN ('cancelled', 'draft') ORDER BY f.id LIMIT 1) END AS first_id, "
        f"(SELECT {words('f.kind')} FROM order_flag f WHERE f.order_id = o.id AND f.cleared_at IS NULL) AS flags, "
        f"(SELECT {words('p.means')} FROM payment p WHERE p.order_id = o.id) AS means, "
        "(SELECT CAST(SUM(d.discount_minor) AS BIGINT) FROM order_total_line d WHERE d.kind = 'goods' AND d.total_id = "
        "(SELECT t.id FROM order_total t WHERE t.order_id = o.id ORDER BY t.version DESC LIMIT 1)) AS discount_minor, "
        "(SELECT stamp FROM review_stamp WHERE id = 1) AS stamp "
        "FROM sales_order o LEFT JOIN customer c ON c.id = o.customer_id "
        "LEFT JOIN customer_account a ON a.customer_id = o.customer_id AND a.currency = o.currency "
        f"WHERE {where} ORDER BY o.id",
        wanted,
    )
    return {row["id"]: row for row in rows}


async def _lines(order_ids: Collection[int]) -> Mapping[int, list[Row]]:
    """With what the catalogue says by itself that they cost."""
    where, wanted = _of(order_ids, "l.order_id")
    rows = await fetch(
        "SELECT l.order_id, l.sku_id, l.sku, l.base_unit, l.quantity, l.unit_price_minor, l.price_per, l.presale, "
        "s.price_minor AS catalogued_minor, s.currency AS catalogued_in FROM order_line l JOIN sku s ON s.id = l.sku_id "
        f"WHERE {where} AND NOT l.is_removed ORDER BY l.order_id, l.position",
        wanted,
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found


def _of(order_ids: Collection[int], column: str) -> tuple[str, object]:
    """A condition and its parameter; of a single one PostgreSQL plans once and for all, of a list each time anew."""
    if len(order_ids) == 1:
        return f"{column} = ?", next(iter(order_ids))
    return among(column), listing(order_ids)
