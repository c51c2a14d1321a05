"""Tags of one order over HTTP; of many at once: `batch_api.py`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.http.routing import PLAIN, Call, Permission, Route
from controller.orders import tags
from controller.orders.tags import MAX_TAG, MOST_TAGS
from controller.orders.views import OrderView, changed, order_view, seen

Tag = Annotated[str, Meta(min_length=1, max_length=MAX_TAG, pattern=PLAIN)]
Tags = Annotated[list[Tag], Meta(max_length=MOST_TAGS)]


class ChangeTags(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is there already, or not there, stays so.  `remove` comes first."""

    add: Tags = []
    remove: Tags = []
    reason: Annotated[str, Meta(max_length=200, pattern=PLAIN)] = ""


async def change(call: Call[ChangeTags]) -> OrderView:
    order = await changed(call)
    for tag in call.body.remove:
        await tags.remove(order.no, tag, reason=call.body.reason)
    for tag in call.body.add:
        await tags.add(order.no, tag, reason=call.body.reason)
    return order_view(await seen(call))


ROUTES = [
    Route(
        "POST",
        "/api/v1/orders/{no}/tags",
        change,
        permission=Permission.ORDERS_WRITE,
        body=ChangeTags,
        reply=OrderView,
        summary="Put tags on an order, and take others off",
        example=ChangeTags(add=["double eleven"], remove=["to be called"]),
    ),
]
