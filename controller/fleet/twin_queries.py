"""Reads of boxes' configurations.  `sites` None: all of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from controller.db import Row, fetch
from controller.fleet.queries import box as box_of
from controller.fleet.twin_diff import TwinFault, diff
from controller.fleet.twin_views import ReportedView, TwinState, TwinVersionView, TwinView
from edge_agent.wire.messages import TwinReported


async def twin_view(box: str, *, sites: Iterable[str] | None = None) -> TwinView:
    """What it is to be, what it is, what differs.  Raises NotFound."""
    await box_of(box, sites=sites)
    rows = await fetch("SELECT * FROM box_twin WHERE box = ?", box)
    if not rows:
        return _view(box, {"version": 0, "document": None, "changed_at": None, "changed_by": None, "reported": None})
    return _view(box, rows[0])


async def twin_versions(
    box: str, *, before: int | None = None, limit: int = 50, sites: Iterable[str] | None = None
) -> list[TwinVersionView]:
    """The newest first.  Raises NotFound."""
    await box_of(box, sites=sites)
    rows = await fetch(
        "SELECT version, document, changed_at, changed_by, note FROM box_twin_version WHERE box = ? AND version < ? "
        "ORDER BY version DESC LIMIT ?",
        *(box, before or 2**62, limit),
    )
    return [msgspec.convert(row | {"document": msgspec.json.decode(row["document"])}, TwinVersionView) for row in rows]


def _view(box: str, row: Row) -> TwinView:
    document = None if row["document"] is None else msgspec.json.decode(row["document"], type=dict[str, object])
    reported = _reported(row)
    return TwinView(
        box=box,
        state=_state(row["version"] if document is not None else 0, reported),
        version=row["version"],
        document=document,
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        reported=reported,
        diff=diff(document, reported.document, reported.errors) if document is not None and reported is not None else [],
    )


def _reported(row: Row) -> ReportedView | None:
    if row["reported"] is None:
        return None
    told = msgspec.json.decode(row["reported"], type=TwinReported)
    return ReportedView(
        version=told.version,
        applied_version=told.applied_version,
        at=told.at,
        received_at=row["reported_at"],
        document=told.document,
        errors=[TwinFault(key=error.key, code=error.code, message=error.message) for error in told.errors],
    )


def _state(version: int, reported: ReportedView | None) -> TwinState:
    if version == 0:
        return TwinState.FILE
    if reported is None or reported.version < version or reported.applied_version < version:
        return TwinState.WAITING
    return TwinState.PARTLY if reported.errors else TwinState.APPLIED
