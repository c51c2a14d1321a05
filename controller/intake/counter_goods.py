"""Goods of counter orders that were taken away: they leave the site's shelf as a sale does, and come back when it is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from controller import db
from controller.catalog.queries import SkuRow
from controller.facts import FactIn
from controller.orders.numbers import ORDERS
from controller.sales.booking import Goods, book, take_back
from controller.sales.recording import business_days
from controller.stock.lots import MAX_CODE, LotSeen, lots_of
from edge_agent.wire.order_facts import CounterOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """Base units of a SKU for so many minor units; of a lot, or the one piece, if the box told that."""

    sku_id: int
    units: int
    amount_minor: int
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None

    @property
    def seen(self) -> LotSeen:
        """A code that no lot can have is as if nobody had told it: the goods are gone all the same."""
        code = self.lot.strip() if self.lot else None
        is_one = code is not None and 0 < len(code) <= MAX_CODE and code.isprintable()
        return LotSeen(sku_id=self.sku_id, code=code if is_one else None, expiry=self.expiry)

    @property
    def piece(self) -> str | None:
        """Its serial number, where it is one piece."""
        told = (self.serial or "").strip()
        return told if self.units == 1 and 0 < len(told) <= MAX_CODE and told.isprintable() else None


async def leave(order_id: int, fact: FactIn[CounterOrder], sold: Sequence[Sold]) -> None:
    """Never refused.  In the caller's transaction."""
    lots = await lots_of([each.seen for each in sold], site=fact.site_id)
    days = await business_days({fact.site_id})
    day = days[fact.site_id].day_of(fact.occurred_at)
    goods = [
        Goods(
            site=fact.site_id,
            till=fact.box,
            document=ORDERS.number(order_id),
            occurred_at=fact.occurred_at,
            day=day,
            sku_id=each.sku_id,
            units=each.units,
            amount_minor=each.amount_minor,
            lot_id=lot,
            serial=each.piece,
        )
        for each, lot in zip(sold, lots, strict=True)
    ]
    costs = await book(goods)
    await db.execute("UPDATE counter_order SET day = ? WHERE order_id = ?", day, order_id)
    await db.insert_many(
        "counter_sold",
        ("order_id", "sku_id", "units", "amount_minor", "cost_minor", "lot_id", "serial"),
        [
            (order_id, each.sku_id, each.units, each.amount_minor, cost, each.lot_id, each.serial)
            for each, cost in zip(goods, costs, strict=True)
        ],
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
            lot_id=row["lot_id"],
            serial=row["serial"],
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
