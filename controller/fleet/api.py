"""The fleet over HTTP: boxes, devices, alerts, facts as stored, rejected messages, print jobs, commands."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from controller.errors import NotFound
from controller.fleet import operations, queries
from controller.fleet.views import AlertView, BoxView, CommandView, DeviceView, FactView, RejectedView
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, page

Id = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Short = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class RegisterBox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Its facts are taken in from now on."""

    id: Id
    site: Id
    name: Short


class SendCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name`: identify, rebirth, resend, test_print, …; it is done within 10 minutes or not at all."""

    name: Short
    device: Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,40}|_)$")] = "_"
    args: dict[str, str | int] = field(default_factory=dict)


async def list_boxes(call: Call[None]) -> Page[BoxView]:
    rows = await queries.boxes(after=call.page.after or "", limit=call.page.limit, sites=call.actor.sites)
    return page(rows, call.page, key=lambda row: row.id)


async def register(call: Call[RegisterBox]) -> Created[BoxView]:
    _check_site(call, call.body.site)
    await operations.register_box(call.body.id, site=call.body.site, name=call.body.name)
    return Created(await queries.box(call.body.id), location=f"/api/v1/boxes/{call.body.id}")


async def show_box(call: Call[None]) -> BoxView:
    return await queries.box(call.path["id"], sites=call.actor.sites)


async def list_devices(call: Call[None]) -> Page[DeviceView]:
    rows = await queries.devices(
        box_id=call.query.get("box"), after=call.page.number(), limit=call.page.limit, sites=call.actor.sites
    )
    numbered = page(rows, call.page, key=lambda row: row[0])
    return Page(items=[device for _, device in numbered.items], next=numbered.next)


async def list_alerts(call: Call[None]) -> Page[AlertView]:
    rows = await queries.alerts(after=call.page.number(), limit=call.page.limit, sites=call.actor.sites)
    numbered = page(rows, call.page, key=lambda row: row[0])
    return Page(items=[alert for _, alert in numbered.items], next=numbered.next)


async def list_facts(call: Call[None]) -> Page[FactView]:
    outcome = call.query.get("outcome")
    if outcome not in (None, "applied", "parked", "rejected"):
        raise BadParameter("outcome", "applied, parked or rejected")
    rows = await queries.facts(
        outcome=outcome,
        box_id=call.query.get("box"),
        name=call.query.get("name"),
        after=None if call.page.after is None else _uuid(call.page.after, "after"),
        limit=call.page.limit,
        sites=call.actor.sites,
    )
    return page(rows, call.page, key=lambda row: row.id)


async def show_fact(call: Call[None]) -> FactView:
    try:
        fact = UUID(call.path["id"])
    except ValueError as error:
        raise NotFound("fact", call.path["id"]) from error
    return await queries.fact(fact, sites=call.actor.sites)


async def list_rejected(call: Call[None]) -> Page[RejectedView]:
    """What has no known box has no site: only those who may see all sites see it."""
    if call.actor.sites is not None:
        return Page(items=[])
    rows = await queries.rejected_messages(after=call.page.after or "", limit=call.page.limit)
    return page(rows, call.page, key=lambda row: row.id)


async def list_commands(call: Call[None]) -> Page[CommandView]:
    rows = await queries.commands(
        box_id=call.query.get("box"), after=call.page.after, limit=call.page.limit, sites=call.actor.sites
    )
    return page(rows, call.page, key=lambda row: row.id)


async def send_command(call: Call[SendCommand]) -> Created[CommandView]:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    command = await operations.send_command(box.id, call.body.name, call.body.args, device=call.body.device)
    return Created(await queries.command(command), location=f"/api/v1/commands/{command}")


async def show_command(call: Call[None]) -> CommandView:
    return await queries.command(call.path["id"], sites=call.actor.sites)


def _check_site(call: Call[RegisterBox], site: str) -> None:
    if call.actor.sites is not None and site not in call.actor.sites:
        raise NotFound("site", site)


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadParameter(name, "the `next` of the page before") from error


READ, WRITE = Permission.FLEET_READ, Permission.FLEET_WRITE

ROUTES = [
    Route("GET", "/api/v1/boxes", list_boxes, permission=READ, reply=Page[BoxView], summary="List boxes"),
    Route(
        "POST",
        "/api/v1/boxes",
        register,
        permission=WRITE,
        body=RegisterBox,
        reply=BoxView,
        summary="Register a box",
        example=RegisterBox(id="box-1", site="sh-01", name="Till 1"),
    ),
    Route("GET", "/api/v1/boxes/{id}", show_box, permission=READ, reply=BoxView, summary="One box"),
    Route(
        "POST",
        "/api/v1/boxes/{id}/commands",
        send_command,
        permission=WRITE,
        body=SendCommand,
        reply=CommandView,
        summary="Send a command to a box",
        example=SendCommand(name="identify"),
    ),
    Route(
        "GET",
        "/api/v1/devices",
        list_devices,
        permission=READ,
        reply=Page[DeviceView],
        summary="List devices",
        filters={"box": "only those of this box"},
    ),
    Route("GET", "/api/v1/alerts", list_alerts, permission=READ, reply=Page[AlertView], summary="List alerts that hold now"),
    Route(
        "GET",
        "/api/v1/facts",
        list_facts,
        permission=READ,
        reply=Page[FactView],
        summary="List facts as stored, the newest first",
        filters={
            "outcome": "only applied, parked or rejected ones",
            "box": "only those of this box",
            "name": "only facts named so",
        },
    ),
    Route("GET", "/api/v1/facts/{id}", show_fact, permission=READ, reply=FactView, summary="One fact"),
    Route(
        "GET",
        "/api/v1/rejected-messages",
        list_rejected,
        permission=READ,
        reply=Page[RejectedView],
        summary="List messages that could not become facts",
    ),
    Route(
        "GET",
        "/api/v1/commands",
        list_commands,
        permission=READ,
        reply=Page[CommandView],
        summary="List commands, the newest first",
        filters={"box": "only those of this box"},
    ),
    Route("GET", "/api/v1/commands/{id}", show_command, permission=READ, reply=CommandView, summary="One command"),
]
