"""What is on hand at a site, as its boxes keep it."""

from __future__ import annotations

from controller import db
from controller.replica.parts import Changed, Id, Versioned
from edge_agent.wire.replica import ReplicaStock


async def _read(site_id: str, after: tuple[int, Id], limit: int) -> list[Changed]:
    rows = await db.fetch(
        "SELECT sku_id, version, on_hand FROM availability "
        "WHERE site_id = ? AND (version, sku_id) > (?, ?) ORDER BY version, sku_id LIMIT ?",
        *(site_id, *after, limit),
    )
    return [Changed(row["version"], row["sku_id"], ReplicaStock(item=row["sku_id"], on_hand=row["on_hand"])) for row in rows]


STOCK = Versioned(name="stock", table="availability", read=_read, is_of_site=True)
