"""One verb for many orders: begun from the list of orders, watched order by order, stopped, and taken back where that can be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller import db
from controller.errors import Conflict, DomainError, NotFound
from controller.http.errors import Problem
from controller.http.routing import Actor, BadParameter, Permission, number, page
from controller.orders import batches
from controller.orders.batch_api import allowed, may_do, seen_batch
from controller.orders.batches import StoredBatch
from controller.orders.errors import BadOrder
from controller.orders.listing import COUNTED, Wanted
from controller.orders.numbers import ORDERS
from controller.orders.states import UNDONE_BY, Bulk
from controller.web.access import actor_of
from controller.web.forms import MAX_REASON, Sent, sent_by
from controller.web.order_list_pages import OrderListPages, sites_of_asked
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute, see_other
from controller.web.shown import account_of, names_of

SECTION: Final = "/orders"
BATCHES: Final = "/order-batches"
CHOSEN: Final = "o-"
"""How the names of fields begin that a ticked row sends without scripts; with them, all of them are in `orders`."""
MOST_CHOSEN: Final = 10_000
_OUTCOMES: Final = frozenset({"done", "failed"})


class CountNotTyped(BadOrder):
    """What cannot be taken back is done when its number is typed."""

    code = "count_not_typed"


@dataclass(frozen=True, slots=True)
class OrderBatchPages:
    pages: Pages
    lists: OrderListPages

    async def start(self, request: web.Request) -> web.StreamResponse:
        sent, begun = sent_by(request), list[str]()

        async def verb() -> None:
            begun.append(await self._start(sent))

        try:
            await sent.once(verb)
        except (DomainError, BadParameter) as error:
            code = error.code if isinstance(error, DomainError) else "bad_parameter"
            return await self.lists.show(request, error=code, sent=sent, status=409 if isinstance(error, Conflict) else 422)
        return see_other(f"{BATCHES}/{begun[0]}" if begun else BATCHES)

    async def _start(self, sent: Sent) -> str:
        """Raises BadOrder, BadTag, Forbidden, NothingMatches, MoreMatch."""
        if sent.field("action") not in set(Bulk):
            raise Problem(400, "malformed_form", f"`action`: expected one of {', '.join(Bulk)}.")
        action, reason = Bulk(sent.field("action")), sent.field("reason")
        if not 0 < len(reason) <= MAX_REASON or not reason.isprintable():
            raise BadOrder(f"a reason of 1 to {MAX_REASON} characters on one line")
        actor = allowed(sent.actor, action)
        wanted, most = self._chosen(sent) if sent.field("which") != "matching" else self._matching(sent)
        if action is Bulk.CANCEL and sent.field("typed") != str(most):
            raise CountNotTyped(f"to cancel, type how many orders: {most}")
        exact = None if most > COUNTED else most
        asked = self.lists.asked(sent.request, sent)
        sites = actor.sites if wanted.payment is None else sites_of_asked(asked, actor)
        return await batches.start(action, wanted, reason=reason, tag=sent.field("tag"), sites=sites, most=exact)

    def _chosen(self, sent: Sent) -> tuple[Wanted, int]:
        """Raises BadOrder."""
        ticked = [name.removeprefix(CHOSEN) for name in sent.fields if name.startswith(CHOSEN)]
        numbers = dict.fromkeys([*ticked, *sent.field("orders").split()[: MOST_CHOSEN + 1]])
        if not 0 < len(numbers) <= MOST_CHOSEN:
            raise BadOrder(f"choose 1 to {MOST_CHOSEN} orders")
        return Wanted(ids=sorted({ORDERS.row_id(no) for no in numbers})), len(numbers)

    def _matching(self, sent: Sent) -> tuple[Wanted, int]:
        """What the list showed to match when it was looked at: nothing that came since."""
        asked = self.lists.asked(sent.request, sent)
        wanted = asked.wanted(db.now(), up_to=number(sent.field("upto"), "upto"))
        return wanted, number(sent.field("count"), "count")

    async def listing(self, request: web.Request) -> web.StreamResponse:
        turn, actor = page_request(request), actor_of(request)
        mine = None if actor.sites is None else actor.account
        rows = page(
            await batches.batches(before=turn.number() or None, limit=turn.limit, started_by=mine), turn, key=lambda row: row.id
        )
        values = paged(request, {"batches": rows.items, "next": rows.next})
        values |= {"names": await _names(rows.items), "is_fragment": _is_fragment(request)}
        return await self.pages.show(request, "order_batches.html", SECTION, values)

    async def detail(self, request: web.Request) -> web.StreamResponse:
        return await self._detail(request)

    async def _detail(self, request: web.Request, error: str = "", status: int = 200) -> web.Response:
        turn, found = page_request(request), await seen_batch(request.match_info["no"], actor_of(request))
        outcome = text_of(request, "outcome")
        outcome = outcome if outcome in _OUTCOMES else ""
        rows = page(
            await batches.items(found.no, outcome=outcome, after=turn.number(), limit=turn.limit), turn, key=lambda row: row.id
        )
        values: Values = {
            "batch": found,
            "items": rows.items,
            "outcome": outcome,
            "names": await _names([found]),
            "writes": actor_of(request).may(Permission.ORDERS_WRITE),
            "undoes": may_undo(actor_of(request), found),
            "error": error,
            "new_key": new_key,
            "is_fragment": _is_fragment(request),
            **paged(request, {"next": rows.next}, "outcome"),
        }
        return await self.pages.show(request, "order_batch.html", SECTION, values, status=status)

    async def stop(self, request: web.Request) -> web.StreamResponse:
        async def verb(_: Sent, found: StoredBatch) -> str:
            await batches.stop(found.no)
            return found.no

        return await self._do(request, verb)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        async def verb(sent: Sent, found: StoredBatch) -> str:
            if found.action in UNDONE_BY:
                allowed(sent.actor, UNDONE_BY[found.action])
            return await batches.undo(found.no, reason=sent.field("reason"))

        return await self._do(request, verb)

    async def _do(self, request: web.Request, verb: Callable[[Sent, StoredBatch], Awaitable[str]]) -> web.StreamResponse:
        sent, then = sent_by(request), list[str]()
        found = await seen_batch(request.match_info["no"], sent.actor)

        async def work() -> None:
            then.append(await verb(sent, found))

        try:
            await sent.once(work)
        except NotFound:
            raise
        except DomainError as error:
            return await self._detail(request, error.code, status=409)
        return see_other(f"{BATCHES}/{then[0] if then else found.no}")


def may_undo(actor: Actor, found: StoredBatch) -> bool:
    return found.may_be_undone and may_do(actor, UNDONE_BY[found.action])


async def _names(rows: list[StoredBatch]) -> dict[str, str]:
    return await names_of(account_of(row.actor) for row in rows)


def _is_fragment(request: web.Request) -> bool:
    return request.headers.get("HX-Request") == "true" and request.method == "GET"


def order_batch_routes(pages: Pages) -> list[PageRoute]:
    shown, may = OrderBatchPages(pages, OrderListPages(pages)), Permission
    return [
        PageRoute("POST", BATCHES, shown.start, permission=may.ORDERS_WRITE),
        PageRoute("GET", BATCHES, shown.listing, permission=may.ORDERS_READ),
        PageRoute("GET", f"{BATCHES}/{{no}}", shown.detail, permission=may.ORDERS_READ),
        PageRoute("POST", f"{BATCHES}/{{no}}/stop", shown.stop, permission=may.ORDERS_WRITE),
        PageRoute("POST", f"{BATCHES}/{{no}}/undo", shown.undo, permission=may.ORDERS_WRITE),
    ]
