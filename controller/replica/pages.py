"""One page for a box: what changed since its cursor, of all parts (docs/adr/0016, 0021).

A change takes the `version` off its row (NULL); whoever reads next gives all such rows the next version, one reader after another.
So versions are in the order in which changes became visible, with no lock that writers would wait for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controller import db
from controller.replica import history
from controller.replica.history import Cursor, parse_cursor
from controller.replica.parts import Part
from controller.replica.table import PARTS
from controller.sites.queries import site
from edge_agent.wire.replica import ITEMS, ReplicaPage


async def page_since(
    site_id: str, since: str, names: Collection[str] | None = None, *, parts: Mapping[str, Part] = PARTS, limit: int = ITEMS
) -> ReplicaPage:
    """What a site's box has not been told yet of the named parts (None: of all), at most `limit` rows of each.

    Raises NotFound (site).
    """
    await site(site_id)
    asked = [part for part in parts.values() if names is None or part.name in names]
    at = db.now()
    has_unnumbered = await db.in_transaction(lambda: _number_changes(site_id, asked))
    start = await _start(since, asked)
    told = {part.name: await part.since(site_id, start.places.get(part.name) if start else None, limit) for part in asked}
    return ReplicaPage(
        site=site_id,
        since=since if start else "",
        # the stamp is read behind the rows: under it, or before it, all their versions were given
        next=str(Cursor(await history.now_under(), {name: each.place for name, each in told.items()})),
        more=has_unnumbered or any(each.more for each in told.values()),
        at=at,
        parts={name: each.rows for name, each in told.items()},
    )


async def _start(since: str, parts: Collection[Part]) -> Cursor | None:
    """Where to go on; None: from the beginning, as that was in another history."""
    cursor = parse_cursor(since)
    reached = None if cursor is None else await history.reached(cursor.stamp)
    if cursor is None or reached is None:
        return None
    for part in parts:
        version = part.version_of(cursor.places.get(part.name))
        if version is None or version > reached:
            return None
    return cursor


async def _number_changes(site_id: str, parts: Collection[Part]) -> bool:
    """True if some rows may have no version yet.  A row that somebody is writing right now is left to later."""
    if await history.now_under() and not any([await part.number(site_id, None) for part in parts]):
        return False
    version = await history.next_version()
    return any([await part.number(site_id, version) for part in parts])
