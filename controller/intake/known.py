"""What a file of orders is held against: goods and their prices, sites, and the orders that came before."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Mapping

from controller import db
from controller.catalog.queries import SkuRow, skus_by_code
from controller.intake.mapping import FILE, Mapped, mapped
from controller.intake.order_checks import Known, Price, Site
from controller.intake.order_file import OrderRows
from controller.intake.states import RawState


async def known_of(rows: OrderRows) -> Known:
    """What the goods of a file are, and what they cost by the catalogue; its sites."""
    goods = {row.cell("sku") for _, group in rows.groups() for row in group}
    found = await mapped(FILE, goods)
    skus = await skus_by_code(sorted({one.sku for one in found.values()}))
    sites = {
        row["id"]: Site(currency=row["currency"], zone=row["time_zone"])
        for row in await db.fetch("SELECT id, currency, time_zone FROM site ORDER BY id")
    }
    return Known(
        goods=found,
        prices={name: _price(one, skus[one.sku]) for name, one in found.items()},
        sites=sites,
        zone=next((site.zone for site in sites.values()), "UTC"),
    )


def _price(goods: Mapped, sku: SkuRow) -> Price:
    """What the catalogue asks for as much as a price in the file is for."""
    minor, rest = divmod(sku.price_minor * goods.units * goods.each, goods.price_per)
    return Price(minor=None if rest else minor, currency=sku.currency)


async def came_before(documents: Mapping[str, str]) -> tuple[dict[str, int], set[str]]:
    """Of references by digest: the raw orders that came before as they are, by digest; and the references that others have."""
    rows = await db.fetch(
        f"SELECT id, digest FROM raw_order WHERE channel = ? AND {db.among('digest')}", FILE, db.listing(sorted(documents))
    )
    references = db.listing(sorted(set(documents.values())))
    taken = await db.fetch(
        f"SELECT reference FROM sales_order WHERE channel = ? AND {db.among('reference')} UNION "
        f"SELECT reference FROM raw_order WHERE channel = ? AND {db.among('reference')} AND state IN (?, ?)",
        *(FILE, references, FILE, references, RawState.WAITING.value, RawState.UNMAPPED.value),
    )
    return {row["digest"]: int(row["id"]) for row in rows}, {row["reference"] for row in taken}
