"""Invoices over HTTP: issued, corrected, printed; as PDF; and who sells, as they say it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from controller import events
from controller.customers.events import PersonalDataSeen
from controller.customers.masks import masked_name
from controller.errors import Forbidden, NotFound
from controller.http.routing import PLAIN, Call, Created, Page, Reply, page
from controller.invoices import operations, paper, printing, queries, sellers
from controller.invoices.policies import Buyer, GivenDiscount, InvoiceLine, PaidBy, RateSum, Seller
from controller.invoices.queries import StoredInvoice
from controller.invoices.sellers import SellerAt
from controller.orders import queries as orders
from controller.orders.numbers import ORDERS

T = TypeVar("T")
Text = Annotated[str, Meta(max_length=200, pattern=PLAIN)]
Long = Annotated[str, Meta(max_length=400, pattern=PLAIN)]
TaxNumber = Annotated[str, Meta(max_length=40, pattern=PLAIN)]
Prefix = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]{0,11}$")]


class BuyerBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it is for; it is sealed, and shown masked."""

    name: Text = ""
    address: Long = ""
    tax_number: TaxNumber = ""


class IssueInvoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    buyer: BuyerBody | None = None


class BackLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many base units of a line; a charge has quantity 1."""

    position: Annotated[int, Meta(ge=1, le=100_000)]
    quantity: Annotated[int, Meta(ge=1, le=10**12)]


class CorrectInvoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lines` null: all that is left of it."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
    lines: Annotated[list[BackLine], Meta(min_length=1, max_length=1000)] | None = None


class PrintInvoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`box` null: where the order's last parcel was packed."""

    box: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")] | None = None


class InvoiceView(Struct, frozen=True, kw_only=True):
    """Minor units of `currency`, below zero of a correction (`corrects` set).  `prints`: how often it was asked onto paper."""

    no: str
    order: str
    corrects: str | None
    site: str | None
    currency: str
    net_minor: int
    tax_minor: int
    payable_minor: int
    reason: str
    issued_on: date
    issued_at: datetime
    prints: int


class InvoiceDetail(Struct, frozen=True, kw_only=True):
    """The frozen copy.  `buyer` is masked; empty: nobody was named."""

    invoice: InvoiceView
    seller: Seller
    buyer: str
    lines: list[InvoiceLine]
    rates: list[RateSum]
    discounts: list[GivenDiscount]
    payments: list[PaidBy]
    discount_minor: int
    rounding_minor: int
    corrections: list[str]


class SellerView(Struct, frozen=True, kw_only=True):
    """`site` null: everywhere that has none of its own."""

    site: str | None
    seller: Seller
    prefix: str
    correction_prefix: str
    at_packing: bool


class SetSeller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`prefix` begins the numbers of invoices, `correction_prefix` those of corrections; `at_packing`: issued and printed then."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
    address: Long = ""
    tax_number: TaxNumber = ""
    note: Long = ""
    prefix: Prefix = "INV"
    correction_prefix: Prefix = "CN"
    at_packing: bool = False


async def view(one: StoredInvoice) -> InvoiceView:
    return InvoiceView(
        no=one.number,
        order=one.order_no,
        corrects=await corrected_by(one),
        site=one.site,
        currency=one.currency,
        net_minor=one.net_minor,
        tax_minor=one.tax_minor,
        payable_minor=one.payable_minor,
        reason=one.reason,
        issued_on=one.issued_on,
        issued_at=one.issued_at,
        prints=await queries.copies_of(one),
    )


async def corrected_by(one: StoredInvoice) -> str | None:
    """The number of the invoice that this one corrects."""
    return None if one.corrects is None else (await queries.by_id(one.corrects)).number


async def _detail(one: StoredInvoice) -> InvoiceDetail:
    content = one.content
    buyer = await queries.buyer_of(one)
    return InvoiceDetail(
        invoice=await view(one),
        seller=content.seller,
        buyer=masked_name(buyer.name) if buyer.name else "",
        lines=list(content.lines),
        rates=content.rates,
        discounts=list(content.discounts),
        payments=list(content.payments),
        discount_minor=content.discount_minor,
        rounding_minor=content.rounding_minor,
        corrections=[each.number for each in await queries.corrections_of(one.id)],
    )


async def _visible(call: Call[T]) -> StoredInvoice:
    """Raises NotFound, for one of other sites too."""
    found = await queries.invoice(call.path["no"])
    if call.actor.sites is not None and found.site not in call.actor.sites:
        raise NotFound(queries.WHAT, found.number)
    return found


async def listing(call: Call[None]) -> Page[InvoiceView]:
    rows = await queries.invoices(
        before=call.page.number() or None, limit=call.page.limit, order=call.query.get("order"), sites=call.actor.sites
    )
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[await view(row) for row in shown.items], next=shown.next)


async def invoice(call: Call[None]) -> InvoiceDetail:
    return await _detail(await _visible(call))


async def pdf(call: Call[None]) -> Reply:
    """The buyer masked: in clear it is the answer of a POST, which is recorded."""
    one = await _visible(call)
    buyer = await queries.buyer_of(one)
    return await _file(one, Buyer(name=masked_name(buyer.name)) if buyer.name else Buyer())


async def clear_pdf(call: Call[None]) -> Reply:
    one = await _visible(call)
    await events.record(PersonalDataSeen(what="invoice"), subject=one.order_no, site=one.site)
    return await _file(one, await queries.buyer_of(one))


async def _file(one: StoredInvoice, buyer: Buyer) -> Reply:
    body = await asyncio.to_thread(paper.as_pdf, one, await corrected_by(one), buyer)
    name = {"Content-Disposition": f'attachment; filename="{one.number}.pdf"', "Cache-Control": "no-store"}
    return Reply(body=body, media_type="application/pdf", headers=name)


async def issue(call: Call[IssueInvoice]) -> Created[InvoiceDetail]:
    """One that stands over the same amount is the answer."""
    order = await orders.order(call.path["no"])
    if not order.is_seen_at(call.actor.sites):
        raise NotFound(ORDERS.what, order.no)
    if call.actor.sites is not None and not set(order.sites) <= call.actor.sites:
        raise Forbidden(f"{order.no} is sent from other sites too: whoever sees all of them issues its invoice")
    told = call.body.buyer
    buyer = None if told is None else Buyer(name=told.name, address=told.address, tax_number=told.tax_number)
    number = await operations.issue(order.no, buyer)
    return Created(await _detail(await queries.invoice(number)), location=f"/api/v1/invoices/{number}")


async def correct(call: Call[CorrectInvoice]) -> Created[InvoiceDetail]:
    await _visible(call)
    told = call.body.lines
    wanted: dict[int, int] = {}
    for line in told or ():
        wanted[line.position] = wanted.get(line.position, 0) + line.quantity
    number = await operations.correct(call.path["no"], reason=call.body.reason, quantities=None if told is None else wanted)
    return Created(await _detail(await queries.invoice(number)), location=f"/api/v1/invoices/{number}")


async def print_out(call: Call[PrintInvoice]) -> InvoiceView:
    one = await _visible(call)
    await printing.want(one.number, box=call.body.box)
    return await view(one)


async def seller_list(_: Call[None]) -> Page[SellerView]:
    return Page(items=[_seller(each) for each in await sellers.sellers()], next=None)


async def set_chain_seller(call: Call[SetSeller]) -> SellerView:
    return await _set(None, call.body)


async def set_site_seller(call: Call[SetSeller]) -> SellerView:
    return await _set(call.path["site"], call.body)


async def _set(site: str | None, body: SetSeller) -> SellerView:
    wanted = SellerAt(
        site=site,
        seller=Seller(name=body.name, address=body.address, tax_number=body.tax_number, note=body.note),
        prefix=body.prefix,
        correction_prefix=body.correction_prefix,
        at_packing=body.at_packing,
    )
    await sellers.set_seller(wanted)
    return _seller(wanted)


def _seller(each: SellerAt) -> SellerView:
    return SellerView(
        site=each.site,
        seller=each.seller,
        prefix=each.prefix,
        correction_prefix=each.correction_prefix,
        at_packing=each.at_packing,
    )
