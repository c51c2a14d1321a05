"""The pages of receipts: what should have come and what did, of which lots, what it cost, and who told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from controller import events
from controller.errors import DomainError
from controller.http.routing import BadParameter, Permission, page
from controller.purchasing import costs, papers, receipt_operations, receipt_queries
from controller.purchasing.costs import InvoiceLine, LandedCosts
from controller.purchasing.numbers import RECEIPTS
from controller.purchasing.policies import Spread
from controller.purchasing.receipt_queries import AskedReceipts
from controller.purchasing.states import ReceiptState
from controller.sites.queries import sites as all_sites
from controller.web.access import actor_of
from controller.web.forms import Sent, sent_by
from controller.web.pages import Pages, Values, new_key, page_request, paged, text_of
from controller.web.routes import PageRoute
from controller.web.shown import MAX_SITES, account_of, names_of
from controller.web.supplier_pages import amount

SECTION: Final = "/receipts"
DONE: Final = frozenset({"settled", "reopened", "costs", "invoice", "order", "labels"})
MOST_READINGS = 50
Verb = Callable[[Sent, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ReceiptPages:
    pages: Pages

    async def listing(self, request: web.Request) -> web.StreamResponse:
        wanted, actor = page_request(request), actor_of(request)
        asked = AskedReceipts(**{name: text_of(request, name) for name in ("state", "site", "order", "q")})
        if asked.state not in ("", *ReceiptState):
            raise BadParameter("state", f"one of {', '.join(ReceiptState)}")
        rows = await receipt_queries.receipts(asked, before=wanted.number() or None, limit=wanted.limit, sites=actor.sites)
        shown = page(rows, wanted, key=lambda row: RECEIPTS.row_id(row.no))
        sites = [site.id for site in await all_sites(limit=MAX_SITES, only=actor.sites)]
        values = {"receipts": shown.items, "next": shown.next, "asked": asked, "sites": sites}
        return await self._show(request, "receipts.html", paged(request, values, "state", "site", "order", "q"))

    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._one(request, {})

    async def _one(self, request: web.Request, refused: Values, status: int = 200) -> web.Response:
        row = await receipt_queries.receipt(request.match_info["no"], sites=actor_of(request).sites)
        wanted = page_request(request)
        readings = await receipt_queries.evidence(row, after=wanted.number(), limit=MOST_READINGS + 1)
        history = list(reversed(await events.history(row.no, limit=50)))
        done = text_of(request, "done")
        people = [account_of(event.actor) for event in history] + [
            account_of(each.person) or each.person for each in readings if each.person
        ]
        values = {
            "row": row,
            "lines": await receipt_queries.receipt_lines(row.id),
            "parts": await receipt_queries.parts(row.id),
            "readings": readings[:MOST_READINGS],
            "next": readings[MOST_READINGS - 1].id if len(readings) > MOST_READINGS else None,
            "history": history,
            "names": await names_of(people),
            "spreads": list(Spread),
            "done": done if done in DONE else "",
        }
        told = {"error": "", "message": "", "typed": {}}
        return await self._show(request, "receipt.html", {**paged(request, values), **told, **refused}, status)

    def does(self, verb: Verb, done: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler of a form on a receipt's page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            sent, no = sent_by(request), request.match_info["no"]
            await receipt_queries.receipt(no, sites=sent.actor.sites)
            try:
                await sent.once(lambda: verb(sent, no))
            except (DomainError, BadParameter) as error:
                code = error.code if isinstance(error, DomainError) else "bad_parameter"
                return await self._one(request, {"error": code, "message": str(error), "typed": dict(sent.fields)}, status=422)
            raise web.HTTPSeeOther(f"{SECTION}/{no}?done={done}")

        return handle

    async def _show(self, request: web.Request, template: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        shown = {"is_fragment": is_fragment, "new_key": new_key, "next_page": "", "first_page": "", "money": papers.money, **values}
        return await self.pages.show(request, template, SECTION, shown, status=status)


async def _settle(_: Sent, no: str) -> None:
    await receipt_operations.settle_receipt(no)


async def _reopen(_: Sent, no: str) -> None:
    await receipt_operations.reopen_receipt(no)


async def _costs(sent: Sent, no: str) -> None:
    row = await receipt_queries.receipt(no)
    spread = sent.field("spread") or Spread.VALUE.value
    if spread not in set(Spread):
        raise BadParameter("spread", f"one of {', '.join(Spread)}")
    freight, duty, other = (amount(sent.field(name), row.currency, name) or 0 for name in ("freight", "duty", "other"))
    told = LandedCosts(freight_minor=freight, duty_minor=duty, other_minor=other, spread=Spread(spread))
    await costs.set_landed_costs(no, told)


async def _invoice(sent: Sent, no: str) -> None:
    """`amount:SKU` is what the invoice says for all that came of it; an empty field says nothing."""
    row = await receipt_queries.receipt(no)
    came = {line.sku: line.units for line in await receipt_queries.receipt_lines(row.id)}
    lines = []
    for sku, units in came.items():
        told = amount(sent.field(f"amount:{sku}"), row.currency, "amount")
        if told is not None and units:
            lines.append(InvoiceLine(sku=sku, minor=told, units=units))
    if not lines:
        raise BadParameter("amount", "an amount for at least one article")
    await costs.take_invoice(no, lines)


async def _order(sent: Sent, no: str) -> None:
    await receipt_operations.assign_order(no, sent.field("order").upper())


async def _labels(sent: Sent, no: str) -> None:
    await receipt_operations.want_labels(no, each_piece=sent.field("each") == "piece", wish=sent.field("key")[:40])


def receipt_routes(pages: Pages) -> list[PageRoute]:
    shown, read, write = ReceiptPages(pages), Permission.PURCHASING_READ, Permission.PURCHASING_WRITE
    one = f"{SECTION}/{{no}}"
    forms = [
        ("settle", _settle, "settled"),
        ("reopen", _reopen, "reopened"),
        ("costs", _costs, "costs"),
        ("invoice", _invoice, "invoice"),
        ("order", _order, "order"),
        ("labels", _labels, "labels"),
    ]
    return [
        PageRoute("GET", SECTION, shown.listing, permission=read),
        PageRoute("GET", one, shown.one, permission=read),
        *(PageRoute("POST", f"{one}/{part}", shown.does(verb, done), permission=write) for part, verb, done in forms),
    ]
