"""What a base unit of goods is worth at a site, where counts are judged by value."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller import db
from controller.catalog.models import BaseUnit
from controller.costing.policies import Pool
from controller.costing.queries import costs_of
from controller.counts.policies import UnitCost

_PRICED_PER = {BaseUnit.PIECE.value: 1}
_PER_HUNDRED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A SKU as counts need it at a site; `abc` its class there."""

    sku_id: int
    code: str
    base_unit: str
    cost: UnitCost
    abc: str


async def goods_of(sku_ids: Iterable[int], site: str) -> dict[int, Goods]:
    """By SKU.  What costs nothing that is known is worth its price; what was never classified is C."""
    wanted = sorted(set(sku_ids))
    pools = await costs_of(wanted, site)
    rows = await db.fetch(
        "SELECT s.id, s.code, s.base_unit, s.price_minor, k.abc FROM sku s LEFT JOIN sku_class k ON k.sku_id = s.id AND k.site = ? "
        f"WHERE {db.among('s.id')}",
        *(site, db.listing(wanted)),
    )
    return {row["id"]: _goods(row, pools.get(row["id"], Pool())) for row in rows}


def _goods(row: db.Row, pool: Pool) -> Goods:
    if pool.quantity > 0:
        cost = UnitCost(pool.value, pool.quantity)
    else:
        cost = UnitCost(row["price_minor"], _PRICED_PER.get(row["base_unit"], _PER_HUNDRED))
    return Goods(sku_id=row["id"], code=row["code"], base_unit=row["base_unit"], cost=cost, abc=row["abc"] or "C")
