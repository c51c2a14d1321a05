"""SKUs with their barcodes, prices and pictures, as boxes keep them."""

# ruff: noqa: S608 -- what is put into the texts is names of ours; values are parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from controller import db
from controller.replica.parts import Changed, Id, Versioned
from edge_agent.wire.replica import ReplicaBarcode, ReplicaImage, ReplicaItem
from edge_agent.wire.taxes import STANDARD


async def _read(site_id: str, after: tuple[int, Id], limit: int) -> list[Changed]:
    """With the price that is in force at the site, and the class that its tax goes by."""
    rows = await db.fetch(
        "SELECT k.id, k.version, k.code, k.name_en, k.name_zh, k.base_unit, COALESCE(p.price_minor, k.price_minor) AS price_minor, "
        f"k.currency, k.image_hash, k.image_type, k.tracking, COALESCE(t.tax_class, '{STANDARD}') AS tax_class "
        "FROM sku k LEFT JOIN site_price p ON p.sku_id = k.id AND p.site_id = ? LEFT JOIN sku_tax t ON t.sku_id = k.id "
        "WHERE (k.version, k.id) > (?, ?) ORDER BY k.version, k.id LIMIT ?",
        *(site_id, *after, limit),
    )
    codes = await _barcodes(site_id, [row["id"] for row in rows])
    return [Changed(row["version"], row["id"], _item(row, codes[row["id"]])) for row in rows]


def _item(row: db.Row, barcodes: list[ReplicaBarcode]) -> ReplicaItem:
    return ReplicaItem(
        id=row["id"],
        sku=row["code"],
        name_en=row["name_en"],
        name_zh=row["name_zh"],
        unit=row["base_unit"],
        price_minor=row["price_minor"],
        currency=row["currency"],
        barcodes=barcodes,
        tracking=row["tracking"],
        tax_class=row["tax_class"],
        image=ReplicaImage(hash=row["image_hash"], media_type=row["image_type"]) if row["image_hash"] else None,
    )


async def _barcodes(site_id: str, skus: Sequence[int]) -> dict[int, list[ReplicaBarcode]]:
    rows = await db.fetch(
        "SELECT sku_id, kind, symbol, numerator, denominator FROM barcode "
        f"WHERE active AND (site_id IS NULL OR site_id = ?) AND {db.among('sku_id')} ORDER BY id",
        site_id,
        db.listing(skus),
    )
    found: dict[int, list[ReplicaBarcode]] = defaultdict(list)
    for row in rows:
        sku = row.pop("sku_id")
        found[sku].append(ReplicaBarcode(**row))
    return found


GOODS = Versioned(name="goods", table="sku", read=_read)
