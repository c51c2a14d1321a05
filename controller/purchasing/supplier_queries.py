"""Suppliers and what they sell, as people look at them."""

from __future__ import annotations

from msgspec import Struct

from controller import db
from controller.errors import NotFound


class SupplierView(Struct, frozen=True, kw_only=True):
    code: str
    name: str
    channel: str
    address: str
    language: str
    currency: str
    lead_days: int
    minimum_minor: int
    order_days: str
    over_percent: int
    min_days: int
    active: bool


class SupplierRow(SupplierView, frozen=True, kw_only=True):
    """See `models.Supplier`."""

    id: int


class ItemView(Struct, frozen=True, kw_only=True):
    id: int
    sku: str
    name_en: str
    name_zh: str
    their_code: str
    pack_numerator: int
    pack_denominator: int
    minimum_packs: int
    price_minor: int | None
    lead_days: int | None
    active: bool


class ItemRow(ItemView, frozen=True, kw_only=True):
    """See `models.SupplierItem`."""

    base_unit: str


async def suppliers(*, q: str = "", after: str = "", limit: int = 50) -> list[SupplierRow]:
    """In order of their code; `q` is part of code or name."""
    like = f"%{q.lower()}%"
    rows = await db.fetch(
        "SELECT * FROM supplier WHERE code > ? AND (LOWER(code) LIKE ? OR LOWER(name) LIKE ?) ORDER BY code LIMIT ?",
        *(after, like, like, limit),
    )
    return [SupplierRow(**{**row, "active": bool(row["active"])}) for row in rows]


async def supplier(code: str) -> SupplierRow:
    """Raises NotFound."""
    rows = await db.fetch("SELECT * FROM supplier WHERE code = ?", code)
    if not rows:
        raise NotFound("supplier", code)
    return SupplierRow(**{**rows[0], "active": bool(rows[0]["active"])})


_ITEM = (
    "SELECT i.id, s.code AS sku, s.name_en, s.name_zh, s.base_unit, i.their_code, i.pack_numerator, i.pack_denominator, "
    "i.minimum_packs, i.price_minor, i.lead_days, i.active FROM supplier_item i JOIN sku s ON s.id = i.sku_id "
    "JOIN supplier p ON p.id = i.supplier_id "
)


async def items(supplier_code: str, *, after: int = 0, limit: int = 50) -> list[ItemRow]:
    """What a supplier sells, in the order in which it was told."""
    rows = await db.fetch(f"{_ITEM} WHERE p.code = ? AND i.id > ? ORDER BY i.id LIMIT ?", supplier_code, after, limit)
    return [ItemRow(**{**row, "active": bool(row["active"])}) for row in rows]


async def item(supplier_code: str, sku: str) -> ItemRow:
    """Raises NotFound."""
    rows = await db.fetch(f"{_ITEM} WHERE p.code = ? AND s.code = ?", supplier_code, sku)
    if not rows:
        raise NotFound("supplier item", f"{supplier_code}/{sku}")
    return ItemRow(**{**rows[0], "active": bool(rows[0]["active"])})
