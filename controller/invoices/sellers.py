"""Who sells at a site, as invoices say it, and the series that their numbers are of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from controller import db, events
from controller.invoices.errors import BadInvoice, NoSeller
from controller.invoices.events import InvoiceSellerSet
from controller.invoices.policies import Seller
from controller.sites.queries import site as site_of

PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,11}")
EVERYWHERE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerAt:
    """`site` None: everywhere that has none of its own.  `at_packing`: as in `models.InvoiceSeller`."""

    site: str | None = None
    seller: Seller
    prefix: str = "INV"
    correction_prefix: str = "CN"
    at_packing: bool = False


async def set_seller(wanted: SellerAt) -> None:
    """From now on.  What is issued stays as it is.  Records InvoiceSellerSet.  Raises BadInvoice, NotFound (a site)."""
    _check(wanted)
    if wanted.site is not None:
        await site_of(wanted.site)
    site, seller = wanted.site or EVERYWHERE, wanted.seller
    async with db.transaction():
        await db.execute(
            "INSERT INTO invoice_seller (site, name, address, tax_number, note, prefix, correction_prefix, at_packing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site) DO UPDATE SET name = excluded.name, address = excluded.address, "
            "tax_number = excluded.tax_number, note = excluded.note, prefix = excluded.prefix, "
            "correction_prefix = excluded.correction_prefix, at_packing = excluded.at_packing",
            *(site, seller.name, seller.address, seller.tax_number, seller.note, wanted.prefix),
            *(wanted.correction_prefix, wanted.at_packing),
        )
        told = InvoiceSellerSet(
            site=site, prefix=wanted.prefix, correction_prefix=wanted.correction_prefix, at_packing=wanted.at_packing
        )
        await events.record(told, subject=site or "chain", site=wanted.site)


def _check(wanted: SellerAt) -> None:
    if not wanted.seller.name.strip():
        raise BadInvoice("a seller has a name")
    for prefix in (wanted.prefix, wanted.correction_prefix):
        if not PREFIX.fullmatch(prefix):
            raise BadInvoice(f"prefix {prefix[:20]!r} is not a capital letter and up to 11 more capital letters and digits")
    if wanted.prefix == wanted.correction_prefix:
        raise BadInvoice("invoices and corrections are numbered in series of their own: give them different prefixes")


async def sellers() -> list[SellerAt]:
    """All of them, the chain's first."""
    return [_stored(row) for row in await db.fetch("SELECT * FROM invoice_seller ORDER BY site")]


async def seller_at(site: str | None) -> SellerAt:
    """Raises NoSeller."""
    rows = await db.fetch(
        "SELECT * FROM invoice_seller WHERE site IN (?, ?) ORDER BY site DESC LIMIT 1", site or EVERYWHERE, EVERYWHERE
    )
    if not rows:
        raise NoSeller(site)
    return _stored(rows[0])


def _stored(row: db.Row) -> SellerAt:
    return SellerAt(
        site=row["site"] or None,
        seller=Seller(name=row["name"], address=row["address"], tax_number=row["tax_number"], note=row["note"]),
        prefix=row["prefix"],
        correction_prefix=row["correction_prefix"],
        at_packing=bool(row["at_packing"]),
    )
