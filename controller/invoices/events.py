"""What is told of invoices.  The subject is the order's number, so that they are part of its history.  No personal data."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class InvoiceIssued(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "invoice_issued"
    invoice: str
    payable_minor: int
    currency: str


class InvoiceCorrected(Event, frozen=True, kw_only=True):
    """A further document takes back some of it; `payable_minor` is below zero."""

    name: ClassVar[str] = "invoice_corrected"
    invoice: str
    correction: str
    payable_minor: int
    currency: str
    reason: str


class InvoiceNotIssued(Event, frozen=True, kw_only=True):
    """It was to be issued when its parcel was packed, and could not be: `code` says why."""

    name: ClassVar[str] = "invoice_not_issued"
    code: str
    message: str


class InvoiceSellerSet(Event, frozen=True, kw_only=True):
    """Who sells there, as invoices say it from now on; `site` empty: everywhere else."""

    name: ClassVar[str] = "invoice_seller_set"
    site: str
    prefix: str
    correction_prefix: str
    at_packing: bool
