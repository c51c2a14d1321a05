"""Orders as the API shows them, and who may see which."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from controller.errors import Forbidden, NotFound
from controller.http.routing import Call
from controller.orders import queries
from controller.orders.numbers import ORDERS
from controller.orders.queries import StoredLine, StoredOrder
from controller.orders.states import Delivery, OrderState

T = TypeVar("T")


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
    tags: list[str]


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


def order_view(order: StoredOrder) -> OrderView:
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
        tags=list(order.tags),
    )


def line_view(line: StoredLine) -> LineView:
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


async def seen(call: Call[T]) -> StoredOrder:
    """The order in the path.  Raises NotFound, for one of other sites too."""
    order = await queries.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound(ORDERS.what, order.no)
    return order


async def changed(call: Call[T]) -> StoredOrder:
    """The same, to be changed.  Raises NotFound, Forbidden (it has to do with a site that the caller does not see)."""
    order = await seen(call)
    if call.actor.sites is not None and not set(order.sites) <= call.actor.sites:
        raise Forbidden(f"{order.no} is promised from other sites too: whoever sees all of them changes it")
    return order
