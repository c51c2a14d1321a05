"""What is charged beside an order's lines, and taken off by hand, over HTTP."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller import events
from controller.errors import Conflict, NotFound
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.orders import queries
from controller.orders.events import Change, OrderChanged
from controller.orders.money import owe_again
from controller.orders.states import OrderState
from controller.orders.totals import OrderCharge, recount
from controller.orders.transitions import locked, site_of
from edge_agent.wire.totals import Discount, LineKind

Minor = Annotated[int, Meta(ge=0, le=10**12)]


class OrderIsOver(Conflict):
    """Its total does not change any more."""

    code = "order_is_over"


class ChargeTold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount_minor` as prices are: with tax or without."""

    kind: LineKind
    amount_minor: Minor
    tax_class: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")] | None = None


class DiscountTold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minor` units or `basis_points` (1000 is 10 %); on the line `position`, or over the order's goods."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
    minor: Minor = 0
    basis_points: Annotated[int, Meta(ge=0, le=10_000)] = 0
    position: Annotated[int, Meta(ge=1, le=20_000)] | None = None


class SetTotals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All charges and discounts of an order, said anew; null: as they were."""

    charges: Annotated[list[ChargeTold], Meta(max_length=20)] | None = None
    discounts: Annotated[list[DiscountTold], Meta(max_length=50)] | None = None


class CountedView(Struct, frozen=True, kw_only=True):
    """`payable_minor` = gross + rounding."""

    order: str
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    rounding_minor: int
    payable_minor: int


async def set_totals(call: Call[SetTotals]) -> CountedView:
    """Counted by the rates of the moment the order was placed.  What is due changes with it.  Records OrderChanged."""
    order = await queries.order(call.path["no"])
    if call.actor.sites is not None and order.site not in call.actor.sites:
        raise NotFound("order", call.path["no"])
    order_id, state = await locked(order.no)
    if state in (OrderState.CANCELLED, OrderState.CLOSED):
        raise OrderIsOver(f"{order.no} is {state.value}: what it comes to does not change any more")
    charges, discounts = call.body.charges, call.body.discounts
    counted = await recount(
        order_id,
        charges=None
        if charges is None
        else [OrderCharge(kind=each.kind, amount_minor=each.amount_minor, tax_class=each.tax_class) for each in charges],
        discounts=None
        if discounts is None
        else [
            Discount(minor=each.minor, basis_points=each.basis_points, position=each.position, reason=each.reason)
            for each in discounts
        ],
    )
    await owe_again(order_id, counted)
    if counted.payable_minor != order.total_minor:
        change = Change(field="total", before=order.total_minor, after=counted.payable_minor)
        reason = "; ".join(dict.fromkeys(each.reason for each in discounts or ()))[:200]
        await events.record(OrderChanged(changes=[change], reason=reason), subject=order.no, site=await site_of(order_id))
    totals = counted.totals
    return CountedView(
        order=order.no,
        discount_minor=totals.discount_minor,
        net_minor=totals.net_minor,
        tax_minor=totals.tax_minor,
        gross_minor=totals.gross_minor,
        rounding_minor=totals.rounding_minor,
        payable_minor=totals.payable_minor,
    )


ROUTES = [
    Route(
        "PUT",
        "/api/v1/orders/{no}/totals",
        set_totals,
        permission=Permission.ORDERS_WRITE,
        body=SetTotals,
        reply=CountedView,
        summary="Charge shipping or a fee, give a discount by hand",
        example=SetTotals(
            charges=[ChargeTold(kind=LineKind.SHIPPING, amount_minor=1000)],
            discounts=[DiscountTold(basis_points=1000, reason="late last time")],
        ),
    )
]
