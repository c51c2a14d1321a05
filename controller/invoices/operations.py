"""Invoices are issued, corrected by further ones, and printed.  The order is locked, so that two cannot be issued at once.

A number is taken last, by the transaction that issues: whoever else wants one of the series waits for it, and what is rolled back
gives its number back.  So a series has no gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from controller import db, events
from controller.customers import sealing
from controller.customers.sealing import Place
from controller.invoices import queries
from controller.invoices.errors import BadCorrection, BadInvoice, InvoicedOtherwise, NotInvoiceable
from controller.invoices.events import InvoiceCorrected, InvoiceIssued
from controller.invoices.freezing import frozen
from controller.invoices.policies import Buyer, Content, correction, left_minor, taken_back, too_much, whole
from controller.invoices.queries import StoredInvoice
from controller.invoices.sellers import seller_at
from controller.orders import queries as orders
from controller.orders.queries import StoredOrder
from controller.orders.states import OrderState
from controller.orders.transitions import lock, locked
from controller.sites.policies import BusinessDays
from controller.sites.queries import site as site_of

DIGITS = 6
MAX_REASON = 200


async def issue(order_no: str, buyer: Buyer | None = None) -> str:
    """The number of the order's invoice; one that has one over what it comes to keeps it.  Records InvoiceIssued.

    Raises NotFound, NotInvoiceable, InvoicedOtherwise, NoSeller, KeysUnavailable (with a buyer).
    """
    async with db.transaction():
        _, state = await locked(order_no)
        order = await orders.order(order_no)
        if state in (OrderState.DRAFT, OrderState.CANCELLED):
            raise NotInvoiceable(order_no, f"is {state}")
        at = await seller_at(_seller_site(order))
        content = await frozen(order, at.seller)
        if standing := await _standing(order, content):
            return standing
        number = await _store(_New(order, at.prefix, content), buyer)
        told = InvoiceIssued(invoice=number, payable_minor=content.payable_minor, currency=content.currency)
        await events.record(told, subject=order_no, site=at.site or order.site)
    return number


def _seller_site(order: StoredOrder) -> str | None:
    """Whose it is: the site that the customer named, else the only one that sends it; of several, the chain's."""
    if order.site is not None:
        return order.site
    return order.sites[0] if len(order.sites) == 1 else None


async def _standing(order: StoredOrder, content: Content) -> str | None:
    """The invoice that stands, when it is over this amount; None: there is none, or all of it was taken back.

    Raises InvoicedOtherwise.
    """
    for invoice in await queries.of_order(order.id):
        if invoice.corrects is not None:
            continue
        corrections = [one.content for one in await queries.corrections_of(invoice.id)]
        if not whole(invoice.content, taken_back(corrections)):
            continue
        if left_minor(invoice.content, corrections) != content.payable_minor:
            raise InvoicedOtherwise(order.no, invoice.number)
        return invoice.number
    return None


async def correct(invoice_no: str, *, reason: str, quantities: Mapping[int, int] | None = None) -> str:
    """The number of a further document that takes back base units of lines, by position; None: all that is left of it.

    Records InvoiceCorrected.  Raises NotFound, BadCorrection (nothing is left, more than is left, a correction itself), BadInvoice.
    """
    text = reason.strip()
    if not text or len(text) > MAX_REASON or not text.isprintable():
        raise BadInvoice(f"a reason of 1 to {MAX_REASON} characters on one line is needed")
    async with db.transaction():
        invoice = await queries.invoice(invoice_no)
        await lock([invoice.order_id])
        if invoice.corrects is not None:
            raise BadCorrection(f"{invoice_no} is a correction: correct the invoice itself, or issue a new one")
        before = taken_back(one.content for one in await queries.corrections_of(invoice.id))
        wanted = whole(invoice.content, before) if quantities is None else {at: each for at, each in quantities.items() if each}
        if not wanted or any(each < 0 for each in wanted.values()):
            raise BadCorrection(f"nothing of {invoice_no} is left to take back, or nothing is asked for")
        if (over := too_much(invoice.content, before, wanted)) is not None:
            raise BadCorrection(f"line {over.position} of {invoice_no} has {over.left} left that can be taken back")
        content = correction(invoice.content, before, wanted)
        order = await orders.order(invoice.order_no)
        at = await seller_at(_seller_site(order))
        number = await _store(_New(order, at.correction_prefix, content, invoice, text), None)
        told = InvoiceCorrected(
            invoice=invoice_no,
            correction=number,
            payable_minor=content.payable_minor,
            currency=content.currency,
            reason=text,
        )
        await events.record(told, subject=order.no, site=invoice.site)
    return number


@dataclass(frozen=True, slots=True)
class _New:
    order: StoredOrder
    prefix: str
    content: Content
    corrects: StoredInvoice | None = None
    reason: str = ""


async def _store(new: _New, buyer: Buyer | None) -> str:
    site, content = new.order.site or (new.order.sites[0] if new.order.sites else None), new.content
    serial = await _next(new.prefix)
    number = f"{new.prefix}-{serial:0{DIGITS}d}"
    rows = await db.fetch(
        "INSERT INTO sales_invoice (number, prefix, serial, order_id, order_no, corrects, site, currency, net_minor, tax_minor, "
        "payable_minor, reason, content, issued_on, issued_at, issued_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "RETURNING id",
        *(number, new.prefix, serial, new.order.id, new.order.no, new.corrects.id if new.corrects else None, site),
        *(content.currency, content.net_minor, content.tax_minor, content.payable_minor, new.reason),
        *(msgspec.json.encode(content).decode(), await _today(site), db.now(), events.actor().actor),
    )
    if buyer is not None and buyer != Buyer():
        sealed = await sealing.seal(msgspec.json.encode(buyer).decode(), Place("sales_invoice_buyer", "sealed", str(rows[0]["id"])))
        await db.execute("INSERT INTO sales_invoice_buyer (invoice_id, sealed) VALUES (?, ?)", rows[0]["id"], sealed)
    return number


async def _next(prefix: str) -> int:
    """The series' next number, which nobody else can take before this transaction ends."""
    await db.execute("INSERT INTO invoice_series (prefix, given) VALUES (?, 0) ON CONFLICT (prefix) DO NOTHING", prefix)
    rows = await db.fetch("UPDATE invoice_series SET given = given + 1 WHERE prefix = ? RETURNING given", prefix)
    return int(rows[0]["given"])


async def _today(site: str | None) -> object:
    if site is None:
        return db.now().date()
    place = await site_of(site)
    return BusinessDays(place.time_zone, place.day_starts).day_of(db.now())
