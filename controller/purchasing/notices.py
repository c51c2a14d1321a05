"""Advance shipping notices: what a supplier says is on its way, with lots and expiries."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from controller import db, events
from controller.catalog.queries import SkuRow, skus_by_code
from controller.errors import NotFound
from controller.purchasing.costs import price_receipts
from controller.purchasing.errors import BadNotice, NumberTaken
from controller.purchasing.events import NoticeCame
from controller.purchasing.judging import judge
from controller.purchasing.numbers import PURCHASE_ORDERS
from controller.purchasing.receipts import recount_notices, recount_orders
from controller.purchasing.suppliers import supplier_id_of
from controller.sites.queries import site as site_of
from controller.stock.granting import lock

Plain = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
COLUMNS = ("sku", "units", "lot", "expiry")


class NoticedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`units`: base units of a SKU; of a lot, with its expiry, where the notice says so."""

    sku: Plain
    units: Annotated[int, Meta(ge=1, le=10**12)]
    lot: Plain | None = None
    expiry: date | None = None


class NewNotice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the supplier's own, as on its papers; `order` ours, if the goods are of one."""

    supplier: Plain
    site: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
    number: Plain
    lines: Annotated[list[NoticedLine], Meta(min_length=1, max_length=2000)]
    order: Annotated[str, Meta(pattern=r"^PO-[0-9]{6,12}$")] | None = None
    expected_on: date | None = None


def read_csv(body: bytes) -> list[NoticedLine]:
    """Lines of a notice from a CSV with the columns sku, units, lot, expiry.  Raises BadNotice with the line's number."""
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadNotice(f"the file is not CSV in UTF-8: {error}") from error
    if not rows or not {"sku", "units"} <= set(rows[0]) <= set(COLUMNS):
        raise BadNotice(f"expected a head of {', '.join(COLUMNS)} (the last two may be left out), and at least one line")
    found = []
    for number, row in enumerate(rows, 2):
        try:
            cells = {key: value.strip() for key, value in row.items() if value and value.strip()}
            found.append(msgspec.convert(cells, NoticedLine, strict=False))
        except (msgspec.ValidationError, AttributeError) as error:
            raise BadNotice(f"line {number}: {error}") from error
    return found


async def take_notice(new: NewNotice) -> None:
    """Goods are on their way.  What came under its number before it did joins it.  The same notice again changes nothing.

    Records NoticeCame.  Raises NotFound (supplier, site, SKU, order), NumberTaken (the number names another notice), BadNotice.
    """
    async with db.transaction():
        await site_of(new.site)
        supplier_id = await supplier_id_of(new.supplier)
        skus = await skus_by_code([line.sku for line in new.lines])
        missing = next((line.sku for line in new.lines if line.sku not in skus), None)
        if missing is not None:
            raise NotFound("SKU", missing)
        order_id = await _order_of(new, supplier_id)
        receipts = await db.fetch(
            f"SELECT id FROM receipt WHERE site_id = ? AND document = ? ORDER BY id{db.for_update()}",  # noqa: S608 -- ours
            *(new.site, new.number),
        )
        await lock(sorted({(skus[line.sku].id, new.site) for line in new.lines}))
        rows = await db.fetch(
            "INSERT INTO shipping_notice (supplier_id, site_id, order_id, number, expected_on, closed, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (supplier_id, number) DO NOTHING RETURNING id",
            *(supplier_id, new.site, order_id, new.number, new.expected_on, False, db.now()),
        )
        if not rows:
            await _require_same(new, supplier_id, order_id)
            return
        await _write(int(rows[0]["id"]), new, skus)
        await events.record(NoticeCame(supplier=new.supplier, lines=len(new.lines)), subject=new.number, site=new.site)
        await _join(int(rows[0]["id"]), order_id, supplier_id, [int(row["id"]) for row in receipts])


async def close_notice(supplier: str, number: str) -> None:
    """What of a notice has not come does not come.  Raises NotFound."""
    async with db.transaction():
        supplier_id = await supplier_id_of(supplier)
        rows = await db.fetch(
            "SELECT l.sku_id, n.site_id, n.id FROM shipping_notice n JOIN shipping_notice_line l ON l.notice_id = n.id "
            "WHERE n.supplier_id = ? AND n.number = ?",
            *(supplier_id, number),
        )
        if not rows:
            raise NotFound("notice", number)
        await lock(sorted({(row["sku_id"], row["site_id"]) for row in rows}))
        await db.execute("UPDATE shipping_notice SET closed = ? WHERE id = ?", True, rows[0]["id"])
        await recount_notices([rows[0]["id"]])


async def site_of_notice(supplier: str, number: str) -> str:
    """Raises NotFound."""
    rows = await db.fetch(
        "SELECT n.site_id FROM shipping_notice n JOIN supplier s ON s.id = n.supplier_id WHERE s.code = ? AND n.number = ?",
        *(supplier, number),
    )
    if not rows:
        raise NotFound("notice", number)
    return str(rows[0]["site_id"])


async def _order_of(new: NewNotice, supplier_id: int) -> int | None:
    if new.order is None:
        return None
    order_id = PURCHASE_ORDERS.row_id(new.order)
    rows = await db.fetch("SELECT supplier_id, site_id FROM purchase_order WHERE id = ?", order_id)
    if not rows:
        raise NotFound("purchase order", new.order)
    if (rows[0]["supplier_id"], rows[0]["site_id"]) != (supplier_id, new.site):
        raise BadNotice(f"{new.order} is of another supplier, or for another site")
    return order_id


async def _write(notice_id: int, new: NewNotice, skus: dict[str, SkuRow]) -> None:
    await db.execute_many(
        "INSERT INTO shipping_notice_line (notice_id, position, sku_id, units, lot, expiry, owed) VALUES (?, ?, ?, ?, ?, ?, 0)",
        [(notice_id, position, skus[line.sku].id, line.units, line.lot, line.expiry) for position, line in enumerate(new.lines, 1)],
    )


async def _join(notice_id: int, order_id: int | None, supplier_id: int, receipt_ids: list[int]) -> None:
    """Receipts under its number belong to it from now on."""
    await db.execute_many(
        "UPDATE receipt SET notice_id = ?, order_id = COALESCE(order_id, ?), supplier_id = COALESCE(supplier_id, ?) WHERE id = ?",
        [(notice_id, order_id, supplier_id, receipt) for receipt in receipt_ids],
    )
    if receipt_ids and order_id is not None:
        await recount_orders([order_id])
    await recount_notices([notice_id])
    await price_receipts(receipt_ids)
    await judge(receipt_ids)


async def _require_same(new: NewNotice, supplier_id: int, order_id: int | None) -> None:
    """Raises NumberTaken."""
    rows = await db.fetch(
        "SELECT n.site_id, n.order_id, s.code, l.units, l.lot, l.expiry FROM shipping_notice n "
        "JOIN shipping_notice_line l ON l.notice_id = n.id JOIN sku s ON s.id = l.sku_id "
        "WHERE n.supplier_id = ? AND n.number = ? ORDER BY l.position",
        *(supplier_id, new.number),
    )
    was = [(row["code"], row["units"], row["lot"], row["expiry"]) for row in rows]
    wanted = [(line.sku, line.units, line.lot, line.expiry) for line in new.lines]
    if (rows[0]["site_id"], rows[0]["order_id"], was) != (new.site, order_id, wanted):
        raise NumberTaken(f"{new.supplier} gave {new.number} to another notice")
