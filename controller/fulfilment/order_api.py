"""What is done with the goods of an order, over HTTP: release all of it or one site's part, cancel it, end it with what is out."""

from __future__ import annotations

from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller.errors import Forbidden, NotFound
from controller.fulfilment import operations, queries
from controller.fulfilment.api import PickListView, pick_list_view
from controller.fulfilment.ending import give_up_rest
from controller.fulfilment.states import PickListState
from controller.http.routing import Call, Permission, Route
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS
from controller.orders.queries import StoredOrder

T = TypeVar("T")


class CancelOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Cancelled(Struct, frozen=True, kw_only=True):
    order: str


class Closed(Struct, frozen=True, kw_only=True):
    order: str


class Released(Struct, frozen=True, kw_only=True):
    """The order's pick lists that stand: one per site."""

    pick_lists: list[PickListView]


async def release(call: Call[None]) -> Released:
    """A caller of some sites releases what is promised from those."""
    order = await _visible_order(call)
    sees_all = call.actor.sites is None or set(order.sites) <= call.actor.sites
    for site in [None] if sees_all else [site for site in order.sites if site in (call.actor.sites or ())]:
        await operations.release(order.no, site=site)
    return await _released(call, order.no)


async def release_part(call: Call[None]) -> Released:
    order = await _visible_order(call)
    await operations.release(order.no, site=call.path["site"])
    return await _released(call, order.no)


async def _released(call: Call[None], order: str) -> Released:
    standing = [one for one in await queries.pick_lists_of(order) if one.state is not PickListState.WITHDRAWN]
    return Released(
        pick_lists=[pick_list_view(one) for one in standing if call.actor.sites is None or one.site in call.actor.sites]
    )


async def cancel(call: Call[CancelOrder]) -> Cancelled:
    """Raises Forbidden: some of it is promised from a site that the caller does not see."""
    order = await _visible_order(call)
    if call.actor.sites is not None and not set(order.sites) <= call.actor.sites:
        raise Forbidden(f"{order.no} is promised from other sites too: whoever sees all of them cancels it")
    await operations.cancel(call.path["no"], reason=call.body.reason)
    return Cancelled(order=call.path["no"])


async def close(call: Call[CancelOrder]) -> Closed:
    """Raises Forbidden, as `cancel`."""
    order = await _visible_order(call)
    if call.actor.sites is not None and not set(order.sites) <= call.actor.sites:
        raise Forbidden(f"{order.no} is promised from other sites too: whoever sees all of them closes it")
    await give_up_rest(order.no, reason=call.body.reason)
    return Closed(order=order.no)


async def _visible_order(call: Call[T]) -> StoredOrder:
    """Raises NotFound, for an order of other sites too."""
    order = await orders.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound(ORDERS.what, order.no)
    return order


ROUTES = [
    Route(
        "POST",
        "/api/v1/orders/{no}/release",
        release,
        permission=Permission.FULFILMENT_WRITE,
        reply=Released,
        summary="Release an order for picking: its goods are bound to bins, each of its sites has its pick list",
    ),
    Route(
        "POST",
        "/api/v1/sites/{site}/orders/{no}/release",
        release_part,
        permission=Permission.FULFILMENT_WRITE,
        reply=Released,
        summary="Release one site's part of an order",
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/cancel",
        cancel,
        permission=Permission.ORDERS_WRITE,
        body=CancelOrder,
        reply=Cancelled,
        summary="Cancel an order: what is held is free again, what was fetched is to be put back",
        example=CancelOrder(reason="customer asked"),
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/close",
        close,
        permission=Permission.ORDERS_WRITE,
        body=CancelOrder,
        reply=Closed,
        summary="End an order with what is handed over: the rest of it is given up",
        example=CancelOrder(reason="the other site has none left"),
    ),
]
