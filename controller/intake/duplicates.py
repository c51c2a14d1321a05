"""Orders that may be one and the same, and orders that could go in one parcel."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from controller.customers.order_addresses import stored_addresses
from controller.db import among, fetch, listing
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState

WITHIN = timedelta(hours=24)
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Orders of one customer to one place, none of them released: one parcel would do.  The oldest first."""

    customer_id: int
    orders: list[str]


async def twin_of(order_id: int) -> str | None:
    """The latest order before this one that is the same: of the same customer, or to the same place, the same goods, within a day,
    under another reference; its number.
    """
    rows = await fetch("SELECT customer_id, channel, reference, placed_at FROM sales_order WHERE id = ?", order_id)
    if not rows:
        return None
    order = rows[0]
    others = await fetch(
        "SELECT id, customer_id FROM sales_order WHERE id < ? AND placed_at >= ? AND state NOT IN (?, ?) "
        "AND customer_id = ? AND NOT (channel = ? AND reference = ?) ORDER BY id DESC LIMIT ?",
        *(order_id, order["placed_at"] - WITHIN, OrderState.CANCELLED.value, OrderState.DRAFT.value),
        *(order["customer_id"], order["channel"], order["reference"], _LOOKED_AT),
    )
    ids = [row["id"] for row in others]
    goods = await _goods([order_id, *ids])
    return next((ORDERS.number(each) for each in ids if goods[each] == goods[order_id]), None)


async def _goods(order_ids: Collection[int]) -> dict[int, Counter[int]]:
    """Base units by SKU, by order."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    rows = await fetch(
        f"SELECT order_id, sku_id, quantity FROM order_line WHERE {among('order_id')} AND NOT is_removed", listing(order_ids)
    )
    for row in rows:
        found[row["order_id"]][row["sku_id"]] += row["quantity"]
    return found


async def merge_suggestions(*, sites: Collection[str] | None, limit: int = 50) -> list[Suggestion]:
    """Open orders that could go in one parcel: one customer, one place, nothing of them released."""
    seen, ids = (
        ("", [])
        if sites is None
        else (
            f"AND EXISTS (SELECT 1 FROM order_site s WHERE s.order_id = o.id AND {among('s.site')})",
            [listing(sorted(sites))],
        )
    )
    rows = await fetch(
        "SELECT o.id, o.customer_id FROM sales_order o WHERE o.customer_id IS NOT NULL AND o.delivery = 'shipping' "
        "AND o.state IN ('in_review', 'on_hold', 'approved') "
        f"AND NOT EXISTS (SELECT 1 FROM pick_list p WHERE p.order_id = o.id) {seen} "
        "AND (SELECT COUNT(*) FROM sales_order t WHERE t.customer_id = o.customer_id AND t.delivery = 'shipping' "
        "AND t.state IN ('in_review', 'on_hold', 'approved')) > 1 ORDER BY o.customer_id, o.id LIMIT ?",
        *(*ids, limit * 10),
    )
    places = await stored_addresses([row["id"] for row in rows])
    together: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in rows:
        if row["id"] in places:
            together[row["customer_id"], places[row["id"]].place_hash].append(ORDERS.number(row["id"]))
    return [Suggestion(customer_id=who, orders=orders) for (who, _), orders in together.items() if len(orders) > 1][:limit]
