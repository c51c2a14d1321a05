"""Prices and label batches as people, stations and reports look for them."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller import db
from controller.errors import NotFound
from controller.pricing.policies import PriceKind
from controller.pricing.states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPrice:
    """See `models.Price`."""

    id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    scope: str
    kind: PriceKind
    price_minor: int
    currency: str
    effective_from: datetime
    until: datetime | None
    note: str | None
    is_begun: bool
    is_ended: bool
    created_at: datetime
    created_by: str
    cancelled_at: datetime | None
    cancelled_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuPrice:
    """What a SKU costs now in the chain, how many changes are to come, and when the next one is."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    price_minor: int
    currency: str
    sites: int
    coming: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """See `models.LabelBatch`; how many labels it has, were sent to a printer, and are on the shelf."""

    id: int
    number: str
    site_id: str | None
    effective_at: datetime | None
    state: BatchState
    is_announced: bool
    is_in_force: bool
    created_at: datetime
    closed_at: datetime | None
    labels: int
    printed: int
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLabel:
    """One SKU's label; `bin`: the place that it goes to."""

    sku_id: int
    sku: str
    name_en: str
    name_zh: str
    base_unit: str
    price_minor: int | None
    currency: str | None
    bin: str | None
    gtin: str | None
    prints: int
    confirmed_at: datetime | None
    confirmed_by: str | None


_PRICE = (
    "SELECT p.id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, p.scope, p.kind, p.price_minor, p.currency, p.effective_from, "
    "p.until, p.note, p.is_begun, p.is_ended, p.created_at, p.created_by, p.cancelled_at, p.cancelled_by "
    "FROM price p JOIN sku s ON s.id = p.sku_id"
)


async def prices(
    *, sku: str = "", site: str = "", coming: bool = False, before: int | None = None, limit: int = 50,
    sites: Collection[str] | None = None,
) -> list[StoredPrice]:  # fmt: skip
    """What was said, the latest first; `coming`: only what is not in force yet; those of the chain and of `sites`, None: all."""
    conditions: list[str] = ["p.id < ?"]
    params: list[object] = [before if before is not None else 2**62]
    for column, value in (("s.code", sku), ("p.scope", site)):
        if value:
            conditions.append(f"{column} = ?")
            params.append(value)
    if coming:
        conditions.append("NOT p.is_begun AND p.cancelled_at IS NULL")
    if sites is not None:
        conditions.append(f"(p.scope = '' OR {db.among('p.scope')})")
        params.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"{_PRICE} WHERE {' AND '.join(conditions)} ORDER BY p.id DESC LIMIT ?", *params, limit)
    return [_price(row) for row in rows]


async def price(price_id: int) -> StoredPrice:
    """Raises NotFound."""
    rows = await db.fetch(f"{_PRICE} WHERE p.id = ?", price_id)
    if not rows:
        raise NotFound("price", price_id)
    return _price(rows[0])


async def history(sku: str, *, limit: int = 200, sites: Collection[str] | None = None) -> list[StoredPrice]:
    """What was said of a SKU's price, the latest instant first."""
    some, ids = ("", []) if sites is None else (f"AND (p.scope = '' OR {db.among('p.scope')})", [db.listing(sorted(sites))])
    rows = await db.fetch(f"{_PRICE} WHERE s.code = ? {some} ORDER BY p.effective_from DESC, p.id DESC LIMIT ?", sku, *ids, limit)
    return [_price(row) for row in rows]


async def site_prices(sku: str, *, sites: Collection[str] | None = None) -> dict[str, int]:
    """What a SKU costs now, in minor units, at sites where that is not the chain's price."""
    some, ids = ("", []) if sites is None else (f"AND {db.among('p.site_id')}", [db.listing(sorted(sites))])
    rows = await db.fetch(
        "SELECT p.site_id, p.price_minor FROM site_price p JOIN sku s ON s.id = p.sku_id "
        f"WHERE s.code = ? {some} ORDER BY p.site_id",
        *(sku, *ids),
    )
    return {row["site_id"]: row["price_minor"] for row in rows}


async def prices_at(sku_ids: Collection[int], site: str | None) -> dict[int, int]:
    """What SKUs cost now at a site, None: in the chain; minor units, by SKU id."""
    rows = await db.fetch(
        "SELECT s.id, COALESCE(p.price_minor, s.price_minor) AS price_minor FROM sku s "
        f"LEFT JOIN site_price p ON p.sku_id = s.id AND p.site_id = ? WHERE {db.among('s.id')}",
        *(site or "", db.listing(sorted(sku_ids))),
    )
    return {row["id"]: row["price_minor"] for row in rows}


async def sku_prices(*, after: int = 0, limit: int = 50, q: str = "") -> list[SkuPrice]:
    """What SKUs cost now, in order of id; `q` is part of a code or name."""
    like = f"%{q.lower()}%"
    rows = await db.fetch(
        "SELECT s.id AS sku_id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, s.price_minor, s.currency, "
        "(SELECT COUNT(*) FROM site_price x WHERE x.sku_id = s.id) AS sites, "
        "(SELECT COUNT(*) FROM price p WHERE p.sku_id = s.id AND NOT p.is_begun AND p.cancelled_at IS NULL) AS coming "
        "FROM sku s WHERE s.id > ? AND (LOWER(s.code) LIKE ? OR LOWER(s.name_en) LIKE ? OR s.name_zh LIKE ?) ORDER BY s.id LIMIT ?",
        *(after, like, like, like, limit),
    )
    ids = db.listing([row["sku_id"] for row in rows])
    coming = await db.fetch(
        "SELECT sku_id, effective_from FROM price WHERE NOT is_begun AND cancelled_at IS NULL "
        f"AND {db.among('sku_id')} ORDER BY effective_from DESC",
        ids,
    )
    nexts = {row["sku_id"]: row["effective_from"] for row in coming}
    return [SkuPrice(**row, next_at=nexts.get(row["sku_id"])) for row in rows]


_BATCH = (
    "SELECT b.id, b.number, b.site_id, b.effective_at, b.state, b.is_announced, b.is_in_force, b.created_at, b.closed_at, "
    "(SELECT COUNT(*) FROM label_line l WHERE l.batch_id = b.id) AS labels, "
    "(SELECT COUNT(*) FROM label_line l WHERE l.batch_id = b.id AND (l.prints > 0 OR l.confirmed_at IS NOT NULL)) AS printed, "
    "(SELECT COUNT(*) FROM label_line l WHERE l.batch_id = b.id AND l.confirmed_at IS NOT NULL) AS confirmed FROM label_batch b"
)
OPEN = (BatchState.PREPARED, BatchState.PRINTED)


async def batches(
    *, state: BatchState | None = None, site: str = "", only_open: bool = False, before: int | None = None, limit: int = 50,
    sites: Collection[str] | None = None,
) -> list[StoredBatch]:  # fmt: skip
    """The newest first; those of `sites`, None: of all."""
    conditions: list[str] = ["b.id < ?"]
    params: list[object] = [before if before is not None else 2**62]
    if state is not None:
        conditions.append(f"b.state = '{state.value}'")
    if only_open:
        conditions.append(f"b.state IN ({', '.join(repr(each.value) for each in OPEN)})")
    if site:
        conditions.append("b.site_id = ?")
        params.append(site)
    if sites is not None:
        conditions.append(db.among("b.site_id"))
        params.append(db.listing(sorted(sites)))
    rows = await db.fetch(f"{_BATCH} WHERE {' AND '.join(conditions)} ORDER BY b.id DESC LIMIT ?", *params, limit)
    return [_batch(row) for row in rows]


async def batch(number: str, *, sites: Collection[str] | None = None) -> StoredBatch:
    """Raises NotFound, for one of another site, too."""
    rows = await db.fetch(f"{_BATCH} WHERE b.number = ?", number)
    if not rows or (sites is not None and rows[0]["site_id"] not in sites):
        raise NotFound("label batch", number)
    return _batch(rows[0])


async def labels(batch_id: int, *, only_missing: bool = False) -> list[StoredLabel]:
    """A batch's labels in the order of the bins that they go to; those without a bin last."""
    missing = "AND l.confirmed_at IS NULL" if only_missing else ""
    rows = await db.fetch(
        "SELECT l.sku_id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, l.price_minor, l.currency, l.prints, l.confirmed_at, "
        "l.confirmed_by, (SELECT MIN(c.symbol) FROM barcode c WHERE c.sku_id = l.sku_id AND c.active AND c.kind = 'gtin' "
        "AND c.numerator = c.denominator) AS gtin, COALESCE((SELECT p.code FROM shelf h JOIN location p ON p.id = h.location_id "
        "WHERE h.sku_id = l.sku_id AND h.site_id = b.site_id AND h.is_bin), (SELECT MIN(p.code) FROM balance a "
        "JOIN location p ON p.id = a.location_id WHERE a.sku_id = l.sku_id AND p.site_id = b.site_id AND p.kind = 'bin' "
        "AND a.on_hand > 0)) AS bin FROM label_line l JOIN label_batch b ON b.id = l.batch_id JOIN sku s ON s.id = l.sku_id "
        f"WHERE l.batch_id = ? {missing}",
        batch_id,
    )
    found = [StoredLabel(**row) for row in rows]
    return sorted(found, key=lambda one: (one.bin is None, one.bin or "", one.sku))


def _price(row: db.Row) -> StoredPrice:
    flags = {name: bool(row[name]) for name in ("is_begun", "is_ended")}
    return StoredPrice(**{**row, **flags, "kind": PriceKind(row["kind"])})


def _batch(row: db.Row) -> StoredBatch:
    flags = {name: bool(row[name]) for name in ("is_announced", "is_in_force")}
    return StoredBatch(**{**row, **flags, "state": BatchState(row["state"])})
