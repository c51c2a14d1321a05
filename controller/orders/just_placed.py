"""An order that was written a moment ago, as it is known without looking: for the judge, and for who placed it.  Pure."""

from __future__ import annotations

from datetime import datetime

from controller.catalog.queries import SkuRow
from controller.db import utc
from controller.orders.policies import NewLine, NewOrder, delivery_of
from controller.orders.queries import StoredOrder
from controller.orders.seams import JustPlaced, PlacedLine
from controller.orders.states import Delivery, OrderState
from edge_agent.wire.prices import price_per


def just_placed(order_id: int, order: NewOrder, skus: dict[str, SkuRow], total_minor: int, instant: datetime) -> JustPlaced:
    return JustPlaced(
        id=order_id,
        site=order.site,
        region=order.region,
        channel=order.channel,
        currency=order.currency,
        total_minor=total_minor,
        delivery=delivery_of(order).value,
        customer_id=order.customer_id,
        placed_at=instant,
        lines=[_placed_line(line, skus[line.sku]) for line in order.lines],
    )


def _placed_line(line: NewLine, sku: SkuRow) -> PlacedLine:
    return PlacedLine(
        sku_id=sku.id,
        sku=line.sku,
        base_unit=sku.base_unit,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        price_per=price_per(sku.base_unit),
        presale=line.presale,
        catalogued_minor=sku.price_minor,
        catalogued_in=sku.currency,
    )


def as_stored(just: JustPlaced, order: NewOrder, code: str, state: OrderState) -> StoredOrder:
    """All of it promised from the site that it names."""
    return StoredOrder(
        id=just.id,
        site=just.site,
        region=just.region,
        channel=just.channel,
        reference=order.reference,
        pickup_code=code,
        currency=just.currency,
        total_minor=just.total_minor,
        state=state,
        delivery=Delivery(just.delivery),
        customer_id=just.customer_id,
        placed_at=just.placed_at,
        due_at=None if order.due_at is None else utc(order.due_at),
        is_stock_short=False,
        version=1,
        sites=() if just.site is None else (just.site,),
        min_remaining_days=order.min_remaining_days,
    )
