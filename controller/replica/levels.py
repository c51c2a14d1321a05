"""What is on hand at a site, and where most of it lies, as its boxes keep it."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from controller import db
from controller.replica.parts import Changed, Id, Versioned
from edge_agent.wire.replica import BINS_TOLD, ReplicaStock


async def _read(site_id: str, after: tuple[int, Id], limit: int) -> list[Changed]:
    rows = await db.fetch(
        "SELECT sku_id, version, on_hand FROM availability "
        "WHERE site_id = ? AND (version, sku_id) > (?, ?) ORDER BY version, sku_id LIMIT ?",
        *(site_id, *after, limit),
    )
    bins = await fullest_bins(site_id, [row["sku_id"] for row in rows])
    return [
        Changed(
            row["version"],
            row["sku_id"],
            ReplicaStock(item=row["sku_id"], on_hand=row["on_hand"], bins=bins[row["sku_id"]][:BINS_TOLD]),
        )
        for row in rows
    ]


async def fullest_bins(site_id: str, skus: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """The bins of a site that hold each SKU, with base units, the fullest first."""
    rows = await db.fetch(
        "SELECT b.sku_id, l.code, SUM(b.on_hand) AS units FROM balance b JOIN location l ON l.id = b.location_id "
        f"WHERE l.site_id = ? AND l.kind = 'bin' AND b.on_hand > 0 AND {db.among('b.sku_id')} "
        "GROUP BY b.sku_id, l.code ORDER BY b.sku_id, units DESC, l.code",
        site_id,
        db.listing(sorted(set(skus))),
    )
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        found[row["sku_id"]].append((row["code"], int(row["units"])))
    return found


STOCK = Versioned(name="stock", table="availability", read=_read, is_of_site=True)
