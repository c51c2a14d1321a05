"""The queues of all printers, as boxes last told them: what waits, since when, and why."""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from controller.db import Row, among, fetch, listing
from controller.fleet.views import FaultView, PrintQueueView

_OPEN = "j.state NOT IN ('printed', 'failed', 'expired', 'cancelled')"
"""A literal, so that the partial index serves it."""
_WAITS = "j.state IN ('requested', 'accepted', 'queued')"
_AT = "coalesce(j.printer, j.device)"
OFFLINE = FaultView(
    code="box_offline", message="The box is offline. What it has is printed there; what it has not got yet waits for its link."
)


async def print_queues(*, after: str = "", limit: int = 50, sites: Iterable[str] | None = None) -> list[PrintQueueView]:
    """Printers with open jobs, in order of box and printer; `after` is ``box/printer``."""
    box, _, printer = after.partition("/")
    at, scope = ("", []) if sites is None else (f"AND {among('b.site')}", [listing(sorted(sites))])
    rows = await fetch(
        f"SELECT j.box, {_AT} AS printer, b.link, count(*) FILTER (WHERE {_WAITS}) AS waiting, "
        f"min(j.created_at) FILTER (WHERE {_WAITS}) AS oldest_at, count(*) FILTER (WHERE j.state = 'uncertain') AS uncertain "
        f"FROM print_job j JOIN box b ON b.id = j.box "
        f"WHERE {_OPEN} AND (j.box > ? OR (j.box = ? AND {_AT} > ?)) {at} "
        f"GROUP BY j.box, {_AT}, b.link ORDER BY j.box, {_AT} LIMIT ?",
        *(box, box, printer, *scope, limit),
    )
    boxes = sorted({str(row["box"]) for row in rows})
    held = await _held(boxes)
    devices = {
        (row["box"], row["id"]): row
        for row in await fetch(f"SELECT box, id, state, faults FROM device WHERE {among('box')}", listing(boxes))
    }
    return [_view(row, held.get((row["box"], row["printer"])), devices.get((row["box"], row["printer"]))) for row in rows]


async def _held(boxes: list[str]) -> dict[tuple[str, str], FaultView]:
    """What holds the first job of each printer that is told to be held: the most urgent, of those the oldest."""
    found: dict[tuple[str, str], FaultView] = {}
    for row in await fetch(
        f"SELECT j.box, {_AT} AS printer, j.fault FROM print_job j WHERE {_OPEN} AND {_WAITS} AND j.fault IS NOT NULL "
        f"AND {among('j.box')} ORDER BY j.priority, j.id",
        listing(boxes),
    ):
        found.setdefault((row["box"], row["printer"]), msgspec.json.decode(row["fault"], type=FaultView))
    return found


def _instant(least: datetime | str | None) -> datetime | None:
    """SQLite knows no type for what is computed."""
    return datetime.fromisoformat(least) if isinstance(least, str) else least


def _view(row: Row, held: FaultView | None, device: Row | None) -> PrintQueueView:
    faults = msgspec.json.decode(device["faults"], type=list[FaultView]) if device else []
    reason = OFFLINE if row["link"] != "online" else held or next(iter(faults), None)
    return PrintQueueView(
        box=row["box"],
        printer=row["printer"],
        state=device["state"] if device else "unknown",
        waiting=row["waiting"],
        oldest_at=_instant(row["oldest_at"]),
        uncertain=row["uncertain"],
        reason=reason if row["waiting"] else None,
    )
