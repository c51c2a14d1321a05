"""A receipt that takes an earlier one back, whole: whichever of the two is told first."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence

from controller import db
from controller.sales.booking import Goods, take_back
from controller.sales.conflicts import ask_about
from controller.sales.policies import Identity, LineState, NewReceipt, SaleState, document_of

UNKNOWN_CODE = "unknown_receipt"


async def void_what_waits(fresh: Sequence[NewReceipt]) -> dict[Identity, str | None]:
    """Take back what new receipts void, and void new receipts that others were waiting for.

    For each new receipt that voids one: None, or why it does not (`unknown_receipt`: it waits; `already_void`).
    """
    outcomes: dict[Identity, str | None] = {}
    for receipt in fresh:
        if receipt.voids is not None:
            outcomes[receipt.identity] = await _void(receipt.identity, receipt.voids)
    sold = [receipt.identity for receipt in fresh if receipt.voids is None]
    if sold:
        rows = await db.fetch(
            "SELECT site_id, till, number, voids FROM sale WHERE state = 'waiting' AND voids IS NOT NULL "
            f"AND {db.among('site_id')} AND {db.among('till')} AND {db.among('voids')} ORDER BY id",
            *(db.listing(sorted({identity[part] for identity in sold})) for part in range(3)),
        )
        wanted = set(sold)
        for row in rows:
            if (row["site_id"], row["till"], row["voids"]) in wanted:
                await _void((row["site_id"], row["till"], row["number"]), row["voids"])
    return outcomes


async def _void(void: Identity, number: str) -> str | None:
    site, till, own_number = void
    rows = await db.fetch(
        "SELECT * FROM sale WHERE site_id = ? AND till = ? AND number = ?" + db.for_update(), *(site, till, number)
    )
    if not rows or rows[0]["voids"] is not None:
        return UNKNOWN_CODE
    target = rows[0]
    taken = await db.execute(
        "UPDATE sale SET voided_by = ?, state = ? WHERE id = ? AND voided_by IS NULL",
        *(own_number, SaleState.BOOKED.value, target["id"]),
    )
    if not taken and target["voided_by"] != own_number:
        await db.execute("UPDATE sale SET state = ? WHERE site_id = ? AND till = ? AND number = ?", SaleState.CONFLICT.value, *void)
        await ask_about(site, till, own_number, "already_void")
        return "already_void"
    (own,) = await db.fetch("SELECT * FROM sale WHERE site_id = ? AND till = ? AND number = ?", *void)
    lines = await db.fetch("SELECT * FROM sale_line WHERE sale_id = ? ORDER BY position", target["id"])
    booked = [(_goods(target, line), line["cost_minor"]) for line in lines if line["state"] == LineState.BOOKED.value]
    if taken:
        await take_back(booked, at=own["occurred_at"], document=document_of(till, own_number))
        await db.execute(
            "UPDATE sale_line SET state = ? WHERE sale_id = ? AND state IN (?, ?)",
            *(LineState.VOID.value, target["id"], LineState.WAITING.value, LineState.NO_GOODS.value),
        )
    await db.execute("UPDATE sale SET state = ? WHERE id = ?", SaleState.BOOKED.value, own["id"])
    return None


def _goods(sale: db.Row, line: db.Row) -> Goods:
    return Goods(
        site=sale["site_id"],
        till=sale["till"],
        document=document_of(sale["till"], sale["number"]),
        occurred_at=sale["occurred_at"],
        day=sale["day"],
        sku_id=line["sku_id"],
        units=line["units"],
        amount_minor=line["amount_minor"],
        is_damaged=bool(line["is_damaged"]),
    )
