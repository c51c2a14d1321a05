"""Boxes' configurations over HTTP: shown with what differs, tried, set, and gone back to."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.fleet import queries, twin, twin_queries
from controller.fleet.twin_views import TwinCheck, TwinVersionView, TwinView
from controller.http.routing import PLAIN, Call, Page, Permission, Route, page
from edge_agent.wire.messages import TwinDocument

Version = Annotated[int, Meta(ge=0, le=2**53)]


class CheckTwin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`document`: tables as in the agent's file: `device`, `station`, `symbols`, `settings`."""

    document: TwinDocument


class ChangeTwin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version`: the one that was read before (0: there is none yet); if another one came since then, it is refused."""

    version: Version
    document: TwinDocument
    note: Annotated[str, Meta(max_length=200, pattern=PLAIN)] | None = None


class RollBackTwin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What version `to` said becomes the newest; `version` as in a change."""

    version: Version
    to: Annotated[int, Meta(ge=1, le=2**53)]


async def show(call: Call[None]) -> TwinView:
    return await twin_queries.twin_view(call.path["id"], sites=call.actor.sites)


async def change(call: Call[ChangeTwin]) -> TwinView:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    await twin.desire(box.id, call.body.document, version=call.body.version, note=call.body.note)
    return await twin_queries.twin_view(box.id)


async def check(call: Call[CheckTwin]) -> TwinCheck:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    return await twin.check(box.id, call.body.document)


async def roll_back(call: Call[RollBackTwin]) -> TwinView:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    await twin.roll_back(box.id, call.body.to, version=call.body.version)
    return await twin_queries.twin_view(box.id)


async def list_versions(call: Call[None]) -> Page[TwinVersionView]:
    rows = await twin_queries.twin_versions(
        call.path["id"], before=call.page.number() or None, limit=call.page.limit, sites=call.actor.sites
    )
    return page(rows, call.page, key=lambda row: row.version)


READ, WRITE = Permission.FLEET_READ, Permission.FLEET_WRITE
_DOCUMENT: TwinDocument = {
    "device": [{"id": "scanner", "kind": "scanner", "model": "scanner.serial", "address": "serial:/dev/ttyACM0"}],
    "station": [{"id": "desk", "scanner": "scanner"}],
    "settings": {"log_level": "INFO"},
}

ROUTES = [
    Route(
        "GET",
        "/api/v1/boxes/{id}/twin",
        show,
        permission=READ,
        reply=TwinView,
        summary="A box's configuration: what it is to be, what it is, what differs",
    ),
    Route(
        "PUT",
        "/api/v1/boxes/{id}/twin",
        change,
        permission=WRITE,
        body=ChangeTwin,
        reply=TwinView,
        summary="Change a box's configuration",
        example=ChangeTwin(version=0, document=_DOCUMENT),
    ),
    Route(
        "POST",
        "/api/v1/boxes/{id}/twin/check",
        check,
        permission=WRITE,
        body=CheckTwin,
        reply=TwinCheck,
        summary="Try a configuration without setting it: what is wrong, what would change",
        example=CheckTwin(document=_DOCUMENT),
    ),
    Route(
        "GET",
        "/api/v1/boxes/{id}/twin/versions",
        list_versions,
        permission=READ,
        reply=Page[TwinVersionView],
        summary="List the latest versions of a box's configuration, the newest first",
    ),
    Route(
        "POST",
        "/api/v1/boxes/{id}/twin/roll-back",
        roll_back,
        permission=WRITE,
        body=RollBackTwin,
        reply=TwinView,
        summary="Go back to what an earlier version of a box's configuration said",
        example=RollBackTwin(version=2, to=1),
    ),
]
