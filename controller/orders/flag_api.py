"""Flags of orders over HTTP: see them, set one, clear one with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.orders import flags, queries
from controller.orders.flags import MAX_REASON, FlagKind, StoredFlag
from controller.orders.queries import StoredOrder

Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON, pattern=PLAIN)]


class SetFlag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: what is wrong, for whoever has to settle it."""

    kind: FlagKind
    reason: Reason


class ClearFlag(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: why it holds the order up no longer."""

    reason: Reason


class FlagView(Struct, frozen=True, kw_only=True):
    """It holds the order up while `cleared_at` is null."""

    kind: FlagKind
    reason: str
    set_at: datetime
    set_by: str
    cleared_at: datetime | None
    cleared_by: str | None
    clear_reason: str | None


class FlagsView(Struct, frozen=True, kw_only=True):
    """`blocking`: the kinds that are set now; `flags`: all that are or were, the oldest first."""

    order: str
    blocking: list[FlagKind]
    flags: list[FlagView]


async def listing(call: Call[None]) -> FlagsView:
    return await _view(await _seen(call))


async def set_one(call: Call[SetFlag]) -> FlagsView:
    order = await _seen(call)
    await flags.set_flag(order.id, call.body.kind, call.body.reason)
    return await _view(order)


async def clear_one(call: Call[ClearFlag]) -> FlagsView:
    order = await _seen(call)
    try:
        kind = FlagKind(call.path["kind"])
    except ValueError as error:
        raise NotFound("flag", call.path["kind"]) from error
    await flags.clear_flag(order.id, kind, call.body.reason)
    return await _view(order)


async def _seen(call: Call[SetFlag] | Call[ClearFlag] | Call[None]) -> StoredOrder:
    """Raises NotFound, for an order of other sites too."""
    order = await queries.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound("order", order.no)
    return order


async def _view(order: StoredOrder) -> FlagsView:
    stored = (await flags.flags([order.id]))[order.id]
    return FlagsView(
        order=order.no, blocking=sorted(one.kind for one in stored if one.is_set), flags=[_flag_view(one) for one in stored]
    )


def _flag_view(flag: StoredFlag) -> FlagView:
    return FlagView(
        kind=flag.kind,
        reason=flag.reason,
        set_at=flag.set_at,
        set_by=flag.set_by,
        cleared_at=flag.cleared_at,
        cleared_by=flag.cleared_by,
        clear_reason=flag.clear_reason,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/orders/{no}/flags",
        listing,
        permission=Permission.ORDERS_READ,
        reply=FlagsView,
        summary="What is wrong with an order, and what was",
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/flags",
        set_one,
        permission=Permission.ORDERS_WRITE,
        body=SetFlag,
        reply=FlagsView,
        summary="Flag an order: it is not released, gets no label and is not handed over until that is cleared",
        example=SetFlag(kind=FlagKind.BAD_ADDRESS, reason="no house number"),
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/flags/{kind}/clear",
        clear_one,
        permission=Permission.ORDERS_WRITE,
        body=ClearFlag,
        reply=FlagsView,
        summary="Clear a flag of an order, with a reason",
        example=ClearFlag(reason="customer gave the house number by telephone"),
    ),
]
