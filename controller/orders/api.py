"""Orders over HTTP: place, look up.  Cancel and release are the shipment's verbs too: `controller/fulfilment/api.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller import events
from controller.customers.order_addresses import orders_by_phone
from controller.errors import Forbidden, NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, number, page
from controller.orders import operations, queries
from controller.orders.allocations import open_allocations
from controller.orders.flags import FlagKind
from controller.orders.linking import StoredLink, links
from controller.orders.listing import COUNTED, Wanted
from controller.orders.listing import count as how_many
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewLine, NewOrder
from controller.orders.states import Delivery, Link, OrderState, WhenShort
from controller.orders.tags import plain
from controller.orders.views import LineView, OrderView, line_view, order_view, seen
from controller.payments.policies import PayTerms

E = TypeVar("E", bound=StrEnum)
Site = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]
Instant = Annotated[datetime, Meta(tz=True)]


class PlaceLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` in base units (pieces, grams, millilitres); `unit_price_minor` for one piece, 100 g or 100 ml.

    `presale`: it may be promised before it arrives.
    """

    sku: Key
    quantity: Quantity
    unit_price_minor: Minor
    presale: bool = False


class PlaceOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reference` is the channel's own number of the order: the same one again is the same order.

    `site`: where it is fetched or bought; null: sourcing decides, for `region`.  `when_short`: refuse it, or take it and
    promise what is short when it arrives; null: as the channel is set.  `draft`: it holds nothing until it is submitted.
    `cart`: what that cart held is held for the order instead, in one go.  `min_remaining_days`: how long what expires must still
    keep when it is picked; null: as each SKU says.
    """

    site: Site | None = None
    region: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)] | None = None
    channel: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")]
    reference: Key
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[PlaceLine], Meta(min_length=1, max_length=500)]
    cart: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    min_remaining_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    delivery: Delivery | None = None
    due_at: Instant | None = None
    when_short: WhenShort | None = None
    pay_terms: PayTerms | None = None
    customer: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    draft: bool = False


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """What was recorded about the order, when, and who did it."""

    at: datetime
    name: str
    actor: str
    data: dict[str, object]


class PromisedView(Struct, frozen=True, kw_only=True):
    """So many base units of a line are promised from a site; `released`: they are on its pick list."""

    position: int
    site: str
    quantity: int
    released: bool


class LinkView(Struct, frozen=True, kw_only=True):
    """Lines went from one order to another; `undone`: and back."""

    id: int
    kind: Link
    from_order: str
    to_order: str
    reason: str
    undone: bool


class OrderCount(Struct, frozen=True, kw_only=True):
    """How many match; `more`: more than `count`."""

    count: int
    more: bool


class OrderDetail(Struct, frozen=True, kw_only=True):
    """`promised`: from where, of the sites that the caller sees."""

    order: OrderView
    lines: list[LineView]
    promised: list[PromisedView]
    links: list[LinkView]
    history: list[HistoryEntry]


async def place(call: Call[PlaceOrder]) -> Created[OrderView]:
    wanted = call.body
    if call.actor.sites is not None and wanted.site is None:
        raise Forbidden("whoever sees some sites only names one of them")
    if call.actor.sites is not None and wanted.site not in call.actor.sites:
        raise NotFound("site", wanted.site)
    lines = [
        NewLine(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor, presale=line.presale)
        for line in wanted.lines
    ]
    order = NewOrder(
        site=wanted.site,
        region=wanted.region,
        delivery=wanted.delivery,
        due_at=wanted.due_at,
        when_short=wanted.when_short,
        is_draft=wanted.draft,
        channel=wanted.channel,
        reference=wanted.reference,
        currency=wanted.currency,
        lines=lines,
        cart=wanted.cart,
        min_remaining_days=wanted.min_remaining_days,
        pay_terms=wanted.pay_terms,
        customer_id=wanted.customer,
    )
    stored = await operations.placed(order)
    return Created(order_view(stored), location=f"/api/v1/orders/{stored.no}")


async def listing(call: Call[None]) -> Page[OrderView]:
    wanted = await wanted_in(call.query)
    rows = await queries.orders(before=call.page.number() or None, limit=call.page.limit, wanted=wanted, sites=call.actor.sites)
    return page([order_view(row) for row in rows], call.page, key=lambda view: ORDERS.row_id(view.no))


async def count(call: Call[None]) -> OrderCount:
    found = await how_many(await wanted_in(call.query), call.actor.sites)
    return OrderCount(count=min(found, COUNTED), more=found > COUNTED)


async def detail(call: Call[None]) -> OrderDetail:
    order = await seen(call)
    lines = (await queries.lines([order.id]))[order.id]
    history = await events.history(order.no)
    promised = [one for one in await open_allocations([order.id]) if call.actor.sites is None or one.site in call.actor.sites]
    return OrderDetail(
        order=order_view(order),
        lines=[line_view(line) for line in lines],
        promised=[
            PromisedView(position=one.position, site=one.site, quantity=one.quantity, released=one.is_released) for one in promised
        ],
        links=[_link_view(one) for one in await links([order.id])],
        history=[HistoryEntry(at=one.recorded_at, name=one.name, actor=one.actor, data=one.data) for one in history],
    )


def _link_view(link: StoredLink) -> LinkView:
    return LinkView(
        id=link.id, kind=link.kind, from_order=link.from_order, to_order=link.to_order, reason=link.reason, undone=link.is_undone
    )


async def wanted_in(query: Mapping[str, str]) -> Wanted:
    """The filters of a list of orders.  Raises BadParameter, KeysUnavailable (a telephone number, without the keys)."""
    phone, customer = query.get("phone"), query.get("customer")
    return Wanted(
        state=one_of(OrderState, query.get("state"), "state"),
        site=query.get("site"),
        channel=query.get("channel"),
        due_before=_instant(query.get("due_before")),
        flag=one_of(FlagKind, query.get("flag"), "flag"),
        customer_id=None if customer is None else number(customer, "customer"),
        ids=None if phone is None else await orders_by_phone(phone),
        tag=None if query.get("tag") is None else plain(query["tag"]),
        q=query.get("q"),
    )


def one_of(kinds: type[E], text: str | None, name: str) -> E | None:
    """Raises BadParameter."""
    if text is None:
        return None
    try:
        return kinds(text)
    except ValueError as error:
        raise BadParameter(name, f"one of {', '.join(kinds)}") from error


def _instant(text: str | None) -> datetime | None:
    try:
        instant = None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise BadParameter("due_before", "an instant such as 2026-11-22T18:00:00Z") from error
    if instant is not None and instant.tzinfo is None:
        raise BadParameter("due_before", "an instant with its offset from UTC")
    return instant


_EXAMPLE = PlaceOrder(
    site="s1",
    channel="shop",
    reference="A-1001",
    currency="CNY",
    lines=[PlaceLine(sku="013-1", quantity=2, unit_price_minor=350)],
)

FILTERS = {
    "state": "only orders in this state",
    "site": "only those that have to do with this site",
    "channel": "only those of this channel",
    "due_before": "only open ones that are due before this instant",
    "flag": "only those with this flag set",
    "tag": "only those with this tag",
    "customer": "only those of the customer with this number",
    "phone": "only those that go to this telephone",
    "q": "an order's number, pick-up code, or the beginning of its reference",
}

ROUTES = [
    Route(
        "POST",
        "/api/v1/orders",
        place,
        permission=Permission.ORDERS_WRITE,
        body=PlaceOrder,
        reply=OrderView,
        summary="Place an order and hold its goods: all lines or none",
        example=_EXAMPLE,
    ),
    Route(
        "GET",
        "/api/v1/orders",
        listing,
        permission=Permission.ORDERS_READ,
        reply=Page[OrderView],
        summary="List orders, the newest first",
        filters=FILTERS,
    ),
    Route(
        "GET",
        "/api/v1/orders/count",
        count,
        permission=Permission.ORDERS_READ,
        reply=OrderCount,
        summary="How many orders match, or that they are more than 10,000",
        filters=FILTERS,
    ),
    Route(
        "GET",
        "/api/v1/orders/{no}",
        detail,
        permission=Permission.ORDERS_READ,
        reply=OrderDetail,
        summary="One order with its lines and its history",
    ),
]
