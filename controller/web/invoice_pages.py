"""What an order's page does with invoices: issue, correct, print; and an invoice as PDF, its buyer masked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from controller.customers.masks import masked_name
from controller.errors import NotFound
from controller.http.routing import Permission
from controller.invoices import operations, paper, printing, queries
from controller.invoices.handlers import corrected_by
from controller.invoices.policies import Buyer
from controller.invoices.queries import StoredInvoice
from controller.orders.queries import StoredOrder
from controller.web.access import actor_of
from controller.web.forms import Sent
from controller.web.routes import PageRoute
from controller.web.shown import order_at

LONGEST: Final[Mapping[str, int]] = {"buyer": 200, "buyer_address": 400, "buyer_tax_number": 40}


async def issue(sent: Sent, order: StoredOrder) -> None:
    name, address, tax_number = (sent.field(field).strip()[:longest] for field, longest in LONGEST.items())
    await operations.issue(order.no, Buyer(name=name, address=address, tax_number=tax_number))


async def correct(sent: Sent, order: StoredOrder) -> None:
    await operations.correct((await _of(order, sent.field("invoice"))).number, reason=sent.field("reason"))


async def print_out(sent: Sent, order: StoredOrder) -> None:
    await printing.want((await _of(order, sent.field("invoice"))).number)


async def _of(order: StoredOrder, number: str) -> StoredInvoice:
    """Raises NotFound, for one of another order too."""
    found = await queries.invoice(number)
    if found.order_id != order.id:
        raise NotFound(queries.WHAT, number)
    return found


async def _pdf(request: web.Request) -> web.StreamResponse:
    """In clear it is got over the interface, which records who looked."""
    order = await order_at(request.match_info["no"], actor_of(request).at(Permission.PAYMENTS_READ).sites)
    one = await _of(order, request.match_info["invoice"])
    buyer = await queries.buyer_of(one)
    shown = Buyer(name=masked_name(buyer.name)) if buyer.name else Buyer()
    body = await asyncio.to_thread(paper.as_pdf, one, await corrected_by(one), shown)
    headers = {"Content-Disposition": f'attachment; filename="{one.number}.pdf"', "Cache-Control": "private, no-store"}
    return web.Response(body=body, content_type="application/pdf", headers=headers)


def invoice_routes() -> list[PageRoute]:
    return [PageRoute("GET", "/orders/{no}/invoices/{invoice}", _pdf, permission=Permission.PAYMENTS_READ)]
