"""The lots that are recalled now, chain-wide: a box refuses them at the scan, also while it is offline."""

from __future__ import annotations

from controller.recalls.queries import recalled_now
from controller.replica.parts import Whole
from edge_agent.wire.replica import ReplicaRecall


async def _read(site_id: str) -> list[ReplicaRecall]:
    """All of them at every site: goods of a lot may come to one that has none yet."""
    del site_id
    return [ReplicaRecall(id=each.no, sku=each.sku, lot=each.lot) for each in await recalled_now()]


RECALLS = Whole(name="recalls", read=_read)
