"""Orders that could go in one parcel, over HTTP; merging them is `POST /api/v1/orders/{no}/merge`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.errors import NotFound
from controller.http.routing import PLAIN, Call, Permission, Route
from controller.intake import merging
from controller.orders.listing import visible
from controller.orders.numbers import ORDERS


class SuggestionView(Struct, frozen=True, kw_only=True):
    """Orders of one customer to one place, of which nothing is released; the oldest first.  `saved`: parcels not sent."""

    orders: list[str]
    saved: int


class Suggestions(Struct, frozen=True, kw_only=True):
    suggestions: list[SuggestionView]


class SetAside(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """These stay parcels of their own."""

    orders: Annotated[list[Annotated[str, Meta(max_length=24)]], Meta(min_length=2, max_length=20)]


class WindowView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders of the channel that came at most so many hours apart are proposed; 0: none are.  Unset: 24."""

    channel: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN)]
    hours: Annotated[int, Meta(ge=0, le=merging.MOST_HOURS)]


class Windows(Struct, frozen=True, kw_only=True):
    windows: list[WindowView]


async def suggestions(call: Call[None]) -> Suggestions:
    found = await merging.merge_suggestions(sites=call.actor.sites)
    return Suggestions(suggestions=[SuggestionView(orders=each.orders, saved=each.saved) for each in found])


async def set_aside(call: Call[SetAside]) -> Suggestions:
    """Raises NotFound: one of them is not seen."""
    ids = [ORDERS.row_id(no) for no in call.body.orders]
    hidden = set(ids) - set(await visible(ids, call.actor.sites))
    if hidden:
        raise NotFound("order", ORDERS.number(min(hidden)))
    await merging.set_aside(call.body.orders)
    found = await merging.merge_suggestions(sites=call.actor.sites)
    return Suggestions(suggestions=[SuggestionView(orders=each.orders, saved=each.saved) for each in found])


async def windows(_: Call[None] | Call[WindowView]) -> Windows:
    return Windows(windows=[WindowView(channel=each.channel, hours=each.hours) for each in await merging.windows()])


async def set_window(call: Call[WindowView]) -> Windows:
    await merging.set_window(call.body.channel, call.body.hours)
    return await windows(call)


_WRITE = Permission.ORDERS_WRITE
ROUTES = [
    Route(
        "GET",
        "/api/v1/merge-suggestions",
        suggestions,
        permission=Permission.ORDERS_READ,
        reply=Suggestions,
        summary="Orders that could go in one parcel: one customer, one place, nothing of them released",
    ),
    Route(
        "POST",
        "/api/v1/merge-suggestions/set-aside",
        set_aside,
        permission=_WRITE,
        body=SetAside,
        reply=Suggestions,
        summary="Let orders stay parcels of their own: they are not proposed again",
        example=SetAside(orders=["SO-100001", "SO-100002"]),
    ),
    Route(
        "GET",
        "/api/v1/merge-windows",
        windows,
        permission=_WRITE,
        reply=Windows,
        summary="How far apart orders of a channel may be to be proposed for merging",
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/merge-windows",
        set_window,
        permission=_WRITE,
        body=WindowView,
        reply=Windows,
        summary="Set how far apart orders of a channel may be to be proposed for merging",
        example=WindowView(channel="web", hours=48),
        whole_chain=True,
    ),
]
