"""Orders that may be one and the same."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import timedelta

from controller.db import among, fetch, listing
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState

WITHIN = timedelta(hours=24)
_LOOKED_AT = 50


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
