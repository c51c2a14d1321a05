"""An invoice on paper: a print job, with its proof in the order's timeline; from the second time on it is marked COPY."""

from __future__ import annotations

from controller import db, events
from controller.documents.events import DocumentWanted
from controller.errors import NotFound
from controller.invoices import paper, queries
from controller.invoices.queries import StoredInvoice
from controller.orders.transitions import lock

BUYER = "invoice_buyer"
"""Whose words the box fetches as it prints: `invoice_buyer:17`, by the id of the invoice."""


async def want(number: str, *, box: str | None = None) -> None:
    """Print it at a box; None: where the order's last parcel was packed.  Records DocumentWanted.  Raises NotFound."""
    async with db.transaction():
        one = await queries.invoice(number)
        await lock([one.order_id])
        at = box or await _box_of(one)
        rows = await db.fetch(
            "INSERT INTO sales_invoice_print (invoice_id, copy, box, asked_at, asked_by) "
            "VALUES (?, (SELECT COUNT(*) + 1 FROM sales_invoice_print WHERE invoice_id = ?), ?, ?, ?) RETURNING copy",
            *(one.id, one.id, at, db.now(), events.actor().actor),
        )
        await _record(one, at, int(rows[0]["copy"]))


async def _record(one: StoredInvoice, box: str, copy: int) -> None:
    corrects = None if one.corrects is None else (await queries.by_id(one.corrects)).number
    is_named = await queries.has_buyer(one)
    wanted = DocumentWanted(
        key=f"invoice:{one.number}:{copy}",
        template="invoice",
        box=box,
        document=one.order_no,
        data=paper.fields(one, corrects, is_named=is_named),
        copy=copy > 1,
        private=f"{BUYER}:{one.id}" if is_named else "",
    )
    await events.record(wanted, subject=one.order_no, site=one.site)


async def _box_of(one: StoredInvoice) -> str:
    rows = await db.fetch(
        "SELECT p.box FROM parcel p JOIN pick_list l ON l.id = p.pick_list_id WHERE l.order_id = ? ORDER BY p.id DESC LIMIT 1",
        one.order_id,
    )
    if not rows:
        raise NotFound("box that packed a parcel of", one.order_no)
    return str(rows[0]["box"])
