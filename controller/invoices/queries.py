"""Invoices as they are stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from controller import db
from controller.customers import sealing
from controller.customers.sealing import Place
from controller.errors import NotFound
from controller.invoices.policies import Buyer, Content

WHAT = "invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInvoice:
    """An invoice, or (`corrects` set: the id of which) a correction, whose sums are below zero."""

    id: int
    number: str
    order_id: int
    order_no: str
    corrects: int | None
    site: str | None
    currency: str
    net_minor: int
    tax_minor: int
    payable_minor: int
    reason: str
    content: Content
    issued_on: date
    issued_at: datetime
    issued_by: str


async def invoice(number: str) -> StoredInvoice:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM sales_invoice WHERE number = ?", number)
    if not rows:
        raise NotFound(WHAT, number)
    return _stored(rows[0])


async def by_id(invoice_id: int) -> StoredInvoice:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM sales_invoice WHERE id = ?", invoice_id)
    if not rows:
        raise NotFound(WHAT, invoice_id)
    return _stored(rows[0])


async def of_order(order_id: int) -> list[StoredInvoice]:
    """Invoices and corrections of an order, in the order in which they were issued."""
    return [_stored(row) for row in await db.fetch("SELECT * FROM sales_invoice WHERE order_id = ? ORDER BY id", order_id)]


async def corrections_of(invoice_id: int) -> list[StoredInvoice]:
    return [_stored(row) for row in await db.fetch("SELECT * FROM sales_invoice WHERE corrects = ? ORDER BY id", invoice_id)]


async def invoices(
    *, before: int | None, limit: int, order: str | None = None, sites: Collection[str] | None = None
) -> list[StoredInvoice]:
    """The newest first, below the id `before`; of one order, of these sites (None: all)."""
    here, ids = ("", []) if sites is None else (f"AND {db.among('site')}", [db.listing(sorted(sites))])
    one, no = ("", []) if order is None else ("AND order_no = ?", [order])
    rows = await db.fetch(
        f"SELECT * FROM sales_invoice WHERE id < ? {one} {here} ORDER BY id DESC LIMIT ?",  # noqa: S608 -- ours
        *(2**62 if before is None else before, *no, *ids, limit),
    )
    return [_stored(row) for row in rows]


async def buyer_of(one: StoredInvoice) -> Buyer:
    """In clear: say who saw it, or where it went.  A correction is for whom its invoice is for.

    Raises KeysUnavailable, SealBroken.
    """
    invoice_id = one.corrects or one.id
    rows = await db.fetch("SELECT sealed FROM sales_invoice_buyer WHERE invoice_id = ?", invoice_id)
    if not rows:
        return Buyer()
    text = await sealing.unseal(rows[0]["sealed"], Place("sales_invoice_buyer", "sealed", str(invoice_id)))
    return msgspec.json.decode(text, type=Buyer)


async def has_buyer(one: StoredInvoice) -> bool:
    return bool(await db.fetch("SELECT invoice_id FROM sales_invoice_buyer WHERE invoice_id = ?", one.corrects or one.id))


async def copies_of(one: StoredInvoice) -> int:
    """How often it was asked onto paper."""
    rows = await db.fetch("SELECT COUNT(*) AS n FROM sales_invoice_print WHERE invoice_id = ?", one.id)
    return int(rows[0]["n"])


def _stored(row: db.Row) -> StoredInvoice:
    told = ("id", "number", "order_id", "order_no", "corrects", "site", "currency", "net_minor", "tax_minor", "payable_minor")
    return StoredInvoice(
        content=msgspec.json.decode(row["content"], type=Content),
        reason=row["reason"],
        issued_on=row["issued_on"],
        issued_at=row["issued_at"],
        issued_by=row["issued_by"],
        **{name: row[name] for name in told},
    )
