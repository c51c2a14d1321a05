"""The other sites of the chain: where goods can be sent to that the office has not announced."""

from __future__ import annotations

from controller.replica.parts import Whole
from controller.sites.queries import sites
from edge_agent.wire.replica import ReplicaSite

MOST = 500


async def _read(site_id: str) -> list[ReplicaSite]:
    return [ReplicaSite(id=each.id, name=each.name) for each in await sites(limit=MOST) if each.id != site_id]


SITES = Whole(name="sites", read=_read)
