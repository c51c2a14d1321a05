"""What boxes measure, log and collect, over HTTP; and the way of a bundle from a box to here."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.db import in_transaction
from controller.events import acting
from controller.fleet import diagnostics, measured, queries
from controller.fleet.diagnostics import BundleView
from controller.fleet.measured import LEVELS, LogView, PointView, TelemetryView
from controller.fleet.views import BoxView
from controller.http.routing import BadParameter, Call, Page, Permission, Reply, Route, page

GZIP = "application/gzip"


class History(Struct, frozen=True, kw_only=True):
    """At most 288 points."""

    items: list[PointView]


class StatisticsView(Struct, frozen=True, kw_only=True):
    """By device, then by name: UnifiedPOS's, or ours with ``M_`` before it."""

    devices: Annotated[dict[str, dict[str, int]], Meta(max_length=200)]


async def show_telemetry(call: Call[None]) -> TelemetryView:
    return await measured.telemetry((await _box(call)).id)


async def show_history(call: Call[None]) -> History:
    return History(items=await measured.history((await _box(call)).id))


async def show_statistics(call: Call[None]) -> StatisticsView:
    box = await _box(call)
    return StatisticsView(devices=(await measured.statistics([box.id])).get(box.id, {}))


async def list_log(call: Call[None]) -> Page[LogView]:
    box, level = await _box(call), call.query.get("level")
    if level not in (None, *LEVELS):
        raise BadParameter("level", " or ".join(LEVELS))
    before = None if call.page.after is None else call.page.number()
    rows = await measured.log_lines(box.id, level=level, before=before, limit=call.page.limit)
    return page(rows, call.page, key=lambda row: row.no)


async def list_bundles(call: Call[None]) -> Page[BundleView]:
    box = await _box(call)
    rows = await diagnostics.bundles(box.id, after=call.page.after, limit=call.page.limit)
    return page(rows, call.page, key=lambda row: row.command)


async def fetch_bundle(call: Call[None]) -> Reply:
    box, command = await _box(call), call.path["command"]
    with acting(call.actor.account):
        content = await in_transaction(lambda: diagnostics.fetched(command, box=box.id, site=box.site))
    name = f"{box.id}-{command}.tar.gz"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Reply(body=content, media_type=GZIP, headers=headers)


async def take_bundle(call: Call[bytes]) -> None:
    box = call.actor.name if call.actor.kind == "box" else None
    digest = call.query.get("sha256", "")
    await diagnostics.keep(call.path["command"], call.body, digest, box=box, sites=call.actor.sites)


async def _box(call: Call[None]) -> BoxView:
    """Raises NotFound."""
    return await queries.box(call.path["id"], sites=call.actor.sites)


READ = Permission.FLEET_READ
_AT = "/api/v1/boxes/{id}"

ROUTES = [
    Route(
        "GET",
        f"{_AT}/telemetry",
        show_telemetry,
        permission=READ,
        reply=TelemetryView,
        summary="What a box measured of itself last",
    ),
    Route(
        "GET",
        f"{_AT}/telemetry/history",
        show_history,
        permission=READ,
        reply=History,
        summary="The last 24 hours, by five minutes",
    ),
    Route(
        "GET",
        f"{_AT}/statistics",
        show_statistics,
        permission=READ,
        reply=StatisticsView,
        summary="The statistics of a box's devices",
    ),
    Route(
        "GET",
        f"{_AT}/logs",
        list_log,
        permission=READ,
        reply=Page[LogView],
        summary="List warnings and errors of a box's log, the newest first",
        filters={"level": "only lines of this level: WARNING, ERROR or CRITICAL"},
    ),
    Route(
        "GET",
        f"{_AT}/diagnostics",
        list_bundles,
        permission=READ,
        reply=Page[BundleView],
        summary="List a box's diagnostics bundles",
    ),
    Route(
        "GET",
        f"{_AT}/diagnostics/{{command}}",
        fetch_bundle,
        permission=Permission.FLEET_WRITE,
        reply=bytes,
        summary="A diagnostics bundle (tar.gz); who takes it is recorded",
    ),
    Route(
        "PUT",
        "/box/v1/diagnostics/{command}",
        take_bundle,
        permission=Permission.BOX,
        body=bytes,
        accepts=GZIP,
        summary="A box sends the bundle that a command asked for",
        filters={"sha256": "the SHA-256 of the body, in hexadecimal"},
    ),
]
