"""The codes of a site's bins, of its receiving place and its quarantine, so that a box knows a bin when it reads one.

A site that keeps no bins here tells none: its boxes then take any code for one.
"""

from __future__ import annotations

from controller import db
from controller.replica.parts import Whole
from edge_agent.wire.open_work import SiteBin


async def _read(site_id: str) -> list[SiteBin]:
    rows = await db.fetch(
        "SELECT code, kind FROM location WHERE site_id = ? AND kind IN ('bin', 'receiving', 'quarantine') ORDER BY code", site_id
    )
    has_bins = any(row["kind"] == "bin" for row in rows)
    return [SiteBin(code=row["code"], kind=row["kind"]) for row in rows] if has_bins else []


BINS = Whole(name="bins", read=_read)
