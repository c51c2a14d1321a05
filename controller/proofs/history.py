"""What was on hand at the end of each day: for a picture, and for whoever asks how it came to this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from controller import db


@dataclass(frozen=True, slots=True)
class Day:
    """Base units that came and went at a site on a day of its own time, and what was on hand at its end."""

    day: date
    came: int
    went: int
    on_hand: int


async def days(sku_id: int, site_id: str, *, last: date, count: int, zone: tzinfo) -> list[Day]:
    """The `count` days that end with `last`, in order.  A movement counts on the day on which it happened."""
    first = last - timedelta(days=count - 1)
    rows = await db.fetch(
        "SELECT m.occurred_at, m.quantity * ("
        "(CASE WHEN t.site_id = ? AND t.kind IN ('bin', 'receiving', 'packing', 'quarantine') THEN 1 ELSE 0 END) - "
        "(CASE WHEN f.site_id = ? AND f.kind IN ('bin', 'receiving', 'packing', 'quarantine') THEN 1 ELSE 0 END)) "
        "AS change FROM stock_movement m JOIN location f ON f.id = m.from_location_id JOIN location t ON t.id = m.to_location_id "
        "WHERE m.sku_id = ? AND m.occurred_at >= ? AND (f.site_id = ? OR t.site_id = ?)",
        *(site_id, site_id, sku_id, db.utc(datetime.combine(first, time.min, zone)), site_id, site_id),
    )
    held = await db.fetch("SELECT on_hand FROM availability WHERE sku_id = ? AND site_id = ?", sku_id, site_id)
    changes = [(row["occurred_at"].astimezone(zone).date(), int(row["change"])) for row in rows]
    return told_by(changes, held[0]["on_hand"] if held else 0, last, count)


def told_by(changes: Sequence[tuple[date, int]], now: int, last: date, count: int) -> list[Day]:
    """Days from changes by day, told backwards from what is on hand now."""
    came: dict[date, int] = defaultdict(int)
    went: dict[date, int] = defaultdict(int)
    for day, change in changes:
        (came if change > 0 else went)[day] += abs(change)
    on_hand = now - sum(change for day, change in changes if day > last)
    found = []
    for back in range(count):
        day = last - timedelta(days=back)
        found.append(Day(day, came[day], went[day], on_hand))
        on_hand -= came[day] - went[day]
    return found[::-1]
