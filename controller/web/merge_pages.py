"""The page of orders that could go in one parcel: side by side, with what is saved; merged, or left as they are for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller.customers.queries import masked_names
from controller.errors import DomainError, Forbidden
from controller.http.errors import Problem
from controller.http.routing import BadParameter, Permission, number
from controller.intake import merging
from controller.orders import linking
from controller.orders.errors import BadOrder
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.order_shown import may_change
from controller.web.pages import Pages, Values, new_key, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import order_at

SECTION: Final = "/order-merges"
_DONE = frozenset({"merged", "aside", "window"})
_MOST = 20


@dataclass(frozen=True, slots=True)
class MergePages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        return await self._listing(request)

    async def _listing(self, request: web.Request, error: str = "") -> web.Response:
        actor, done = actor_of(request), text_of(request, "done")
        found = await merging.merge_suggestions(sites=actor.sites, limit=_MOST)
        values: Values = {
            "suggestions": found,
            "saved": sum(each.saved for each in found),
            "customers": await masked_names(each.customer_id for each in found),
            "windows": await merging.windows(),
            "most_hours": merging.MOST_HOURS,
            "hours": merging.HOURS,
            "sets_windows": actor.sites is None,
            "done": done if done in _DONE and not error else "",
            "into": text_of(request, "into"),
            "error": error,
            "new_key": new_key,
            "is_fragment": request.headers.get("HX-Request") == "true" and request.method == "GET",
        }
        return await self.pages.show(request, "order_merges.html", SECTION, values, status=409 if error else 200)

    async def send(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        verbs = {"merge": (_merge, "merged"), "aside": (_aside, "aside"), "window": (_window, "window")}
        if sent.field("verb") not in verbs:
            raise Problem(400, "malformed_form", f"`verb`: expected one of {', '.join(verbs)}.")
        verb, done = verbs[sent.field("verb")]
        try:
            await sent.once(lambda: verb(sent))
        except (DomainError, BadParameter) as error:
            return await self._listing(request, error.code if isinstance(error, DomainError) else "bad_parameter")
        chosen = _chosen(sent)
        return see_other(f"{SECTION}?done={done}" + (f"&into={chosen[0]}" if done == "merged" else ""))


def _chosen(sent: Sent) -> list[str]:
    """The orders of a suggestion that are ticked: `order-SO-100001`; the oldest first."""
    return sorted(
        name.removeprefix("order-") for name, value in sent.fields.items() if name.startswith("order-") and value == "yes"
    )


async def _merge(sent: Sent) -> None:
    """Raises BadOrder, Forbidden, NotFound, NotMergeable, ReleasedAlready."""
    orders = [await order_at(no, sent.actor.sites) for no in _chosen(sent)]
    if len(orders) < 2:
        raise BadOrder("merge two orders at least")
    for order in orders:
        if not may_change(sent.actor, Permission.ORDERS_WRITE, order):
            raise Forbidden(f"{order.no} is promised from sites that you do not see")
    await linking.merge(orders[0].no, [order.no for order in orders[1:]], reason="one parcel")


async def _aside(sent: Sent) -> None:
    """All of the suggestion, ticked or not."""
    shown = [no for no in sent.field("shown").split(",") if no][:_MOST]
    await merging.set_aside([(await order_at(no, sent.actor.sites)).no for no in shown])


async def _window(sent: Sent) -> None:
    if sent.actor.sites is not None:
        raise Forbidden("how far apart orders may be concerns all sites")
    await merging.set_window(sent.field("channel"), number(sent.field("hours"), "hours"))


def merge_routes(pages: Pages) -> list[PageRoute]:
    shown, write = MergePages(pages), Permission.ORDERS_WRITE
    return [
        PageRoute("GET", SECTION, shown.listing, permission=write),
        PageRoute("POST", SECTION, shown.send, permission=write),
    ]
