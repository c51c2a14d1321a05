"""What may be given for an order's line that is short, and giving it, over HTTP."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.catalog.substitutes import Reason as Why
from controller.http.routing import BadParameter, Call, Permission, Route, number
from controller.orders import queries
from controller.orders.change_api import Reason
from controller.orders.substituting import Offer, Pricing, Taking, offers, shortness, substitute
from controller.orders.views import OrderView, changed, order_view, seen

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Units = Annotated[int, Meta(ge=1, le=10**9)]
_LINE = "/api/v1/orders/{no}/lines/{position}"


class OfferView(Struct, frozen=True, kw_only=True):
    """`quantity` base units of `sku` stand for `replaces` of the line; `dearer_minor`: what the sum changes by at its own price.

    `why`: a person named it, or it is of the same category.  `available`: what the order's channel could be promised.
    """

    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    why: Why
    note: str
    quantity: int
    replaces: int
    available: int
    unit_price_minor: int
    dearer_minor: int


class OffersView(Struct, frozen=True, kw_only=True):
    """`lacking` base units of the line are not there; `replaceable`: what is not being fetched; the best offer first."""

    order: str
    position: int
    sku: str
    lacking: int
    replaceable: int
    version: int
    offers: list[OfferView]


class GiveInstead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For `replaces` base units of the line the customer gets `quantity` of `sku`; null: as its ratio says, without one: as many.

    `pricing`: `kept`, no more than what it stands for; `own`, what it costs itself.  `version`: what was read.
    """

    sku: Code
    replaces: Units
    reason: Reason
    quantity: Units | None = None
    pricing: Pricing = Pricing.KEPT
    version: Annotated[int, Meta(ge=1, le=10**9)] | None = None


async def show(call: Call[None]) -> OffersView:
    order = await seen(call)
    found = await shortness(order.no, _position(call.path["position"]))
    quantity = number(call.query["quantity"], "quantity") if "quantity" in call.query else None
    return OffersView(
        order=order.no,
        position=found.line.position,
        sku=found.line.sku,
        lacking=found.lacking,
        replaceable=found.replaceable,
        version=found.order.version,
        offers=[_view(one) for one in await offers(found, quantity)],
    )


async def give(call: Call[GiveInstead]) -> OrderView:
    order, body = await changed(call), call.body
    taking = Taking(
        position=_position(call.path["position"]),
        sku=body.sku,
        replaces=body.replaces,
        reason=body.reason,
        pricing=body.pricing,
        quantity=body.quantity,
        version=body.version,
    )
    await substitute(order.no, taking)
    return order_view(await queries.order(order.no))


def _position(text: str) -> int:
    try:
        return number(text, "position")
    except BadParameter:
        return 0  # no line has it


def _view(one: Offer) -> OfferView:
    made = one.proposal
    return OfferView(
        sku=one.sku.code,
        name_en=one.sku.name_en,
        name_zh=one.sku.name_zh,
        base_unit=one.sku.base_unit,
        why=made.reason,
        note=one.note,
        quantity=made.quantity,
        replaces=made.replaces,
        available=made.available,
        unit_price_minor=one.unit_price_minor,
        dearer_minor=made.dearer_minor,
    )


ROUTES = [
    Route(
        "GET",
        f"{_LINE}/substitutes",
        show,
        permission=Permission.ORDERS_READ,
        reply=OffersView,
        summary="What may be given for a line that is short, with its stock, its price and why",
        filters={"quantity": "for so many base units of the line; without it: for what is lacking"},
    ),
    Route(
        "POST",
        f"{_LINE}/substitute",
        give,
        permission=Permission.ORDERS_WRITE,
        body=GiveInstead,
        reply=OrderView,
        summary="Give something else for a line, or for a part of it: promised as a whole, or nothing changes",
        example=GiveInstead(sku="milk-250", replaces=1, reason="customer agreed by telephone"),
    ),
]
