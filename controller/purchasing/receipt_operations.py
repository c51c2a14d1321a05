"""What the office does with receipts: settle them, say which order they belong to, have labels printed for what came."""

# ruff: noqa: S608 -- what is put into the texts is suffixes of ours; values are parameters
from __future__ import annotations

from controller import db, events
from controller.catalog.queries import SkuRow, skus_by_id
from controller.documents.events import DocumentWanted
from controller.errors import NotFound, Rejected
from controller.purchasing.costs import price_receipts
from controller.purchasing.errors import BadOrder
from controller.purchasing.events import ReceiptChanged
from controller.purchasing.judging import judge
from controller.purchasing.numbers import PURCHASE_ORDERS, RECEIPTS
from controller.purchasing.papers import money
from controller.purchasing.receipt_queries import evidence, receipt
from controller.purchasing.receipts import recount_orders
from controller.purchasing.settling import hold_goods
from controller.purchasing.states import RECEIPT, ReceiptAction, ReceiptState
from controller.states import advance

MOST_LABELS = 200


class NoLabels(Rejected):
    """Nothing came, nobody's box is known, or it would be more than a roll."""

    code = "no_labels"


async def settle_receipt(no: str) -> None:
    """The office looked: this is what came.  Settling twice is once.  Records ReceiptChanged.  Raises NotFound."""
    await _step(no, ReceiptAction.SETTLE, ReceiptState.SETTLED)


async def reopen_receipt(no: str) -> None:
    """There is something to see to after all.  Records ReceiptChanged.  Raises NotFound, IllegalTransition."""
    await _step(no, ReceiptAction.REOPEN, None)


async def _step(no: str, action: ReceiptAction, already: ReceiptState | None) -> None:
    async with db.transaction():
        row = await _held(no)
        state = ReceiptState(row["state"])
        if state is already:
            return
        new = advance(RECEIPT, state, action)
        await db.execute("UPDATE receipt SET state = ? WHERE id = ? AND state = ?", new.value, row["id"], state.value)
        await events.record(ReceiptChanged(what=action.value, state=new.value), subject=no, site=row["site_id"])


async def assign_order(no: str, order_no: str) -> None:
    """What came under an unknown paper belongs to an order: it fills that order's lines, at its prices.

    Records ReceiptChanged.  Raises NotFound, BadOrder (of another site, or the receipt belongs to another order already).
    """
    async with db.transaction():
        order_id = PURCHASE_ORDERS.row_id(order_no)
        row = await _held(no)
        found = await db.fetch("SELECT site_id, supplier_id FROM purchase_order WHERE id = ?", order_id)
        if not found:
            raise NotFound("purchase order", order_no)
        if found[0]["site_id"] != row["site_id"]:
            raise BadOrder(f"{order_no} is for another site than {no}")
        if row["order_id"] not in (None, order_id):
            raise BadOrder(f"{no} belongs to {PURCHASE_ORDERS.number(row['order_id'])} already")
        await hold_goods(order_id)
        await db.execute(
            "UPDATE receipt SET order_id = ?, supplier_id = ? WHERE id = ?", order_id, found[0]["supplier_id"], row["id"]
        )
        await recount_orders([order_id])
        await price_receipts([row["id"]])
        await judge([row["id"]])
        await events.record(ReceiptChanged(what="order", state=row["state"]), subject=no, site=row["site_id"])


async def want_labels(no: str, *, each_piece: bool, wish: str) -> int:
    """Have shelf labels printed for what came, on the box that received it: one per article, or one per piece; how many.

    `wish` tells two wishes apart: the same one again prints nothing more.  Raises NotFound, NoLabels.
    """
    async with db.transaction():
        row = await receipt(no)
        told = await evidence(row, limit=1)
        box = (told[0].device or "").partition("/")[0] if told else ""
        rows = await db.fetch("SELECT sku_id, good FROM receipt_line WHERE receipt_id = ? AND good > 0 ORDER BY sku_id", row.id)
        if not rows or not box:
            raise NoLabels(f"nothing that could be sold came under {no} at a box of ours")
        skus = await skus_by_id([line["sku_id"] for line in rows])
        wanted = [
            (skus[line["sku_id"]], line["good"] if each_piece and skus[line["sku_id"]].base_unit == "piece" else 1) for line in rows
        ]
        total = sum(count for _, count in wanted)
        if total > MOST_LABELS:
            raise NoLabels(f"{total} labels: at most {MOST_LABELS} at once; print one per article")
        for sku, count in wanted:
            for copy in range(count):
                key = f"{no}:{wish}:{sku.code}:{copy}"[:200]
                paper = DocumentWanted(key=key, template="shelf-label", box=box, document=no, data=_label(sku))
                await events.record(paper, subject=no, site=row.site)
    return total


def _label(sku: SkuRow) -> dict[str, str | int | list[dict[str, str | int]]]:
    name = sku.name_zh if sku.name_zh == sku.name_en else f"{sku.name_zh} {sku.name_en}".strip()
    data: dict[str, str | int | list[dict[str, str | int]]] = {
        "name": name,
        "price": f"{money(sku.price_minor, sku.currency)} {sku.currency}",
        "sku": sku.code,
    }
    return data | {"code128": sku.code} if sku.code.isascii() and sku.code.isprintable() and len(sku.code) <= 24 else data


async def _held(no: str) -> db.Row:
    rows = await db.fetch(f"SELECT * FROM receipt WHERE id = ?{db.for_update()}", RECEIPTS.row_id(no))
    if not rows:
        raise NotFound("receipt", no)
    return rows[0]
