"""Carts over HTTP: held for a while, confirmed, emptied."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller import db
from controller.catalog.queries import skus_by_code
from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.sites.queries import site
from controller.stock import carts

T = TypeVar("T")
Code = Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]


Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN)]
Units = Annotated[int, Meta(ge=0, le=10**12)]


class CartLineIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quantity` in base units; `presale`: it may be promised before it arrives."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=10**9)]
    presale: bool = False


class FillCart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole content of the cart; held for so many minutes."""

    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
    channel: Code
    lines: Annotated[list[CartLineIn], Meta(min_length=1, max_length=200)]
    minutes: Annotated[int, Meta(ge=1, le=2880)] = 15


class RenewCart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=1, le=2880)] = 15


class CartLineView(Struct, frozen=True, kw_only=True):
    """`state`: reserved, presold (`presold` of it has not arrived), or why it is not held any more: expired, withdrawn."""

    sku: str
    quantity: int
    presold: int
    state: str


class CartView(Struct, frozen=True, kw_only=True):
    """`expires_at` null: it does not expire, or nothing is held.  `whole`: all of it is still held."""

    cart: str
    site: str
    channel: str
    expires_at: datetime | None
    whole: bool
    lines: list[CartLineView]


class CartGone(Struct, frozen=True, kw_only=True):
    cart: str


async def fill_cart(call: Call[FillCart]) -> CartView:
    asked = call.body
    await site(asked.site)
    skus = await skus_by_code([line.sku for line in asked.lines])
    quantities: dict[int, int] = {}
    for line in asked.lines:
        if line.sku not in skus:
            raise NotFound("SKU", line.sku)
        sku_id = skus[line.sku].id
        quantities[sku_id] = quantities.get(sku_id, 0) + line.quantity
    wanted = carts.Wanted(
        site=asked.site,
        channel=asked.channel,
        quantities=quantities,
        expires_at=db.now() + timedelta(minutes=asked.minutes),
        presale=frozenset(skus[line.sku].id for line in asked.lines if line.presale),
    )
    await carts.fill_cart(call.path["cart"], wanted)
    return await _cart(call)


async def show_cart(call: Call[None]) -> CartView:
    return await _cart(call)


async def renew_cart(call: Call[RenewCart]) -> CartView:
    await _cart(call)
    await carts.renew_cart(call.path["cart"], db.now() + timedelta(minutes=call.body.minutes))
    return await _cart(call)


async def confirm_cart(call: Call[None]) -> CartView:
    await _cart(call)
    await carts.confirm_cart(call.path["cart"])
    return await _cart(call)


async def empty_cart(call: Call[None]) -> CartGone:
    await _cart(call)
    await carts.empty_cart(call.path["cart"])
    return CartGone(cart=call.path["cart"])


async def _cart(call: Call[T]) -> CartView:
    """Raises NotFound, for one of a site that the caller does not see, too."""
    found = await carts.cart_of(call.path["cart"])
    if call.actor.sites is not None and found.site not in call.actor.sites:
        raise NotFound("cart", found.name)
    return CartView(
        cart=found.name,
        site=found.site,
        channel=found.channel,
        expires_at=found.expires_at,
        whole=found.is_whole,
        lines=[
            CartLineView(sku=line.sku, quantity=line.quantity, presold=line.presold, state=line.state.value) for line in found.lines
        ],
    )


CART = "/api/v1/carts/{cart}"
SELL = Permission.ORDERS_WRITE
ROUTES = [
    Route(
        "PUT",
        CART,
        fill_cart,
        permission=SELL,
        body=FillCart,
        reply=CartView,
        summary="Hold a cart's content, all of it or none, until it expires",
        example=FillCart(site="s1", channel="web", lines=[CartLineIn(sku="013-1", quantity=2)], minutes=15),
    ),
    Route("GET", CART, show_cart, permission=Permission.ORDERS_READ, reply=CartView, summary="Show a cart and what is held of it"),
    Route(
        "POST",
        f"{CART}/renew",
        renew_cart,
        permission=SELL,
        body=RenewCart,
        reply=CartView,
        summary="Hold a cart for longer",
        example=RenewCart(minutes=15),
    ),
    Route("POST", f"{CART}/confirm", confirm_cart, permission=SELL, reply=CartView, summary="Confirm a cart: it expires no more"),
    Route("DELETE", CART, empty_cart, permission=SELL, reply=CartGone, summary="Empty a cart: what it held is free again"),
]
