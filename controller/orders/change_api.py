"""Changing orders over HTTP: submit a draft, amend, split, merge, and how a channel's orders are taken."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.customers.addresses import FIELDS, Address
from controller.customers.order_addresses import MaskedAddress, masked_address
from controller.errors import Forbidden, NotFound
from controller.http.routing import PLAIN, Call, Created, Permission, Route
from controller.orders import amending, channels, linking, operations, queries
from controller.orders.amending import Amendment, LineChange
from controller.orders.api import Instant, Minor, PlaceLine, Site
from controller.orders.listing import visible
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewLine
from controller.orders.states import Delivery, WhenShort
from controller.orders.views import OrderView, changed, order_view, seen

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Number = Annotated[str, Meta(pattern=r"^SO-[0-9]{1,18}$")]
Position = Annotated[int, Meta(ge=1, le=10**6)]
Field = Annotated[str, Meta(max_length=200, pattern=PLAIN)]


class SubmitOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when_short`: refuse it, or take it and promise what is short when it arrives; null: as the channel is set."""

    when_short: WhenShort | None = None


class AmendLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` in base units: 0 removes the line, null leaves it."""

    position: Position
    quantity: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    unit_price_minor: Minor | None = None


class AmendOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is null stays as it is.  `version`: what was read; another one is refused.  `no_due`: nothing is due any more."""

    reason: Reason
    version: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    lines: Annotated[list[AmendLine], Meta(max_length=500)] = []
    new_lines: Annotated[list[PlaceLine], Meta(max_length=500)] = []
    site: Site | None = None
    region: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)] | None = None
    delivery: Delivery | None = None
    due_at: Instant | None = None
    no_due: bool = False
    min_remaining_days: Annotated[int, Meta(ge=0, le=3650)] | None = None


class SetAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it goes to; kept sealed.  After approval somebody has to look at it again."""

    reason: Reason
    name: Field
    phone: Field = ""
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "CN"
    province: Field = ""
    city: Field = ""
    district: Field = ""
    street: Field = ""
    line2: Field = ""
    line3: Field = ""
    postcode: Field = ""
    note: Field = ""


class AddressView(Struct, frozen=True, kw_only=True):
    """As much as anybody may see who sees the order; null: it has none, or the keys to it are not here."""

    order: str
    address: MaskedAddress | None


class SplitLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many base units of a line."""

    position: Position
    quantity: Annotated[int, Meta(ge=1, le=10**9)]


class SplitOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason
    lines: Annotated[list[SplitLine], Meta(min_length=1, max_length=500)]


class MergeOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`orders`: which become part of the one in the path."""

    reason: Reason
    orders: Annotated[list[Number], Meta(min_length=1, max_length=20)]


class UndoLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class Mergeable(Struct, frozen=True, kw_only=True):
    """Other open orders of the same customer that could go along, the oldest first."""

    orders: list[str]


class ChannelShort(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a channel's orders when there is too little of something."""

    when_short: WhenShort


async def submit(call: Call[SubmitOrder]) -> OrderView:
    order = await changed(call)
    await operations.submit(order.no, short=call.body.when_short)
    return order_view(await queries.order(order.no))


async def amend(call: Call[AmendOrder]) -> OrderView:
    order, body = await changed(call), call.body
    if body.site is not None and call.actor.sites is not None and body.site not in call.actor.sites:
        raise NotFound("site", body.site)
    change = Amendment(
        reason=body.reason,
        version=body.version,
        lines=[
            LineChange(position=one.position, quantity=one.quantity, unit_price_minor=one.unit_price_minor) for one in body.lines
        ],
        new_lines=[
            NewLine(sku=one.sku, quantity=one.quantity, unit_price_minor=one.unit_price_minor, presale=one.presale)
            for one in body.new_lines
        ],
        site=body.site,
        region=body.region,
        delivery=body.delivery,
        due_at=body.due_at,
        no_due=body.no_due,
        min_remaining_days=body.min_remaining_days,
    )
    await amending.amend(order.no, change)
    return order_view(await queries.order(order.no))


async def put_address(call: Call[SetAddress]) -> AddressView:
    order, body = await changed(call), call.body
    address = Address(**{name: getattr(body, name) for name in FIELDS})
    await amending.address_changed(order.no, address, reason=body.reason)
    return await _address(order.id, order.no)


async def get_address(call: Call[None]) -> AddressView:
    order = await seen(call)
    return await _address(order.id, order.no)


async def _address(order_id: int, no: str) -> AddressView:
    return AddressView(order=no, address=await masked_address(order_id))


async def split(call: Call[SplitOrder]) -> Created[OrderView]:
    order = await changed(call)
    wanted: dict[int, int] = {}
    for line in call.body.lines:
        wanted[line.position] = wanted.get(line.position, 0) + line.quantity
    child = await linking.split(order.no, wanted, reason=call.body.reason)
    return Created(order_view(await queries.order(child)), location=f"/api/v1/orders/{child}")


async def merge(call: Call[MergeOrders]) -> OrderView:
    order = await changed(call)
    for no in call.body.orders:
        other = await queries.order(no)
        if call.actor.sites is not None and not set(other.sites) <= call.actor.sites:
            raise NotFound(ORDERS.what, no)
    await linking.merge(order.no, call.body.orders, reason=call.body.reason)
    return order_view(await queries.order(order.no))


async def undo_link(call: Call[UndoLink]) -> OrderView:
    """It has to be a link of the order in the path."""
    order = await changed(call)
    found = next((one for one in await linking.links([order.id]) if str(one.id) == call.path["link"]), None)
    if found is None:
        raise NotFound("link of orders", call.path["link"])
    other = await queries.order(found.to_order if found.from_order == order.no else found.from_order)
    if call.actor.sites is not None and not set(other.sites) <= call.actor.sites:
        raise Forbidden(f"{other.no} is promised from other sites too: whoever sees all of them changes it")
    await linking.undo(found.id, reason=call.body.reason)
    return order_view(await queries.order(order.no))


async def mergeable(call: Call[None]) -> Mergeable:
    order = await seen(call)
    found = await linking.mergeable(order.no)
    allowed = set(await visible([ORDERS.row_id(no) for no in found], call.actor.sites))
    return Mergeable(orders=[no for no in found if ORDERS.row_id(no) in allowed])


async def put_channel(call: Call[ChannelShort]) -> ChannelShort:
    await channels.set_when_short(call.path["channel"], call.body.when_short)
    return call.body


async def get_channel(call: Call[None]) -> ChannelShort:
    return ChannelShort(when_short=await channels.when_short_of(call.path["channel"]))


ROUTES = [
    Route(
        "POST",
        "/api/v1/orders/{no}/submit",
        submit,
        permission=Permission.ORDERS_WRITE,
        body=SubmitOrder,
        reply=OrderView,
        summary="Place a draft: its goods are promised",
        example=SubmitOrder(),
    ),
    Route(
        "PATCH",
        "/api/v1/orders/{no}",
        amend,
        permission=Permission.ORDERS_WRITE,
        body=AmendOrder,
        reply=OrderView,
        summary="Change an order: all of the change or nothing, with what was before in its history",
        example=AmendOrder(reason="customer wants one less", version=1, lines=[AmendLine(position=1, quantity=1)]),
    ),
    Route(
        "GET",
        "/api/v1/orders/{no}/address",
        get_address,
        permission=Permission.ORDERS_READ,
        reply=AddressView,
        summary="Whom an order goes to, masked",
    ),
    Route(
        "PUT",
        "/api/v1/orders/{no}/address",
        put_address,
        permission=Permission.ORDERS_WRITE,
        body=SetAddress,
        reply=AddressView,
        summary="Say whom an order goes to; once it is approved, that is flagged",
        example=SetAddress(
            reason="customer moved",
            name="王小明",
            phone="13800138000",
            province="上海市",
            city="上海市",
            district="徐汇区",
            street="漕溪路 1 号",
        ),
        confidential=True,
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/split",
        split,
        permission=Permission.ORDERS_WRITE,
        body=SplitOrder,
        reply=OrderView,
        summary="Make some lines, or parts of them, an order of their own",
        example=SplitOrder(reason="the rest is sent later", lines=[SplitLine(position=1, quantity=1)]),
    ),
    Route(
        "GET",
        "/api/v1/orders/{no}/mergeable",
        mergeable,
        permission=Permission.ORDERS_READ,
        reply=Mergeable,
        summary="Which orders of the same customer could go along with this one",
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/merge",
        merge,
        permission=Permission.ORDERS_WRITE,
        body=MergeOrders,
        reply=OrderView,
        summary="Merge orders of one customer into this one",
        example=MergeOrders(reason="one parcel", orders=["SO-100002"]),
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/links/{link}/undo",
        undo_link,
        permission=Permission.ORDERS_WRITE,
        body=UndoLink,
        reply=OrderView,
        summary="Take a split or a merge back, while nothing of it is released",
        example=UndoLink(reason="they are for two people"),
    ),
    Route(
        "GET",
        "/api/v1/order-channels/{channel}",
        get_channel,
        permission=Permission.ORDERS_READ,
        reply=ChannelShort,
        summary="What becomes of a channel's orders when there is too little",
    ),
    Route(
        "PUT",
        "/api/v1/order-channels/{channel}",
        put_channel,
        permission=Permission.ORDERS_WRITE,
        body=ChannelShort,
        reply=ChannelShort,
        summary="Say what becomes of a channel's orders when there is too little",
        example=ChannelShort(when_short=WhenShort.ACCEPT),
        whole_chain=True,
    ),
]
