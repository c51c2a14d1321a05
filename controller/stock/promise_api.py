"""Promises over HTTP: channels and what they leave to each other, what can be sold, presale, carts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import quote

from msgspec import Meta, Struct

from controller import events
from controller.catalog.queries import sku
from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from controller.sites.queries import site
from controller.stock import cart_api, channels
from controller.stock.presale import set_presale

T = TypeVar("T")
Code = Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Units = Annotated[int, Meta(ge=0, le=10**12)]


class ChannelView(Struct, frozen=True, kw_only=True):
    code: str
    name_en: str
    name_zh: str


class AddChannel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code
    name_en: Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]
    name_zh: Annotated[str, Meta(min_length=1, max_length=80, pattern=PLAIN)]


class BufferView(Struct, frozen=True, kw_only=True):
    """`quantity` base units that the channel leaves to the others; `sku` null: of each, `site` null: at each."""

    id: int
    sku: str | None
    site: str | None
    quantity: int
    changed_at: datetime


class SetBuffer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` null takes the buffer away.  To lower it is to borrow from the other channels."""

    sku: Sku | None = None
    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")] | None = None
    quantity: Units | None
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class ChangeView(Struct, frozen=True, kw_only=True):
    """One change of a channel: who, when, and what was before and after."""

    id: int
    at: datetime
    actor: str
    name: str
    data: dict[str, object]


class PromiseView(Struct, frozen=True, kw_only=True):
    """`available` = `free` - `buffer`, never below zero; `free` = on_hand - reserved - allocated - quarantined.

    `presale`: what may be promised besides, before it arrives.
    """

    sku: str
    site: str
    channel: str
    available: int
    free: int
    buffer: int
    presale: int


class SetPresale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    quantity: Units


async def list_channels(call: Call[None]) -> Page[ChannelView]:
    rows = await channels.channels(after=call.page.after or "", limit=call.page.limit)
    views = [ChannelView(code=row.code, name_en=row.name_en, name_zh=row.name_zh) for row in rows]
    return page(views, call.page, key=lambda view: view.code)


async def add_channel(call: Call[AddChannel]) -> Created[ChannelView]:
    asked = call.body
    await channels.add_channel(asked.code, name_en=asked.name_en, name_zh=asked.name_zh)
    view = ChannelView(code=asked.code, name_en=asked.name_en, name_zh=asked.name_zh)
    return Created(view, location=f"/api/v1/channels/{quote(asked.code, safe='')}/buffers")


async def buffers(call: Call[None]) -> Page[BufferView]:
    rows = await channels.buffers(call.path["channel"], after=call.page.number(), limit=call.page.limit)
    return page([_buffer(row) for row in rows], call.page, key=lambda view: view.id)


async def set_buffer(call: Call[SetBuffer]) -> PromiseBuffer:
    asked, channel = call.body, call.path["channel"]
    found = await sku(asked.sku) if asked.sku else None
    if asked.site:
        await site(asked.site)
    sku_id = found.id if found else 0
    await channels.set_buffer(channel, asked.quantity, sku_id=sku_id, site=asked.site or "", reason=asked.reason)
    return PromiseBuffer(channel=channel, sku=asked.sku, site=asked.site, quantity=asked.quantity)


class PromiseBuffer(Struct, frozen=True, kw_only=True):
    """The buffer as it is now; `quantity` null: there is none."""

    channel: str
    sku: str | None
    site: str | None
    quantity: int | None


async def changes(call: Call[None]) -> Page[ChangeView]:
    found = await events.happened_to(f"channel:{call.path['channel']}", call.page.limit, call.page.number() or None)
    views = [ChangeView(id=one.id, at=one.recorded_at, actor=one.actor, name=one.name, data=one.data) for one in found]
    return page(views, call.page, key=lambda view: view.id)


async def promise(call: Call[None]) -> PromiseView:
    await site(call.path["site"])
    found = await sku(call.path["sku"])
    now = await channels.available_to_promise(found.id, call.path["site"], call.query.get("channel", ""))
    return PromiseView(
        sku=now.sku,
        site=now.site,
        channel=now.channel,
        available=now.available,
        free=now.free,
        buffer=now.buffer,
        presale=now.presale,
    )


async def presale(call: Call[SetPresale]) -> PromiseView:
    where = call.path["site"]
    await site(where)
    await set_presale((await sku(call.path["sku"])).id, where, call.body.quantity)
    return await promise(Call(actor=call.actor, body=None, path=call.path))


def _buffer(row: channels.Buffer) -> BufferView:
    return BufferView(id=row.id, sku=row.sku, site=row.site, quantity=row.quantity, changed_at=row.changed_at)


CHANNEL = "/api/v1/channels/{channel}"
LEVEL = "/api/v1/sites/{site}/stock/{sku}"
READ, WRITE = Permission.STOCK_READ, Permission.STOCK_WRITE
ROUTES = [
    Route("GET", "/api/v1/channels", list_channels, permission=READ, reply=Page[ChannelView], summary="List channels"),
    Route(
        "POST",
        "/api/v1/channels",
        add_channel,
        permission=WRITE,
        body=AddChannel,
        reply=ChannelView,
        summary="Add a channel: who sells, as orders name it",
        example=AddChannel(code="web", name_en="Web shop", name_zh="网店"),
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{CHANNEL}/buffers",
        buffers,
        permission=READ,
        reply=Page[BufferView],
        summary="List what a channel leaves to the others; the narrowest holds: SKU and site, SKU, site, all",
        whole_chain=True,
    ),
    Route(
        "PUT",
        f"{CHANNEL}/buffers",
        set_buffer,
        permission=WRITE,
        body=SetBuffer,
        reply=PromiseBuffer,
        summary="Set or take away a buffer; to lower it is to borrow from the other channels",
        example=SetBuffer(sku="013-1", site="s1", quantity=5, reason="weekend"),
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{CHANNEL}/changes",
        changes,
        permission=READ,
        reply=Page[ChangeView],
        summary="Who changed a channel's buffers, when, and why; the newest first",
        whole_chain=True,
    ),
    Route(
        "GET",
        f"{LEVEL}/promise",
        promise,
        permission=READ,
        reply=PromiseView,
        summary="Show what of a SKU a channel can promise at a site",
        filters={"channel": "who sells; empty: nobody in particular, without a buffer"},
    ),
    Route(
        "PUT",
        f"{LEVEL}/presale",
        presale,
        permission=WRITE,
        body=SetPresale,
        reply=PromiseView,
        summary="Set how much of a SKU may be promised before it arrives",
        example=SetPresale(quantity=20),
    ),
    *cart_api.ROUTES,
]
