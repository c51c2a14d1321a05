"""What the goods of an opening-stock file cost, each said once."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from controller import db
from controller.costing.operations import Cost

FINEST = 10**9
"""Base units that a mean cost is for at most: amounts stay small enough for the database."""


async def costs_of_lines(document: str, lines: Sequence[db.Row]) -> list[Cost]:
    """What each SKU of these lines costs at its site: the mean of all lines of the file that say it, by how much they bring.

    Those of which an earlier batch of the file said so already are not among them: a file has a SKU in many bins.
    """
    asked = {(line["sku_id"], line["site"]) for line in lines if line["cost_minor"] is not None}
    said = await db.fetch(
        f"SELECT sku_id, site_id FROM cost_basis WHERE document = ? AND minor IS NOT NULL AND {db.among('sku_id')}",
        *(document, db.listing(sorted({sku for sku, _ in asked}))),
    )
    new = asked - {(row["sku_id"], row["site_id"]) for row in said}
    if not new:
        return []
    told = await db.fetch(
        "SELECT sku_id, site, cost_minor, quantity FROM opening_line WHERE file_id = ? AND error = '' "
        f"AND cost_minor IS NOT NULL AND {db.among('sku_id')}",
        *(lines[0]["file_id"], db.listing(sorted({sku for sku, _ in new}))),
    )
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for row in told:
        minor, units = sums.get((row["sku_id"], row["site"]), (0, 0))
        sums[row["sku_id"], row["site"]] = (minor + row["cost_minor"] * row["quantity"], units + 100 * row["quantity"])
    means = {key: Fraction(minor, units).limit_denominator(FINEST) for key, (minor, units) in sums.items()}
    return [
        Cost(document=document, sku_id=sku, site_id=site, minor=mean.numerator, units=mean.denominator)
        for (sku, site), mean in sorted(means.items())
        if (sku, site) in new
    ]
