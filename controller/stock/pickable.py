"""What can be fetched for orders at a site: by bin and lot, never blocked and never in quarantine."""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from controller import db


@dataclass(frozen=True, slots=True)
class Pickable:
    """Base units of a lot in a bin; `expiry` None: nobody knows of one."""

    sku_id: int
    location_id: int
    lot_id: int
    on_hand: int
    expiry: date | None = None


@dataclass(frozen=True, slots=True)
class LotNow:
    """A lot as a picker must know it; `recalled_at`: since when a recall holds for it, None: none does."""

    id: int
    name: str
    expiry: date | None
    recalled_at: datetime | None = None


async def pickable(sku_ids: Iterable[int], site_id: str) -> dict[int, list[Pickable]]:
    """By SKU; in bins and at the receiving place."""
    rows = await db.fetch(
        "SELECT b.sku_id, b.location_id, b.lot_id, b.on_hand, o.expiry FROM balance b JOIN location l ON l.id = b.location_id "
        f"LEFT JOIN lot o ON o.id = b.lot_id WHERE l.site_id = ? AND {db.among('b.sku_id')} AND l.kind IN ('bin', 'receiving') "
        "AND b.on_hand > 0 AND (o.id IS NULL OR NOT o.blocked) ORDER BY b.sku_id, b.location_id, b.lot_id",
        site_id,
        db.listing(sorted(set(sku_ids))),
    )
    found: dict[int, list[Pickable]] = {}
    for row in rows:
        found.setdefault(row["sku_id"], []).append(Pickable(**row))
    return found


async def lots_now(lot_ids: Iterable[int]) -> Mapping[int, LotNow]:
    rows = await db.fetch(
        "SELECT o.id, o.key, o.code, o.expiry, r.created_at AS recalled_at FROM lot o "
        f"LEFT JOIN recall r ON r.lot_id = o.id AND r.state = 'open' WHERE {db.among('o.id')}",
        db.listing(sorted(set(lot_ids) - {0})),
    )
    return {row["id"]: LotNow(row["id"], name_of(row["code"], row["key"]), row["expiry"], row["recalled_at"]) for row in rows}


def name_of(code: str | None, key: str) -> str:
    """A lot as people call it: the maker's code, or the day it expires."""
    return code or key.partition(":")[2]
