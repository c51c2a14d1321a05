"""Demand by business day, made of the ledger: what went to customers less what came back, and how on hand changed.

A follower moves the table `demand_day` on, so that a run reads days and not entries.  Late facts count on the day on which they
happened.  The table holds nothing that the ledger does not, and can be made of it again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from controller import db
from controller.db import Engine
from controller.sites.models import ON_HAND, LocationKind
from controller.sites.policies import BusinessDays

AT_ONCE = 20_000
"""Ledger entries of one transaction."""
SETTLE_SECONDS = 10.0
KEPT_DAYS = 1100
"""Three years: more than any forecast looks back."""
_POLL_SECONDS = 0.05
_ON_HAND = frozenset(kind.value for kind in ON_HAND)


@dataclass(slots=True)
class Day:
    """What happened to a SKU at a site on a day, base units."""

    sold: int = 0
    returned: int = 0
    net: int = 0
    found: int = 0


Spot = tuple[str, int, int]
"""Site, SKU, business day (date.toordinal())."""


def business_day(instant: datetime, zone: str, day_starts: str = "00:00") -> int:
    """The business day of an instant at a site, as date.toordinal(); it begins when the site says, by its own clocks."""
    return _days(zone, day_starts).day_of(instant).toordinal()


@lru_cache(maxsize=64)
def _days(zone: str, day_starts: str) -> BusinessDays:
    return BusinessDays(zone, day_starts)


async def prune() -> int:
    """Forget days that no forecast looks at any more, by the site that is furthest on; how many rows."""
    return await db.execute("DELETE FROM demand_day WHERE day < ?", db.now().toordinal() - KEPT_DAYS)


def summed(movements: Sequence[db.Row]) -> dict[Spot, Day]:
    """Ledger entries by site, SKU and day.  A row has both ends' site, kind, time zone and the beginning of its days."""
    days: dict[Spot, Day] = defaultdict(Day)
    for row in movements:
        quantity, instant = row["quantity"], row["occurred_at"]
        source, target = row["source_kind"], row["target_kind"]
        if source in _ON_HAND:
            day = days[row["source_site"], row["sku_id"], business_day(instant, row["source_zone"], row["source_starts"])]
            day.net -= quantity
            if target == LocationKind.CUSTOMER:
                day.sold += quantity
        if target in _ON_HAND:
            day = days[row["target_site"], row["sku_id"], business_day(instant, row["target_zone"], row["target_starts"])]
            day.net += quantity
            if source == LocationKind.CUSTOMER:
                day.returned += quantity
            elif source == LocationKind.DISCREPANCY:
                day.found += quantity
    return days


async def catch_up(*, within: float = SETTLE_SECONDS) -> int:
    """Take in every entry that is in the ledger now; how many there were.

    On PostgreSQL entries of transactions that still run are waited for, up to `within` seconds; then what is settled counts.
    """
    goal = await _newest()
    taken = 0
    async with asyncio.timeout(None) as limit:
        limit.reschedule(asyncio.get_running_loop().time() + within)
        try:
            while True:
                count, position = await db.in_transaction(_step)
                taken += count
                if position >= goal:
                    return taken
                if count:
                    limit.reschedule(asyncio.get_running_loop().time() + within)
                else:
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            return taken


async def _newest() -> int:
    return int((await db.fetch("SELECT COALESCE(MAX(id), 0) AS newest FROM stock_movement"))[0]["newest"])


async def advance() -> int:
    """Take in one batch of what is settled; how many entries there were."""
    count, _ = await db.in_transaction(_step)
    return count


async def _step() -> tuple[int, int]:
    """How many entries were taken in, and the position reached.

    Ids of the ledger are given before their transactions commit, so that the newest id seen says nothing of those below it.  It is
    settled once every transaction is over that began to write before this one, which looked at it, did (`seen_xid`): `move` locks
    rows, and so has its number, before it takes an id.
    """
    newest = await _newest()
    (cursor,) = await db.fetch(f"SELECT * FROM demand_cursor WHERE id = 1{db.for_update()}")  # noqa: S608 -- a suffix of ours
    position = int(cursor["position"])
    bound, xid = newest, 0
    if db.engine() is Engine.POSTGRES:
        (now,) = await db.fetch(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, pg_current_xact_id()::text::bigint AS mine"
        )
        xid = int(now["mine"])
        is_settled = int(cursor["seen_xid"]) <= int(now["oldest"])
        bound = int(cursor["seen"]) if is_settled else position
        if (is_settled and position >= bound) or int(cursor["seen_xid"]) > xid:  # the latter: restored into another cluster
            await db.execute("UPDATE demand_cursor SET seen = ?, seen_xid = ? WHERE id = 1", max(newest, position), xid)
    rows = await _entries(position, bound)
    await _add(summed(rows))
    reached = int(rows[-1]["id"]) if len(rows) == AT_ONCE else max(bound, position)
    if reached != position:
        await db.execute("UPDATE demand_cursor SET position = ? WHERE id = 1", reached)
    return len(rows), reached


async def _entries(after: int, until: int) -> list[db.Row]:
    if until <= after:
        return []
    return await db.fetch(
        "SELECT m.id, m.sku_id, m.quantity, m.occurred_at, f.site_id AS source_site, f.kind AS source_kind, "
        "a.time_zone AS source_zone, a.day_starts AS source_starts, t.site_id AS target_site, t.kind AS target_kind, "
        "b.time_zone AS target_zone, b.day_starts AS target_starts "
        "FROM stock_movement m JOIN location f ON f.id = m.from_location_id JOIN site a ON a.id = f.site_id "
        "JOIN location t ON t.id = m.to_location_id JOIN site b ON b.id = t.site_id "
        "WHERE m.id > ? AND m.id <= ? ORDER BY m.id LIMIT ?",
        *(after, until, AT_ONCE),
    )


async def _add(days: dict[Spot, Day]) -> None:
    await db.execute_many(
        "INSERT INTO demand_day (site_id, sku_id, day, sold, returned, net, found) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (site_id, sku_id, day) DO UPDATE SET sold = demand_day.sold + excluded.sold, "
        "returned = demand_day.returned + excluded.returned, net = demand_day.net + excluded.net, "
        "found = demand_day.found + excluded.found",
        [(*spot, day.sold, day.returned, day.net, day.found) for spot, day in sorted(days.items())],
    )


async def begin_again() -> None:
    """Forget the days; the whole ledger is taken in again, batch by batch, by whoever takes in what is new."""
    async with db.transaction():
        await db.fetch(f"SELECT id FROM demand_cursor WHERE id = 1{db.for_update()}")  # noqa: S608 -- a suffix of ours
        await db.execute("DELETE FROM demand_day")
        await db.execute("UPDATE demand_cursor SET position = 0, seen = 0, seen_xid = 0 WHERE id = 1")


async def rebuild() -> int:
    """Make the table of the whole ledger again (a site's clock was corrected, say); how many entries were read.

    Until it is through, days are missing: a run that begins meanwhile waits for it, as it waits for any entry.
    """
    await begin_again()
    return await catch_up()
