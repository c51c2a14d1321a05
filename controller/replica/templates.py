"""The print templates that are current, so that boxes have them before their first need."""

from __future__ import annotations

from controller.documents import queries
from controller.replica.parts import Whole
from edge_agent.wire.replica import ReplicaTemplate


async def _read(site_id: str) -> list[ReplicaTemplate]:
    del site_id  # all sites print alike
    return [ReplicaTemplate(name=each.name, version=each.version, kind=each.kind) for each in await queries.current_versions()]


TEMPLATES = Whole(name="templates", read=_read)
