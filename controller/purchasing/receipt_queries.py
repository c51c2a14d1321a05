"""Receipts as people look at them: what should have come, what came, of which lots, in what state, and who told."""

# ruff: noqa: S608 -- what is put into the texts is column names and conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from controller import db
from controller.costing.policies import half_even
from controller.errors import NotFound
from controller.purchasing.numbers import PURCHASE_ORDERS, RECEIPTS
from controller.purchasing.policies import BinState, put_away_order
from controller.purchasing.states import ReceiptState


class ReceiptView(Struct, frozen=True, kw_only=True):
    """`document`: as it was scanned, empty: none; `good` and `damaged` in base units; costs in the site's `currency`."""

    no: str
    site: str
    document: str
    day: date
    state: ReceiptState
    order: str | None
    notice: str | None
    supplier: str | None
    began_at: datetime
    checked_at: datetime | None
    freight_minor: int
    duty_minor: int
    other_minor: int
    spread: str
    currency: str
    lines: int
    good: int
    damaged: int


class ReceiptRow(ReceiptView, frozen=True, kw_only=True):
    """See `models.Receipt`; `order` and `notice` are the numbers that it belongs to."""

    id: int
    supplier_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLineRow:
    """`expected`: base units that were to come under its document, None: nothing was announced."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    expected: int | None
    good: int
    damaged: int
    price_minor: int | None
    price_units: int
    from_invoice: bool
    landed_minor: int
    short_reason: str | None

    @property
    def units(self) -> int:
        return self.good + self.damaged

    @property
    def cost_minor(self) -> int | None:
        """None: nobody knows."""
        return None if self.price_minor is None else half_even(self.units * self.price_minor, self.price_units) + self.landed_minor

    @property
    def over(self) -> int:
        return max(self.units - self.expected, 0) if self.expected is not None else 0

    @property
    def short(self) -> int:
        return max(self.expected - self.units, 0) if self.expected is not None else 0


class PartView(Struct, frozen=True, kw_only=True):
    """What came of one lot in one condition."""

    sku: str
    lot: str | None
    expiry: date | None
    blocked: bool
    condition: str
    reason: str
    units: int


class PartRow(PartView, frozen=True, kw_only=True):
    lot_id: int


class ReadingView(Struct, frozen=True, kw_only=True):
    """An entry of the ledger behind a receipt, with who told it."""

    id: int
    sku: str
    quantity: int
    target: str
    reason: str
    lot: str | None
    serial: str | None
    person: str | None
    device: str | None
    fact_id: UUID | None
    occurred_at: datetime


_RECEIPT = (
    "SELECT r.id, r.site_id AS site, r.document, r.day, r.state, r.order_id, n.number AS notice, p.code AS supplier, "
    "p.name AS supplier_name, r.began_at, r.checked_at, r.freight_minor, r.duty_minor, r.other_minor, r.spread, t.currency, "
    "(SELECT COUNT(*) FROM receipt_line l WHERE l.receipt_id = r.id) AS lines, "
    "(SELECT COALESCE(SUM(l.good), 0) FROM receipt_line l WHERE l.receipt_id = r.id) AS good, "
    "(SELECT COALESCE(SUM(l.damaged), 0) FROM receipt_line l WHERE l.receipt_id = r.id) AS damaged "
    "FROM receipt r JOIN site t ON t.id = r.site_id LEFT JOIN shipping_notice n ON n.id = r.notice_id "
    "LEFT JOIN supplier p ON p.id = r.supplier_id "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReceipts:
    """Which receipts; empty is all.  `q`: a number, a document, or the beginning of one."""

    state: str = ""
    site: str = ""
    order: str = ""
    q: str = ""


async def receipts(
    asked: AskedReceipts, *, before: int | None = None, limit: int = 50, sites: Collection[str] | None = None
) -> list[ReceiptRow]:
    """The newest first; those of `sites`, None: all."""
    conditions: list[str] = ["r.id < ?"]
    found: list[object] = [before or 2**62]
    for column, value in (("r.state", asked.state), ("r.site_id", asked.site)):
        if value:
            conditions.append(f"{column} = ?")
            found.append(value)
    if asked.order:
        conditions.append("r.order_id = ?")
        found.append(_row_id(asked.order))
    if asked.q:
        conditions.append("(r.id = ? OR r.document LIKE ?)")
        found += [_row_id(asked.q), f"{asked.q}%"]
    if sites is not None:
        conditions.append(db.among("r.site_id"))
        found.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"{_RECEIPT} WHERE {' AND '.join(conditions)} ORDER BY r.id DESC LIMIT ?", *found, limit)
    return [_receipt(row) for row in rows]


async def receipt(no: str, *, sites: Collection[str] | None = None) -> ReceiptRow:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"{_RECEIPT} WHERE r.id = ?", RECEIPTS.row_id(no))
    if not rows or (sites is not None and rows[0]["site"] not in sites):
        raise NotFound("receipt", no)
    return _receipt(rows[0])


def _receipt(row: db.Row) -> ReceiptRow:
    values = {name: value for name, value in row.items() if name != "order_id"}
    values |= {"good": int(row["good"]), "damaged": int(row["damaged"]), "state": ReceiptState(row["state"])}
    order = PURCHASE_ORDERS.number(row["order_id"]) if row["order_id"] is not None else None
    return ReceiptRow(**values, no=RECEIPTS.number(row["id"]), order=order)


async def receipt_lines(receipt_id: int) -> list[ReceiptLineRow]:
    """What was announced and what came, by SKU.

    Expected is the notice's, or what the order still wanted when this receipt began: what its other receipts brought is taken off.
    """
    rows = await db.fetch(
        "SELECT s.id AS sku_id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, x.expected, COALESCE(l.good, 0) AS good, "
        "COALESCE(l.damaged, 0) AS damaged, l.price_minor, COALESCE(l.price_units, 1) AS price_units, l.from_invoice, "
        "COALESCE(l.landed_minor, 0) AS landed_minor, l.short_reason FROM ("
        "SELECT sku_id, CAST(SUM(expected) AS BIGINT) AS expected FROM ("
        "SELECT nl.sku_id, nl.units AS expected FROM receipt r JOIN shipping_notice_line nl ON nl.notice_id = r.notice_id "
        "WHERE r.id = ? "
        "UNION ALL SELECT ol.sku_id, CASE WHEN ol.units > ol.received - COALESCE(m.good + m.damaged, 0) "
        "THEN ol.units - ol.received + COALESCE(m.good + m.damaged, 0) ELSE 0 END AS expected "
        "FROM receipt r JOIN purchase_order_line ol ON ol.order_id = r.order_id "
        "LEFT JOIN receipt_line m ON m.receipt_id = r.id AND m.sku_id = ol.sku_id WHERE r.id = ? AND r.notice_id IS NULL "
        "UNION ALL SELECT sku_id, NULL AS expected FROM receipt_line WHERE receipt_id = ?) a GROUP BY sku_id) x "
        "JOIN sku s ON s.id = x.sku_id LEFT JOIN receipt_line l ON l.receipt_id = ? AND l.sku_id = x.sku_id ORDER BY s.code",
        *(receipt_id, receipt_id, receipt_id, receipt_id),
    )
    return [ReceiptLineRow(**{**row, "from_invoice": bool(row["from_invoice"])}) for row in rows]


async def parts(receipt_id: int) -> list[PartRow]:
    """By SKU, lot and condition; good goods that stand in no part are those of no known lot."""
    rows = await db.fetch(
        "SELECT s.code AS sku, p.lot_id, t.code AS lot, t.expiry, COALESCE(t.blocked, ?) AS blocked, p.condition, p.reason, "
        "CAST(SUM(p.units) AS BIGINT) AS units FROM ("
        "SELECT sku_id, lot_id, condition, reason, units FROM receipt_part WHERE receipt_id = ? "
        "UNION ALL SELECT l.sku_id, 0, 'good', '', l.good - COALESCE((SELECT SUM(o.units) FROM receipt_part o "
        "WHERE o.receipt_id = l.receipt_id AND o.sku_id = l.sku_id AND o.condition = 'good'), 0) FROM receipt_line l "
        "WHERE l.receipt_id = ?) p JOIN sku s ON s.id = p.sku_id LEFT JOIN lot t ON t.id = p.lot_id "
        "GROUP BY s.code, p.lot_id, t.code, t.expiry, t.blocked, p.condition, p.reason HAVING SUM(p.units) > 0 "
        "ORDER BY s.code, p.lot_id, p.condition, p.reason",
        *(False, receipt_id, receipt_id),
    )
    return [PartRow(**{**row, "blocked": bool(row["blocked"])}) for row in rows]


async def evidence(row: ReceiptRow, *, after: int = 0, limit: int = 50) -> list[ReadingView]:
    """The readings behind a receipt, in the order in which they were booked."""
    rows = await db.fetch(
        "SELECT m.id, s.code AS sku, m.quantity, t.code AS target, m.reason, o.code AS lot, m.serial, m.person, m.device, "
        "m.fact_id, m.occurred_at FROM stock_movement m JOIN sku s ON s.id = m.sku_id JOIN location t ON t.id = m.to_location_id "
        "LEFT JOIN lot o ON o.id = m.lot_id "
        "WHERE m.to_location_id IN (SELECT id FROM location WHERE site_id = ? AND kind <> 'bin') "
        "AND m.occurred_at >= ? AND m.occurred_at < ? AND m.document = ? AND m.id > ? ORDER BY m.id LIMIT ?",
        *(row.site, row.began_at, row.began_at + timedelta(days=2), row.no, after, limit),
    )
    return [ReadingView(**each) for each in rows]


async def suggest_bins(site: str, sku_id: int, units: int, lot_id: int = 0, *, limit: int = 5) -> list[BinState]:
    """Where goods should be put away, the best first: see `policies.put_away_order`.

    Empty bins are looked at in order of their code, 200 of the SKU's zone and 200 of others, as all empty ones are alike.
    """
    mine = await _bins(
        "l.id IN (SELECT b2.location_id FROM balance b2 JOIN location l2 ON l2.id = b2.location_id "
        "WHERE b2.sku_id = ? AND l2.site_id = ? AND l2.kind = 'bin')",
        (sku_id, site), site, sku_id, lot_id,
    )  # fmt: skip
    zones = frozenset(place.zone for place in mine if place.zone)
    near = await _bins(db.among("l.zone"), (db.listing(sorted(zones)),), site, sku_id, lot_id) if zones else []
    others = await _bins("l.kind = 'bin'", (), site, sku_id, lot_id)
    found = {place.id: place for place in (*mine, *near, *others)}
    return put_away_order(found.values(), units, zones)[:limit]


async def _bins(condition: str, params: tuple[object, ...], site: str, sku_id: int, lot_id: int) -> list[BinState]:
    rows = await db.fetch(
        "SELECT l.id, l.code, l.zone, l.capacity, CAST(COALESCE(SUM(b.on_hand), 0) AS BIGINT) AS holds, "
        "CAST(COALESCE(SUM(CASE WHEN b.sku_id = ? THEN b.on_hand ELSE 0 END), 0) AS BIGINT) AS same, "
        "CAST(COALESCE(SUM(CASE WHEN b.sku_id = ? AND b.lot_id = ? AND b.lot_id > 0 THEN b.on_hand ELSE 0 END), 0) AS BIGINT) "
        "AS lot "
        "FROM location l LEFT JOIN balance b ON b.location_id = l.id AND b.on_hand > 0 "
        f"WHERE l.site_id = ? AND l.kind = 'bin' AND {condition} GROUP BY l.id, l.code, l.zone, l.capacity "
        "ORDER BY CASE WHEN COALESCE(SUM(b.on_hand), 0) = 0 THEN 0 ELSE 1 END, l.code LIMIT 200",
        *(sku_id, sku_id, lot_id, site, *params),
    )
    return [
        BinState(
            id=row["id"], code=row["code"], zone=row["zone"], capacity=row["capacity"], holds=row["holds"], same=row["same"],
            same_lot=row["lot"],
        )
        for row in rows
    ]  # fmt: skip


def _row_id(number: str) -> int:
    for series in (RECEIPTS, PURCHASE_ORDERS):
        try:
            return series.row_id(number.strip().upper())
        except NotFound:
            continue
    return 0
