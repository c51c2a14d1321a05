"""Intake over HTTP: channels send signed orders, people map goods, look at what waits, and see what could go in one parcel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller import events
from controller.customers.events import PersonalDataSeen
from controller.errors import NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Page, Permission, Reply, Route, page
from controller.intake import mapping, queries, signing, taking
from controller.intake import marketplaces as polled
from controller.intake.document import MAX_BYTES, UnreadableOrder
from controller.intake.mapping import MAX_GOODS, MOST_UNITS
from controller.intake.queries import StoredRaw
from controller.intake.signing import NONCE, SIGNATURE, TIME
from controller.intake.states import RawState

Channel = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$(?!\n)")]


class RawTaken(Struct, frozen=True, kw_only=True):
    """`known`: these very bytes came before."""

    id: int
    known: bool


class RawView(Struct, frozen=True, kw_only=True):
    """`code` and `detail`: why it is no order of ours (yet)."""

    id: int
    channel: str
    source: str
    reference: str | None
    state: RawState
    code: str | None
    detail: str | None
    order: str | None
    received_at: datetime
    changed_at: datetime


class Discard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class MapGoods(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the channel's `goods` is `units` base units of `sku`."""

    channel: Channel
    goods: Annotated[str, Meta(min_length=1, max_length=MAX_GOODS, pattern=PLAIN)]
    sku: Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
    units: Annotated[int, Meta(ge=1, le=MOST_UNITS)] = 1


class MappedView(Struct, frozen=True, kw_only=True):
    """`resumed`: raw orders that waited for it and go on."""

    resumed: int


class MappingView(Struct, frozen=True, kw_only=True):
    id: int
    channel: str
    goods: str
    sku: str
    units: int
    changed_at: datetime
    changed_by: str


class PutMarketplace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` without a slash at its end; `token` is sent as a bearer's, kept sealed and never shown."""

    url: Annotated[str, Meta(min_length=8, max_length=300, pattern=PLAIN)]
    token: Annotated[str, Meta(min_length=1, max_length=500, pattern=PLAIN)]
    every_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 60
    active: bool = True


class MarketplaceView(Struct, frozen=True, kw_only=True):
    """`failed`: what went wrong the last time."""

    channel: str
    url: str
    every_seconds: int
    active: bool
    next_at: datetime
    failures: int
    failed: str | None


class Marketplaces(Struct, frozen=True, kw_only=True):
    marketplaces: list[MarketplaceView]


class NewSecret(Struct, frozen=True, kw_only=True):
    """Shown once.  The secret before it holds until it is ended."""

    secret: str


class Ended(Struct, frozen=True, kw_only=True):
    ended: int


async def webhook(call: Call[bytes]) -> RawTaken:
    channel = channel_of(call.path["channel"])
    if len(call.body) > MAX_BYTES:
        raise UnreadableOrder(f"an order of at most {MAX_BYTES} bytes")
    await signing.verify(channel, call.body, call.headers)
    raw_id, is_new = await taking.receive(channel, call.body, source="webhook")
    return RawTaken(id=raw_id, known=not is_new)


async def listing(call: Call[None]) -> Page[RawView]:
    state = call.query.get("state", "")
    if state and state not in set(RawState):
        raise BadParameter("state", f"one of {', '.join(RawState)}")
    rows = await queries.raw_orders(
        state=state, channel=call.query.get("channel", ""), before=call.page.number() or None, limit=call.page.limit
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: view.id)


async def show_body(call: Call[None]) -> Reply:
    raw = await queries.raw_order(_id(call.path["id"]))
    await events.record(PersonalDataSeen(what="raw order"), subject=f"raw:{raw.id}")
    return Reply(await taking.body_of(raw.id), "application/octet-stream", headers={"Cache-Control": "no-store"})


async def retry(call: Call[None]) -> RawView:
    await taking.retry(_id(call.path["id"]))
    return _view(await queries.raw_order(_id(call.path["id"])))


async def discard(call: Call[Discard]) -> RawView:
    await taking.discard(_id(call.path["id"]), reason=call.body.reason)
    return _view(await queries.raw_order(_id(call.path["id"])))


async def map_goods(call: Call[MapGoods]) -> MappedView:
    wanted = call.body
    return MappedView(resumed=await mapping.map_goods(wanted.channel, wanted.goods, wanted.sku, units=wanted.units))


async def mappings(call: Call[None]) -> Page[MappingView]:
    rows = await mapping.mappings(channel=call.query.get("channel", ""), after=call.page.number(), limit=call.page.limit)
    views = [
        MappingView(
            id=row.id,
            channel=row.channel,
            goods=row.goods,
            sku=row.sku,
            units=row.units,
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
        for row in rows
    ]
    return page(views, call.page, key=lambda view: view.id)


async def new_secret(call: Call[None]) -> NewSecret:
    return NewSecret(secret=await signing.new_secret(channel_of(call.path["channel"])))


async def end_old(call: Call[None]) -> Ended:
    return Ended(ended=await signing.end_old_secrets(channel_of(call.path["channel"])))


async def put_marketplace(call: Call[PutMarketplace]) -> Marketplaces:
    wanted, channel = call.body, channel_of(call.path["channel"])
    await polled.put_marketplace(channel, wanted.url, token=wanted.token, every_seconds=wanted.every_seconds, active=wanted.active)
    return await marketplaces(call)


async def marketplaces(_: Call[PutMarketplace] | Call[None]) -> Marketplaces:
    found = [
        MarketplaceView(
            channel=each.channel,
            url=each.url,
            every_seconds=each.every_seconds,
            active=each.is_active,
            next_at=each.next_at,
            failures=each.failures,
            failed=each.failed,
        )
        for each in await polled.marketplaces()
    ]
    return Marketplaces(marketplaces=found)


def channel_of(text: str) -> str:
    """Raises NotFound."""
    if not (0 < len(text) <= 40 and text.isascii() and text.replace("-", "").isalnum() and text == text.lower()):
        raise NotFound("channel", text[:40])
    return text


def _id(text: str) -> int:
    """Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound("raw order", text[:40])
    return int(text)


def _view(row: StoredRaw) -> RawView:
    return RawView(
        id=row.id,
        channel=row.channel,
        source=row.source,
        reference=row.reference,
        state=row.state,
        code=row.code,
        detail=row.detail,
        order=row.order,
        received_at=row.received_at,
        changed_at=row.changed_at,
    )


_READ, _WRITE = Permission.ORDERS_READ, Permission.ORDERS_WRITE
_EXAMPLE = (
    b'{"reference": "TM-81", "currency": "CNY", "lines": [{"goods": "item-5", "quantity": 1, "price_minor": 2500}], '
    b'"buyer": {"id": "u-77"}, "address": {"country": "DE", "city": "Berlin", "street": "Ringstr. 1", "postcode": "10115"}}'
)

ROUTES = [
    Route(
        "POST",
        "/api/v1/intake/{channel}/orders",
        webhook,
        permission=Permission.PUBLIC,
        body=bytes,
        accepts="application/json",
        reply=RawTaken,
        summary="A channel sends an order, signed: it is kept as it came, and becomes an order of ours by itself",
        example=_EXAMPLE,
        headers=(TIME, NONCE, SIGNATURE),
        keyed_by_body=True,
    ),
    Route(
        "POST",
        "/api/v1/intake/{channel}/secrets",
        new_secret,
        permission=_WRITE,
        reply=NewSecret,
        summary="A new secret for a channel to sign with, shown once; the one before holds until it is ended",
        whole_chain=True,
        confidential=True,
    ),
    Route(
        "POST",
        "/api/v1/intake/{channel}/secrets/end-old",
        end_old,
        permission=_WRITE,
        reply=Ended,
        summary="Let no secret of a channel hold any more but its newest",
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/marketplaces/{channel}",
        put_marketplace,
        permission=_WRITE,
        body=PutMarketplace,
        reply=Marketplaces,
        summary="Ask a marketplace for its orders, so often; going on where it was",
        example=PutMarketplace(url="https://market.example/api", token="from the marketplace", every_seconds=60),  # noqa: S106 -- an example
        whole_chain=True,
        confidential=True,
    ),
    Route(
        "GET",
        "/api/v1/marketplaces",
        marketplaces,
        permission=_READ,
        reply=Marketplaces,
        summary="Which marketplaces are asked, and what went wrong the last time",
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/raw-orders",
        listing,
        permission=_READ,
        reply=Page[RawView],
        summary="List what channels sent, the newest first",
        filters={"state": "waiting, unmapped, refused, placed or discarded", "channel": "only of this channel"},
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/raw-orders/{id}/body",
        show_body,
        permission=_WRITE,
        reply=bytes,
        summary="What a channel sent, byte for byte; that somebody looked is recorded",
        whole_chain=True,
        confidential=True,
    ),
    Route(
        "POST",
        "/api/v1/raw-orders/{id}/retry",
        retry,
        permission=_WRITE,
        reply=RawView,
        summary="Try once more to make an order of what a channel sent",
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/raw-orders/{id}/discard",
        discard,
        permission=_WRITE,
        body=Discard,
        reply=RawView,
        summary="Let what a channel sent be no order; it is kept",
        example=Discard(reason="a test of the channel's"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/goods-mappings",
        map_goods,
        permission=_WRITE,
        body=MapGoods,
        reply=MappedView,
        summary="Say what a channel's goods are: orders that waited for it go on",
        example=MapGoods(channel="tmall", goods="item-5", sku="013-1"),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/goods-mappings",
        mappings,
        permission=_READ,
        reply=Page[MappingView],
        summary="List what channels' goods are",
        filters={"channel": "only of this channel"},
        whole_chain=True,
    ),
]
