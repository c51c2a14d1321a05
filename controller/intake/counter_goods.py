"""Goods of counter orders that were taken away: they leave the site's shelf as a sale does, and come back when it is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller import db
from controller.catalog.queries import SkuRow
from controller.facts import FactIn
from controller.orders.numbers import ORDERS
from controller.sales.booking import Goods, book, take_back
from controller.sales.recording import business_days
from edge_agent.wire.order_facts import CounterOrder


async def leave(order_id: int, fact: FactIn[CounterOrder], sold: Sequence[tuple[int, int, int]]) -> None:
    """As (SKU id, base units, minor units) each.  Never refused.  In the caller's transaction."""
    days = await business_days({fact.site_id})
    day = days[fact.site_id].day_of(fact.occurred_at)
    goods = [
        Goods(
            site=fact.site_id,
            till=fact.box,
            document=ORDERS.number(order_id),
            occurred_at=fact.occurred_at,
            day=day,
            sku_id=sku_id,
            units=units,
            amount_minor=amount,
        )
        for sku_id, units, amount in sold
    ]
    costs = await book(goods)
    await db.execute("UPDATE counter_order SET day = ? WHERE order_id = ?", day, order_id)
    await db.insert_many(
        "counter_sold",
        ("order_id", "sku_id", "units", "amount_minor", "cost_minor"),
        [(order_id, *line, cost) for line, cost in zip(sold, costs, strict=True)],
    )


async def come_back(order_id: int) -> None:
    """As of the order's own time, as if they had never left.  In the caller's transaction."""
    (made,) = await db.fetch(
        "SELECT c.box, c.day, o.site, o.placed_at FROM counter_order c JOIN sales_order o ON o.id = c.order_id "
        "WHERE c.order_id = ?",
        order_id,
    )
    rows = await db.fetch("SELECT * FROM counter_sold WHERE order_id = ? ORDER BY id", order_id)
    sold = [
        Goods(
            site=made["site"],
            till=made["box"],
            document=ORDERS.number(order_id),
            occurred_at=made["placed_at"],
            day=made["day"],
            sku_id=row["sku_id"],
            units=row["units"],
            amount_minor=row["amount_minor"],
        )
        for row in rows
    ]
    costs = [row["cost_minor"] for row in rows]
    await take_back(list(zip(sold, costs, strict=True)), at=made["placed_at"], document=ORDERS.number(order_id))


async def prices(skus: Mapping[int, SkuRow], site: str) -> dict[str, int]:
    """Minor units by SKU code: the price in force at the site, as boxes are told it."""
    rows = await db.fetch(
        f"SELECT sku_id, price_minor FROM site_price WHERE site_id = ? AND {db.among('sku_id')}",  # noqa: S608 -- ours
        *(site, db.listing(sorted(skus))),
    )
    here = {row["sku_id"]: row["price_minor"] for row in rows}
    return {sku.code: here.get(sku_id) or sku.price_minor for sku_id, sku in skus.items()}
