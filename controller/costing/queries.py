"""What goods cost: for a sale's margin, for reports, for the office."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.costing.policies import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCost:
    """The goods of a SKU at a site and on their way to it: `quantity` base units cost `value_minor`; of `unknown` nobody knows."""

    id: int
    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    site_id: str
    quantity: int
    value_minor: int
    unknown: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """An entry; see `models.CostEntry`."""

    id: int
    movement_id: int | None
    reason: str
    document: str | None
    quantity: int
    value_minor: int
    unknown: int
    difference_minor: int
    recorded_at: datetime


async def cost_of(sku_id: int, site_id: str, quantity: int) -> int | None:
    """What so many base units cost at a site now, in minor units of its currency, at the moving average; None: nobody knows."""
    return (await costs_of([sku_id], site_id)).get(sku_id, Pool()).cost_of(quantity)


async def costs_of(sku_ids: Collection[int], site_id: str) -> dict[int, Pool]:
    """The pools of many SKUs at a site, for `Pool.cost_of`; those without one are left out."""
    rows = await db.fetch(
        f"SELECT sku_id, quantity, value_minor, unknown FROM sku_cost WHERE site_id = ? AND {db.among('sku_id')}",
        *(site_id, db.listing(sorted(set(sku_ids)))),
    )
    return {row["sku_id"]: Pool(row["quantity"], row["value_minor"], row["unknown"]) for row in rows}


async def stock_costs(
    *, site: str = "", sku: str = "", after: int = 0, limit: int = 50, sites: Collection[str] | None = None
) -> list[StockCost]:
    """What is there and what it cost, in the order in which it was first there; `after`: the `id` of the last one shown."""
    conditions = ["c.id > ?", "(c.quantity > 0 OR c.unknown > 0)"]
    found: list[object] = [after]
    for column, value in (("c.site_id", site), ("s.code", sku)):
        if value:
            conditions.append(f"{column} = ?")
            found.append(value)
    if sites is not None:
        conditions.append(db.among("c.site_id"))
        found.append(db.listing(sorted(sites)))
    rows = await db.fetch(
        "SELECT c.sku_id, s.code AS sku, s.name_en, s.name_zh, c.site_id, c.quantity, c.value_minor, c.unknown, t.currency, c.id "
        "FROM sku_cost c JOIN sku s ON s.id = c.sku_id JOIN site t ON t.id = c.site_id "
        f"WHERE {' AND '.join(conditions)} ORDER BY c.id LIMIT ?",
        *(*found, limit),
    )
    return [StockCost(**row) for row in rows]


async def stock_value(sites: Sequence[str] | None = None) -> dict[str, tuple[int, int]]:
    """By site: what all goods of known cost there cost, in minor units, and how many base units nobody knows the cost of."""
    among, ids = ("", []) if sites is None else (f"WHERE {db.among('site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        f"SELECT site_id, SUM(value_minor) AS value, SUM(unknown) AS unknown FROM sku_cost {among} GROUP BY site_id", *ids
    )
    return {row["site_id"]: (int(row["value"]), int(row["unknown"])) for row in rows}


async def entries(sku_id: int, site_id: str, *, before: int | None = None, limit: int = 50) -> list[CostRow]:
    """Why a SKU's goods at a site have this value: the entries behind it, the newest first."""
    rows = await db.fetch(
        "SELECT id, movement_id, reason, document, quantity, value_minor, unknown, difference_minor, recorded_at FROM cost_entry "
        "WHERE sku_id = ? AND site_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        *(sku_id, site_id, before or 2**62, limit),
    )
    return [CostRow(**row) for row in rows]


async def unreconciled() -> list[tuple[int, str, str]]:
    """SKU, site and what does not fit: sums of entries are the pool, and it is what the ledger has there, once all is valued."""
    rows = await db.fetch(
        "SELECT c.sku_id, c.site_id FROM sku_cost c LEFT JOIN (SELECT sku_id, site_id, SUM(quantity) AS quantity, "
        "SUM(value_minor) AS value, SUM(unknown) AS unknown FROM cost_entry GROUP BY sku_id, site_id) e "
        "ON e.sku_id = c.sku_id AND e.site_id = c.site_id WHERE COALESCE(e.quantity, 0) <> c.quantity "
        "OR COALESCE(e.value, 0) <> c.value_minor OR COALESCE(e.unknown, 0) <> c.unknown"
    )
    ledger = await db.fetch(
        "SELECT b.sku_id, l.site_id FROM balance b JOIN location l ON l.id = b.location_id "
        "LEFT JOIN sku_cost c ON c.sku_id = b.sku_id AND c.site_id = l.site_id GROUP BY b.sku_id, l.site_id, c.quantity, c.unknown "
        "HAVING SUM(b.on_hand) <> COALESCE(c.quantity, 0) + COALESCE(c.unknown, 0)"
    )
    return [
        *((row["sku_id"], row["site_id"], "entries") for row in rows),
        *((row["sku_id"], row["site_id"], "ledger") for row in ledger),
    ]
