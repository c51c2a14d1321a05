"""The pages of purchase orders: what is bought, from whom, how it was sent and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from controller import events
from controller.errors import DomainError, NotFound
from controller.http.routing import BadParameter, Permission, number, page
from controller.purchasing import answers, operations, outbox, papers, queries, supplier_queries
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.operations import NewLine, NewOrder
from controller.purchasing.receipt_queries import AskedReceipts, receipts
from controller.purchasing.states import OrderState
from controller.sites.queries import sites as all_sites
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES, account_of, names_of

SECTION: Final = "/purchase-orders"
DONE: Final = frozenset({"saved", "approved", "sent", "closed", "answered", "retried"})
MOST_ITEMS = 200
"""Articles of a supplier on the page of a new order; more are found by searching."""
Verb = Callable[[Sent, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PurchasingPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted, actor = page_request(request), actor_of(request)
        asked = queries.AskedOrders(**{name: text_of(request, name) for name in ("state", "site", "supplier", "q")})
        if asked.state not in ("", "open", *OrderState):
            raise BadParameter("state", f"open, {', '.join(OrderState)}")
        rows = await queries.orders(asked, before=wanted.number() or None, limit=wanted.limit, sites=actor.sites)
        shown = page(rows, wanted, key=lambda row: PURCHASE_ORDERS.row_id(row.no))
        values = {"orders": shown.items, "next": shown.next, "asked": asked, "sites": await self._sites(request)}
        return await self._show(request, "purchase_orders.html", paged(request, values, "state", "site", "supplier", "q"))

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._new(request, text_of(request, "supplier"), text_of(request, "site"), {})

    async def _new(self, request: web.Request, supplier: str, site: str, refused: Values, status: int = 200) -> web.Response:
        sites = await self._sites(request)
        known = await supplier_queries.suppliers(limit=MOST_ITEMS)
        chosen = next((row for row in known if row.code == supplier), None)
        here = site if site in sites else (sites[0] if len(sites) == 1 else "")
        rows = await supplier_queries.items(supplier, limit=MOST_ITEMS) if chosen else []
        values = {"suppliers": [row for row in known if row.active], "chosen": chosen, "sites": sites, "site": here}
        shown: dict[str, object] = {"items": [row for row in rows if row.active], "error": "", "typed": {}, "message": ""}
        return await self._show(request, "purchase_order_new.html", {**shown, **values, **refused}, status)

    async def create(self, request: web.Request) -> web.StreamResponse:
        sent = sent_by(request)
        supplier, site = sent.field("supplier"), sent.field("site")
        if sent.actor.sites is not None and site not in sent.actor.sites:
            raise NotFound("site", site)
        drafted: list[str] = []

        async def verb() -> None:
            order = NewOrder(site=site, supplier=supplier, lines=_lines(sent), note=sent.field("note"), origin="hand")
            drafted.append(await operations.draft(order))

        try:
            await sent.once(verb)
        except (DomainError, BadParameter) as error:
            return await self._new(request, supplier, site, _refusal(error, sent), status=422)
        raise web.HTTPSeeOther(f"{SECTION}/{drafted[0]}?done=saved" if drafted else SECTION)

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        actor = actor_of(request)
        order = await queries.order(request.match_info["no"], sites=actor.sites)
        history = list(reversed(await events.history(order.no, limit=50)))
        done = text_of(request, "done")
        values: Values = {
            "order": order,
            "supplier": await supplier_queries.supplier(order.supplier),
            "lines": await queries.lines(order.id),
            "sendings": await queries.sendings(order.id),
            "answers": await queries.answers(order.id),
            "receipts": await receipts(AskedReceipts(order=order.no), limit=20, sites=actor.sites),
            "history": history,
            "names": await names_of(account_of(event.actor) for event in history),
            "money": papers.money,
            "done": done if done in DONE else "",
            "error": "",
            "message": "",
            "typed": {},
        }
        return await self._show(request, "purchase_order.html", {**values, **refused}, status)

    def does(self, verb: Verb, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a form on an order's page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, no = sent_by(request), request.match_info["no"]
            await queries.order(no, sites=sent.actor.sites)
            try:
                await sent.once(lambda: verb(sent, no))
            except (DomainError, BadParameter) as error:
                return await self._one(request, _refusal(error, sent), status=422)
            raise web.HTTPSeeOther(f"{SECTION}/{no}?{urlencode({'done': done})}")

        return handle

    async def paper(self, request: web.Request) -> web.StreamResponse:
        """The order as CSV, as its supplier gets it."""
        order = await queries.order(request.match_info["no"], sites=actor_of(request).sites)
        paper = await queries.paper_of(order.no, "")
        name = f'attachment; filename="{order.no}.csv"'
        headers = {"Content-Disposition": name, "Cache-Control": "private, no-store"}
        return web.Response(body=papers.as_csv(paper), content_type="text/csv", charset="utf-8", headers=headers)

    async def _sites(self, request: web.Request) -> list[str]:
        return [site.id for site in await all_sites(limit=MAX_SITES, only=actor_of(request).sites)]

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "new_key": new_key, "next_page": "", "first_page": "", "money": papers.money, **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


def _refusal(error: DomainError | BadParameter, sent: Sent) -> dict[str, object]:
    code = error.code if isinstance(error, DomainError) else "bad_parameter"
    return {"error": code, "message": str(error), "typed": dict(sent.fields)}


def _lines(sent: Sent) -> list[NewLine]:
    """`packs:SKU` says how many, an empty field none.  Raises BadParameter."""
    found = []
    for name, value in sent.fields.items():
        if name.startswith("packs:") and value.strip():
            packs = number(value.strip(), "packs")
            if packs:
                found.append(NewLine(sku=name.removeprefix("packs:"), packs=packs))
    sku = sent.field("sku")
    if sku:
        found.append(NewLine(sku=sku, packs=number(sent.field("sku_packs") or "1", "packs")))
    return found


async def _approve(sent: Sent, no: str) -> None:
    await operations.approve(no, despite_minimum=sent.field("despite") == "yes")


async def _change(sent: Sent, no: str) -> None:
    await operations.change_lines(no, _lines(sent), note=sent.field("note"))


async def _send(_: Sent, no: str) -> None:
    await operations.send(no)


async def _revise(_: Sent, no: str) -> None:
    await operations.revise(no)


async def _reopen(_: Sent, no: str) -> None:
    await operations.reopen(no)


async def _cancel(sent: Sent, no: str) -> None:
    await operations.cancel(no, reason=sent.field("reason"))


async def _close(sent: Sent, no: str) -> None:
    await operations.close_rest(no, reason=sent.field("reason"))


async def _close_line(sent: Sent, no: str) -> None:
    await operations.close_line(no, number(sent.field("position"), "position"), reason=sent.field("reason"))


async def _answer(sent: Sent, no: str) -> None:
    verb = answers.accept if sent.field("way") == "accept" else answers.refuse
    await verb(no, number(sent.field("answer"), "answer"))


async def _retry(sent: Sent, no: str) -> None:
    sending = number(sent.field("sending"), "sending")
    order = await queries.order(no)
    if sending not in {each.id for each in await queries.sendings(order.id)}:
        raise NotFound("sending", sending)
    await outbox.retry_sending(sending)


def purchasing_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = PurchasingPages(pages), Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
    one = f"{SECTION}/{{no}}"
    forms = [
        ("lines", _change, "saved"),
        ("approve", _approve, "approved"),
        ("send", _send, "sent"),
        ("revise", _revise, "saved"),
        ("cancel", _cancel, "closed"),
        ("close", _close, "closed"),
        ("close-line", _close_line, "closed"),
        ("reopen", _reopen, "saved"),
        ("answer", _answer, "answered"),
        ("retry", _retry, "retried"),
    ]
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", f"{SECTION}/new", shown.new, permission=write),
        PageRoute("POST", SECTION, shown.create, permission=write),
        PageRoute("GET", one, shown.one, permission=read),
        PageRoute("GET", f"{one}/csv", shown.paper, permission=read),
        *(PageRoute("POST", f"{one}/{part}", shown.does(verb, done), permission=write) for part, verb, done in forms),
    ]
