"""What was said of taxes, to be looked at: sites with their regions, articles of a class of their own, exempt customers."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from controller.db import among, fetch, listing


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuClass:
    sku_id: int
    tax_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExemption:
    """`region` None: everywhere."""

    id: int
    customer_id: int
    region: str | None
    certificate: str
    valid_from: datetime
    until: datetime | None


async def regions_of(sites: Collection[str]) -> dict[str, str]:
    """By site; one that is in none sells without tax, and is left out."""
    rows = await fetch(f"SELECT site_id, region FROM site_tax WHERE {among('site_id')}", listing(sites))
    return {row["site_id"]: row["region"] for row in rows}


async def sku_classes(*, after: int, limit: int) -> list[SkuClass]:
    """SKUs that somebody gave a class, by id, above `after`."""
    rows = await fetch("SELECT sku_id, tax_class FROM sku_tax WHERE sku_id > ? ORDER BY sku_id LIMIT ?", after, limit)
    return [SkuClass(sku_id=row["sku_id"], tax_class=row["tax_class"]) for row in rows]


async def exemptions(*, before: int | None, limit: int) -> list[StoredExemption]:
    """The newest first, below the id `before`."""
    rows = await fetch(
        "SELECT id, customer_id, region, certificate, valid_from, until FROM tax_exemption WHERE id < ? ORDER BY id DESC LIMIT ?",
        *(2**62 if before is None else before, limit),
    )
    return [StoredExemption(**row) for row in rows]
