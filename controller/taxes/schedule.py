"""How a site taxes what it sells, from now on: what its boxes are told, so that they count what is to be paid without asking."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from controller import db
from controller.taxes.stored import Levied, levied_at, rates_at
from edge_agent.wire.taxes import STANDARD, SiteRate, SiteTaxes

MOST_CHANGES = 20
"""Changes of rates to come that boxes are told of; of later ones they hear in time."""


async def schedule(site: str, now: datetime) -> list[SiteTaxes]:
    """What holds now and what will, in the order of time; empty: the site sells without tax."""
    levied = await levied_at(site)
    return [] if levied is None else [_told(levied, since, now) for since in (None, *_changes(levied, now))]


async def classes_of(sku_ids: Collection[int]) -> dict[int, str]:
    """The class of each of these SKUs."""
    rows = await db.fetch(
        f"SELECT sku_id, tax_class FROM sku_tax WHERE {db.among('sku_id')}",  # noqa: S608 -- ours
        db.listing(sorted(sku_ids)),
    )
    return {**dict.fromkeys(sku_ids, STANDARD), **{row["sku_id"]: str(row["tax_class"]) for row in rows}}


def _changes(levied: Levied, now: datetime) -> list[datetime]:
    instants = {each for rate in levied.rates for each in (rate.effective_from, rate.until) if each is not None and each > now}
    return sorted(instants)[:MOST_CHANGES]


def _told(levied: Levied, since: datetime | None, now: datetime) -> SiteTaxes:
    region = levied.region
    return SiteTaxes(
        region=region.code,
        since=since,
        is_inclusive=region.is_inclusive,
        level=region.level,
        mode=region.mode,
        step=region.step,
        rates={
            tax_class: [
                SiteRate(
                    code=rate.code,
                    name=rate.name,
                    numerator=rate.value.numerator,
                    denominator=rate.value.denominator,
                    is_compound=rate.is_compound,
                )
                for rate in rates
            ]
            for tax_class, rates in sorted(rates_at(levied, since or now).items())
        },
    )
