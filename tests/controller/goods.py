"""A small shop for tests: one site, some SKUs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controller import db
from controller.proofs import why
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def add_sku(code: str) -> int:
    product = await db.fetch("INSERT INTO product (code, name_en, name_zh) VALUES (?, ?, ?) RETURNING id", code, code, code)
    rows = await db.fetch(
        "INSERT INTO sku (product_id, code, name_en, name_zh, base_unit, price_minor, currency) "
        "VALUES (?, ?, ?, ?, 'piece', 100, 'CNY') RETURNING id",
        product[0]["id"],
        code,
        code,
        code,
    )
    return int(rows[0]["id"])


class Shop:
    """Site `s1` with bin `A-1`."""

    site = "s1"
    bin: int
    other: int
    supplier: int
    customer: int
    receiving: int

    @classmethod
    async def open(cls) -> Shop:
        shop = cls()
        await create_site("s1", name="Shop 1")
        shop.bin = await create_bin("s1", "A-1")
        shop.other = await create_bin("s1", "A-2")
        shop.supplier = await special("s1", LocationKind.SUPPLIER)
        shop.customer = await special("s1", LocationKind.CUSTOMER)
        shop.receiving = await special("s1", LocationKind.RECEIVING)
        return shop

    def arrival(self, sku: int, quantity: int, *, minute: int = 0) -> Move:
        return Move(
            sku_id=sku,
            from_location_id=self.supplier,
            to_location_id=self.bin,
            quantity=quantity,
            reason=Reason.RECEIVED,
            occurred_at=at(minute),
            document="delivery 1",
        )

    def sale(self, sku: int, quantity: int, *, minute: int = 0) -> Move:
        return Move(
            sku_id=sku,
            from_location_id=self.bin,
            to_location_id=self.customer,
            quantity=quantity,
            reason=Reason.SHIPPED,
            occurred_at=at(minute),
            document="till",
        )

    async def stock(self, code: str, quantity: int) -> int:
        sku = await add_sku(code)
        await move([self.arrival(sku, quantity)])
        return sku


async def numbers(sku: int) -> tuple[int, int, int]:
    """On hand, reserved, allocated of a SKU."""
    rows = await db.fetch("SELECT on_hand, reserved, allocated FROM availability WHERE sku_id = ?", sku)
    return (rows[0]["on_hand"], rows[0]["reserved"], rows[0]["allocated"]) if rows else (0, 0, 0)


async def holds(sku: int) -> dict[str, str]:
    return {
        row["line_key"]: row["state"] for row in await db.fetch("SELECT line_key, state FROM reservation WHERE sku_id = ?", sku)
    }


async def newest_entry(sku: int, site: str = "s1") -> why.Cause:
    """Of what is on hand."""
    entries, _ = await why.entries(why.Figure.ON_HAND, why.Where(sku_id=sku, site_id=site), limit=1)
    return entries[0]
