"""Where an order is, to everybody who knows its number and the end of its telephone number; and what happened to it, to staff."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from controller.customers import order_addresses, sealing
from controller.customers.addresses import Address
from controller.errors import DomainError, NotFound
from controller.http.browser import browser_of
from controller.http.routing import Permission
from controller.orders import queries as orders
from controller.orders.queries import StoredOrder
from controller.tracking import public
from controller.tracking.public import NoSuchOrder, PublicView, TooManyLookUps
from controller.tracking.reading import tracked
from controller.tracking.timeline import people_in, timeline
from controller.web.access import actor_of
from controller.web.forms import sent_by
from controller.web.pages import Pages, Values, text_of
from controller.web.routes import PageRoute
from controller.web.shown import names_of

MAX_TYPED = 40


@dataclass(frozen=True, slots=True)
class TrackingPages:
    pages: Pages

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """A message may bring the number; what proves it is typed."""
        return await self._ask(request, text_of(request, "no")[:MAX_TYPED])

    async def look_up(self, request: web.Request) -> web.StreamResponse:
        """The answer of a form: digits of a telephone number stand in no address."""
        sent = sent_by(request)
        number, proof = sent.field("no")[:MAX_TYPED], sent.field("sealed_proof")[:MAX_TYPED]
        try:
            found = await public.look_up(number, proof, browser_of(request).address)
        except NoSuchOrder as error:
            return await self._ask(request, number, error=error.code, wait=error.wait, status=404)
        except TooManyLookUps as error:
            return await self._ask(request, number, error=error.code, wait=error.wait, status=429)
        return await self._ask(request, number, found=found)

    async def _ask(
        self,
        request: web.Request,
        number: str,
        *,
        found: PublicView | None = None,
        error: str = "",
        wait: int = 0,
        status: int = 200,
    ) -> web.Response:
        values: Values = {"number": number, "found": found, "error": error, "wait": wait, "minutes": -(-wait // 60)}
        response = await self.pages.show(request, "track.html", "/track", values, status=status)
        if status == 429:
            response.headers["Retry-After"] = str(wait)
        return response

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        return await self._timeline(request)

    async def reveal(self, request: web.Request) -> web.StreamResponse:
        """Where it goes to in clear, once, in the answer of a form; recorded."""
        order, shown = await _order(request), list[Address]()

        async def verb() -> None:
            shown.append(await order_addresses.reveal(order.id, site=order.site))

        try:
            await sent_by(request).acting(verb)
        except DomainError as error:
            return await self._timeline(request, error=error.code)
        return await self._timeline(request, address=shown[0])

    async def _timeline(self, request: web.Request, *, address: Address | None = None, error: str = "") -> web.Response:
        order = await _order(request)
        entries = await timeline(order.no)
        values: Values = {
            "order": order,
            "tracked": await tracked(order),
            "entries": entries,
            "names": await names_of(people_in(entries)),
            "stored": await order_addresses.stored_address(order.id),
            "masked": await order_addresses.masked_address(order.id),
            "address": address,
            "trouble": sealing.trouble(),
            "error": error,
        }
        return await self.pages.show(request, "order_timeline.html", "/orders", values, status=409 if error else 200)


async def _order(request: web.Request) -> StoredOrder:
    """Raises NotFound, for an order that this person does not see, too."""
    order = await orders.order(request.match_info["no"])
    if not order.is_seen_at(actor_of(request).sites):
        raise NotFound("order", order.no)
    return order


def tracking_routes(pages: Pages) -> list[PageRoute]:
    tracking, may = TrackingPages(pages), Permission
    return [
        PageRoute("GET", "/track", tracking.ask, permission=may.PUBLIC),
        PageRoute("POST", "/track", tracking.look_up, permission=may.PUBLIC),
        PageRoute("GET", "/orders/{no}/timeline", tracking.timeline, permission=may.ORDERS_READ),
        PageRoute("POST", "/orders/{no}/timeline", tracking.reveal, permission=may.CUSTOMERS_REVEAL),
    ]
