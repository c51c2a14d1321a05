"""What counts found missing or too many, by reason: for reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller import db


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinkage:
    """Differences that were accepted for a reason (empty: within tolerance), at cost; below zero is loss.

    `lost_minor` and `found_minor` are its two sides, without sign; base units of different goods are not added up.
    """

    reason: str
    rows: int
    net_minor: int
    lost_minor: int
    found_minor: int


async def shrinkage(site: str, *, since: datetime, until: datetime) -> list[Shrinkage]:
    """Of what was counted from `since` (inclusive) to `until`, the greatest loss first."""
    rows = await db.fetch(
        "SELECT COALESCE(r.reason, '') AS reason, COUNT(*) AS found, SUM(r.value_minor) AS net, "
        "SUM(CASE WHEN r.value_minor < 0 THEN -r.value_minor ELSE 0 END) AS lost, "
        "SUM(CASE WHEN r.value_minor > 0 THEN r.value_minor ELSE 0 END) AS more "
        "FROM count_row r JOIN count_session s ON s.id = r.session_id WHERE s.site = ? AND r.state = 'accepted' "
        "AND r.variance <> 0 AND r.at >= ? AND r.at < ? GROUP BY COALESCE(r.reason, '') "
        "ORDER BY SUM(r.value_minor), COALESCE(r.reason, '')",
        *(site, db.utc(since), db.utc(until)),
    )
    return [
        Shrinkage(
            reason=row["reason"],
            rows=int(row["found"]),
            net_minor=int(row["net"]),
            lost_minor=int(row["lost"]),
            found_minor=int(row["more"]),
        )
        for row in rows
    ]
