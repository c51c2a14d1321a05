"""Receipts: what came, gathered under its document and business day.  Sums only grow by facts, so that their order does not matter.

Locks: receipts first (in order of their key), then what `move` takes, then orders.
"""

# ruff: noqa: S608 -- what is put into the texts is column names; values are parameters
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from controller import bulk, db
from controller.purchasing.documents import UNANNOUNCED, Meaning, meanings
from controller.purchasing.policies import Spread
from controller.purchasing.settling import lock_orders, settle
from controller.purchasing.states import OrderState, ReceiptState
from controller.stock.operations import expect
from edge_agent.wire.goods_facts import Condition

Key = tuple[str, str, date]
"""Site, document, business day."""


_CLOSINGS = "FROM receipt_closing c WHERE c.site_id = receipt.site_id AND c.document = receipt.document AND c.day >= receipt.day"


class Part(NamedTuple):
    """Of what came under a receipt: a SKU, of a lot (0: of none that is known), in a condition, damaged for a reason."""

    key: Key
    sku_id: int
    lot_id: int
    condition: Condition
    reason: str


async def receipts_for(began: Mapping[Key, datetime]) -> dict[Key, db.Row]:
    """The receipts under these keys, made where there are none, held until the transaction ends."""
    keys = sorted(began)
    known = await meanings((site, document) for site, document, _ in keys)
    await db.execute_many(
        "INSERT INTO receipt (site_id, document, day, state, order_id, notice_id, supplier_id, began_at, spread, freight_minor, "
        "duty_minor, other_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0) ON CONFLICT (site_id, document, day) DO UPDATE SET "
        "began_at = CASE WHEN excluded.began_at < receipt.began_at THEN excluded.began_at ELSE receipt.began_at END",
        [_new(key, known.get((key[0], key[1]), UNANNOUNCED), began[key]) for key in keys],
    )
    await _check_closed(keys)
    rows = await db.fetch(
        f"SELECT * FROM receipt WHERE {db.among('site_id')} AND {db.among('document')} ORDER BY site_id, document, day",
        *(db.listing(sorted({key[0] for key in keys})), db.listing(sorted({key[1] for key in keys}))),
    )
    found = {(row["site_id"], row["document"], row["day"]): row for row in rows}
    return {key: found[key] for key in keys}


def _new(key: Key, meaning: Meaning, began_at: datetime) -> tuple[object, ...]:
    parents = (meaning.order_id, meaning.notice_id, meaning.supplier_id)
    return (*key, ReceiptState.OPEN.value, *parents, began_at, Spread.VALUE.value)


async def _check_closed(keys: Collection[Key]) -> None:
    """What is open and was said to be all is checked: a closing holds for its document's receipts up to its day."""
    found = await db.fetch(
        f"SELECT DISTINCT site_id, document FROM receipt_closing WHERE {db.among('site_id')} AND {db.among('document')}",
        *(db.listing(sorted({key[0] for key in keys})), db.listing(sorted({key[1] for key in keys}))),
    )
    said = {(row["site_id"], row["document"]) for row in found}
    await db.execute_many(
        f"UPDATE receipt SET state = ?, checked_at = (SELECT MIN(c.closed_at) {_CLOSINGS}) "
        f"WHERE site_id = ? AND document = ? AND state = ? AND EXISTS (SELECT 1 {_CLOSINGS})",
        [
            (ReceiptState.CHECKED.value, site, document, ReceiptState.OPEN.value)
            for site, document in sorted({(key[0], key[1]) for key in keys} & said)
        ],
    )


async def close(closings: Sequence[tuple[UUID, Key, datetime, str | None]]) -> None:
    """Somebody said that this was all: by fact, receipt, instant and person."""
    await db.execute_many(
        "INSERT INTO receipt_closing (fact_id, site_id, document, day, closed_at, person) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (fact_id) DO NOTHING",
        [(fact_id, *key, closed_at, person) for fact_id, key, closed_at, person in closings],
    )


async def note_arrivals(came: Mapping[Part, int], receipts: Mapping[Key, db.Row]) -> None:
    """Add what came, in base units, to its receipts' lines and parts.  Good goods of no known lot are what is left of a line."""
    ids = {key: row["id"] for key, row in receipts.items()}
    good, damaged = defaultdict[tuple[int, int], int](int), defaultdict[tuple[int, int], int](int)
    for part, units in came.items():
        (good if part.condition is Condition.GOOD else damaged)[ids[part.key], part.sku_id] += units
    spots = sorted({*good, *damaged})
    await bulk.save(
        "receipt_line",
        ("receipt_id", "sku_id", "good", "damaged", "price_units", "from_invoice", "landed_minor"),
        [(*spot, good.get(spot, 0), damaged.get(spot, 0), 1, False, 0) for spot in spots],
        "ON CONFLICT (receipt_id, sku_id) DO UPDATE SET good = receipt_line.good + excluded.good, "
        "damaged = receipt_line.damaged + excluded.damaged",
    )
    await bulk.save(
        "receipt_part",
        ("receipt_id", "sku_id", "lot_id", "condition", "reason", "units"),
        sorted(
            (ids[part.key], part.sku_id, part.lot_id, part.condition.value, part.reason, units)
            for part, units in came.items()
            if part.lot_id or part.reason or part.condition is not Condition.GOOD
        ),
        "ON CONFLICT (receipt_id, sku_id, lot_id, condition, reason) DO UPDATE SET units = receipt_part.units + excluded.units",
    )


async def take_out(receipt_id: int, part: Part, units: int) -> None:
    """So many base units of a part did not come after all."""
    column = part.condition.value
    await db.execute(
        f"UPDATE receipt_line SET {column} = {column} - ? WHERE receipt_id = ? AND sku_id = ?", units, receipt_id, part.sku_id
    )
    await db.execute(
        "UPDATE receipt_part SET units = units - ? "
        "WHERE receipt_id = ? AND sku_id = ? AND lot_id = ? AND condition = ? AND reason = ?",
        *(units, receipt_id, part.sku_id, part.lot_id, part.condition.value, part.reason),
    )


async def recount_orders(order_ids: Iterable[int]) -> dict[int, OrderState]:
    """What came of each line of these orders is the sum of their receipts; their states and what is incoming follow."""
    orders = await lock_orders(order_ids)
    if not orders:
        return {}
    await db.execute(
        "UPDATE purchase_order_line SET received = COALESCE((SELECT SUM(l.good + l.damaged) FROM receipt_line l "
        "JOIN receipt r ON r.id = l.receipt_id WHERE r.order_id = purchase_order_line.order_id "
        f"AND l.sku_id = purchase_order_line.sku_id), 0) WHERE {db.among('order_id')}",
        db.listing(sorted(orders)),
    )
    return await settle(orders)


async def recount_notices(notice_ids: Iterable[int]) -> None:
    """What is still owed of notices without an order: what they announced less what came, by SKU, the first lines first."""
    ids = db.listing(sorted(set(notice_ids)))
    notices = await db.fetch(
        f"SELECT id, site_id, closed, order_id FROM shipping_notice WHERE {db.among('id')} ORDER BY id" + db.for_update(), ids
    )
    if not notices:
        return
    came: Counter[tuple[int, int]] = Counter()
    for row in await db.fetch(
        "SELECT r.notice_id, l.sku_id, l.good + l.damaged AS units FROM receipt_line l JOIN receipt r ON r.id = l.receipt_id "
        f"WHERE {db.among('r.notice_id')}",
        ids,
    ):
        came[row["notice_id"], row["sku_id"]] += row["units"]
    lines = await db.fetch(f"SELECT * FROM shipping_notice_line WHERE {db.among('notice_id')} ORDER BY notice_id, position", ids)
    by_id = {row["id"]: row for row in notices}
    changes: Counter[tuple[int, str]] = Counter()
    changed = []
    for line in lines:
        notice, spot = by_id[line["notice_id"]], (line["notice_id"], line["sku_id"])
        got = min(came[spot], line["units"])
        came[spot] -= got
        owed = 0 if notice["closed"] or notice["order_id"] is not None else line["units"] - got
        if owed != line["owed"]:
            changes[line["sku_id"], notice["site_id"]] += owed - line["owed"]
            changed.append((owed, line["id"]))
    for (sku_id, site), change in sorted(changes.items()):
        await expect(sku_id, site, change)
    await db.execute_many("UPDATE shipping_notice_line SET owed = ? WHERE id = ?", changed)


async def note_short(lacking: Sequence[tuple[int, int, str]]) -> None:
    """Receipt, SKU, and why too little of it came; of two reasons the later letter of the alphabet stays, whoever told first."""
    await db.execute_many(
        "INSERT INTO receipt_line (receipt_id, sku_id, good, damaged, price_units, from_invoice, landed_minor, short_reason) "
        "VALUES (?, ?, 0, 0, 1, ?, 0, ?) ON CONFLICT (receipt_id, sku_id) DO UPDATE SET short_reason = CASE "
        "WHEN receipt_line.short_reason IS NULL OR receipt_line.short_reason < excluded.short_reason "
        "THEN excluded.short_reason ELSE receipt_line.short_reason END",
        [(receipt, sku, False, reason) for receipt, sku, reason in sorted(lacking)],
    )
