"""Station profiles, as a site's boxes keep them."""

from __future__ import annotations

from controller.profiles import queries
from controller.replica.parts import Whole
from edge_agent.wire.replica import ReplicaProfile


async def _read(site_id: str) -> list[ReplicaProfile]:
    chosen = await queries.chosen(site_id)
    return [
        ReplicaProfile(
            name=each.name,
            activities=list(each.activities),
            sign_in=each.sign_in,
            language=each.language,
            quiet_minutes=each.quiet_minutes,
            double_read_ms=each.double_read_ms,
            manager_adjusts=each.manager_adjusts,
            is_default=each.name == chosen,
        )
        for each in await queries.profiles()
    ]


PROFILES = Whole(name="profiles", read=_read)
