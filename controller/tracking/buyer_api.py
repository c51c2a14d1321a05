"""Over HTTP: forgetting a buyer of whom there is no record."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.customers import home
from controller.http.routing import Call, Permission, Route
from controller.tracking.buyers import forget_buyer

Told = Annotated[str, Meta(max_length=254)]


class EraseBuyer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order, and a telephone number or an e-mail address that it was made with."""

    order: Annotated[str, Meta(min_length=1, max_length=40)]
    phone: Told = ""
    email: Told = ""


class BuyerErasure(Struct, frozen=True, kw_only=True):
    """`orders`: whose address is forgotten; `sent`: so much of what channels and files had sent."""

    orders: list[str]
    sent: int


async def erase(call: Call[EraseBuyer]) -> BuyerErasure:
    told = call.body
    done = await forget_buyer(told.order.strip().upper(), phone=told.phone, email=told.email, country=home.country())
    return BuyerErasure(orders=done.orders, sent=done.sent)


ROUTES = [
    Route(
        "POST",
        "/api/v1/buyer-erasures",
        erase,
        permission=Permission.CUSTOMERS_ERASE,
        body=EraseBuyer,
        reply=BuyerErasure,
        summary="Forget a buyer without a customer record, by an order and the telephone or e-mail address it was made with",
        example=EraseBuyer(order="SO-100001", phone="13800001234"),
        whole_chain=True,
        confidential=True,
    )
]
