"""The event feed for machines: what the controller recorded, by cursor."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.events import Recorded, feed
from controller.http.routing import BadParameter, Call, Page, Permission, Route, page

MAX_CURSOR_DIGITS = 32


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """`position` is the cursor for `after`; `actor` and `cause` say who did it, and for which request or fact."""

    position: str
    name: str
    subject: str
    site: str | None
    data: dict[str, object]
    actor: str
    cause: str | None
    recorded_at: datetime


async def listing(call: Call[None]) -> Page[EventView]:
    recorded = await feed(position(call.page.after or "0", "after"), call.page.limit, call.actor.sites)
    return page([_view(event) for event in recorded], call.page, key=lambda event: event.position)


def position(text: str, name: str) -> int:
    """A cursor of the feed; it may be larger than 64 bits.  Raises BadParameter."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR_DIGITS):
        raise BadParameter(name, "a position as an earlier answer gave it")
    return min(int(text), 1 << 100)


def _view(event: Recorded) -> EventView:
    return EventView(
        position=str(event.position),
        name=event.name,
        subject=event.subject,
        site=event.site,
        data=event.data,
        actor=event.actor,
        cause=event.cause,
        recorded_at=event.recorded_at,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/events",
        listing,
        permission=Permission.EVENTS_READ,
        reply=Page[EventView],
        summary="Follow what happened: events after a position, in a stable order",
    ),
]
