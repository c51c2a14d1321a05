"""Invoices over HTTP: the routes.  What they do: `handlers.py`."""

from __future__ import annotations

from controller.http.routing import Page, Permission, Route
from controller.invoices import handlers
from controller.invoices.handlers import (
    BackLine,
    BuyerBody,
    CorrectInvoice,
    InvoiceDetail,
    InvoiceView,
    IssueInvoice,
    PrintInvoice,
    SellerView,
    SetSeller,
)

_ONE = "/api/v1/invoices/{no}"
_SELLER = SetSeller(name="Tea House Ltd.", address="1 Tea Street, Hangzhou", tax_number="91330100MA27XL0000")
_READ, _WRITE = Permission.PAYMENTS_READ, Permission.PAYMENTS_WRITE

ROUTES = [
    Route(
        "GET",
        "/api/v1/invoices",
        handlers.listing,
        permission=_READ,
        reply=Page[InvoiceView],
        summary="List invoices and corrections, the newest first",
        filters={"order": "only those of this order"},
    ),
    Route("GET", _ONE, handlers.invoice, permission=_READ, reply=InvoiceDetail, summary="One invoice, as it was issued"),
    Route("GET", f"{_ONE}/pdf", handlers.pdf, permission=_READ, reply=bytes, summary="An invoice as PDF, its buyer masked"),
    Route(
        "POST",
        f"{_ONE}/pdf",
        handlers.clear_pdf,
        permission=Permission.CUSTOMERS_REVEAL,
        reply=bytes,
        summary="An invoice as PDF with its buyer in clear; that it was seen is recorded",
        confidential=True,
    ),
    Route(
        "POST",
        "/api/v1/orders/{no}/invoices",
        handlers.issue,
        permission=_WRITE,
        body=IssueInvoice,
        reply=InvoiceDetail,
        summary="Issue the invoice of an order, over what it comes to now; one that stands is the answer",
        example=IssueInvoice(buyer=BuyerBody(name="李雷", tax_number="91330100MA27XL0001")),
        confidential=True,
    ),
    Route(
        "POST",
        f"{_ONE}/corrections",
        handlers.correct,
        permission=_WRITE,
        body=CorrectInvoice,
        reply=InvoiceDetail,
        summary="Take an invoice, or lines of it, back by a further document",
        example=CorrectInvoice(reason="one came broken", lines=[BackLine(position=1, quantity=1)]),
    ),
    Route(
        "POST",
        f"{_ONE}/prints",
        handlers.print_out,
        permission=_WRITE,
        body=PrintInvoice,
        reply=InvoiceView,
        summary="Print an invoice; from the second time on it is marked COPY",
        example=PrintInvoice(box="counter-1"),
    ),
    Route(
        "GET",
        "/api/v1/invoice-sellers",
        handlers.seller_list,
        permission=_READ,
        reply=Page[SellerView],
        summary="Who sells, as invoices say it: in the whole chain, and where a site has its own",
    ),
    Route(
        "PUT",
        "/api/v1/invoice-sellers",
        handlers.set_chain_seller,
        permission=Permission.TAXES_WRITE,
        body=SetSeller,
        reply=SellerView,
        summary="Say who sells wherever a site has no seller of its own",
        example=_SELLER,
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/sites/{site}/invoice-seller",
        handlers.set_site_seller,
        permission=Permission.TAXES_WRITE,
        body=SetSeller,
        reply=SellerView,
        summary="Say who sells at a site",
        example=_SELLER,
    ),
]
