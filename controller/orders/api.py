"""Orders over HTTP: place, look up.  Cancel and release are the shipment's verbs too: `controller/fulfilment/api.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller import events
from controller.errors import Forbidden, NotFound
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, page
from controller.orders import operations, queries
from controller.orders.numbers import ORDERS
from controller.orders.policies import NewLine, NewOrder
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import Delivery, OrderState, WhenShort

Site = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Key = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]
Minor = Annotated[int, Meta(ge=0, le=10**12)]


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
    due_at: datetime | None = None
    when_short: WhenShort | None = None
    draft: bool = False


class OrderView(Struct, frozen=True, kw_only=True):
    """`site`: what the customer named, null where it was sourced; `sites`: all that have to do with it.

    `stock_short`: goods promised to it were not there, were taken back by a count, or have not arrived yet.  `version`: what a
    change of it wants back.
    """

    no: str
    site: str | None
    sites: list[str]
    region: str | None
    channel: str
    reference: str
    pickup_code: str
    state: OrderState
    currency: str
    total_minor: int
    delivery: Delivery
    stock_short: bool
    placed_at: datetime
    due_at: datetime | None
    version: int


class LineView(Struct, frozen=True, kw_only=True):
    position: int
    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    quantity: int
    unit_price_minor: int
    price_per: int
    amount_minor: int
    wanting: int
    stock_short: bool


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """What was recorded about the order, when, and who did it."""

    at: datetime
    name: str
    actor: str
    data: dict[str, object]


class OrderDetail(Struct, frozen=True, kw_only=True):
    order: OrderView
    lines: list[LineView]
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
    )
    no = await operations.place(order)
    return Created(_view(await queries.order(no)), location=f"/api/v1/orders/{no}")


async def listing(call: Call[None]) -> Page[OrderView]:
    rows = await queries.orders(
        before=call.page.number() or None,
        limit=call.page.limit,
        state=_state(call.query.get("state")),
        q=call.query.get("q"),
        sites=call.actor.sites,
    )
    return page([_view(row) for row in rows], call.page, key=lambda view: ORDERS.row_id(view.no))


async def detail(call: Call[None]) -> OrderDetail:
    order = await queries.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound("order", order.no)
    lines = (await queries.lines([order.id]))[order.id]
    history = await events.history(order.no)
    return OrderDetail(
        order=_view(order),
        lines=[_line(line) for line in lines],
        history=[HistoryEntry(at=one.recorded_at, name=one.name, actor=one.actor, data=one.data) for one in history],
    )


def _state(text: str | None) -> OrderState | None:
    if text is None:
        return None
    try:
        return OrderState(text)
    except ValueError as error:
        raise BadParameter("state", f"one of {', '.join(OrderState)}") from error


def _view(order: StoredOrder) -> OrderView:
    return OrderView(
        no=order.no,
        site=order.site,
        sites=list(order.sites),
        region=order.region,
        channel=order.channel,
        reference=order.reference,
        pickup_code=order.pickup_code,
        state=order.state,
        currency=order.currency,
        total_minor=order.total_minor,
        delivery=order.delivery,
        stock_short=order.is_stock_short,
        placed_at=order.placed_at,
        due_at=order.due_at,
        version=order.version,
    )


def _line(line: StoredLine) -> LineView:
    return LineView(
        position=line.position,
        sku=line.sku,
        name_zh=line.name_zh,
        name_en=line.name_en,
        base_unit=line.base_unit,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_per=line.price_per,
        amount_minor=line.amount_minor,
        wanting=line.wanting,
        stock_short=line.lacks,
    )


_EXAMPLE = PlaceOrder(
    site="s1",
    channel="shop",
    reference="A-1001",
    currency="CNY",
    lines=[PlaceLine(sku="013-1", quantity=2, unit_price_minor=350)],
)

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
        filters={"state": "only orders in this state", "q": "an order's number, pick-up code, or the beginning of its reference"},
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
