"""Regions, rates and totals as they are stored; how a site's order is taxed at an instant."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from controller.db import Row, among, fetch, listing
from controller.errors import NotFound
from controller.taxes.policies import Level, LineKind, Rate, Terms
from controller.taxes.rounding import Mode

STANDARD = "standard"
"""The class of a SKU that has no other, and of which a region always says something if it says anything."""
SHIPPING = "shipping"
FEE = "fee"
CLASS_OF = {LineKind.SHIPPING: SHIPPING, LineKind.FEE: FEE}
MOST_PARENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where the same tax holds; `parent` levies its own before it."""

    code: str
    name: str
    parent: str | None
    is_inclusive: bool
    level: Level
    mode: Mode
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRate:
    id: int
    region: str
    tax_class: str
    rate: Rate
    rank: int
    effective_from: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxation:
    """How an order is taxed: its terms, and the rates of each class.  A class that nothing is said of is taxed as standard."""

    region: str | None
    terms: Terms
    rates: Mapping[str, tuple[Rate, ...]]
    certificate: str | None = None

    def rates_of(self, tax_class: str) -> tuple[Rate, ...]:
        return self.rates.get(tax_class, self.rates.get(STANDARD, ()))


async def regions(*, after: str = "", limit: int = 1000) -> list[Region]:
    """In the order of their codes, above `after`."""
    rows = await fetch("SELECT * FROM tax_region WHERE code > ? ORDER BY code LIMIT ?", after, limit)
    return [_region(row) for row in rows]


async def region(code: str) -> Region:
    """Raises NotFound."""
    rows = await fetch("SELECT * FROM tax_region WHERE code = ?", code)
    if not rows:
        raise NotFound("tax region", code)
    return _region(rows[0])


async def chain(code: str) -> list[str]:
    """The region and those above it, the topmost first.  Raises NotFound."""
    found = [await region(code)]
    while (parent := found[0].parent) is not None and len(found) <= MOST_PARENTS:
        found.insert(0, await region(parent))
    return [each.code for each in found]


async def rates(region_code: str | None = None, *, after: int = 0, limit: int = 1000) -> list[StoredRate]:
    """By id, above `after`; of one region or of all."""
    where, params = ("AND region = ?", [region_code]) if region_code is not None else ("", [])
    rows = await fetch(f"SELECT * FROM tax_rate WHERE id > ? {where} ORDER BY id LIMIT ?", after, *params, limit)
    return [_stored_rate(row) for row in rows]


async def taxation(*, site: str | None, region_code: str | None, customer_id: int | None, instant: datetime) -> Taxation:
    """How an order is taxed that is sold by `site`, or goes to `region_code`, at an instant; nowhere known: without tax.

    Raises NotFound (a region that is not).
    """
    code = region_code or await region_of(site)
    if code is None:
        return Taxation(region=None, terms=Terms(), rates={})
    found, above = await region(code), await chain(code)
    certificate = await _certificate(customer_id, above, instant) if customer_id is not None else None
    terms = Terms(
        is_inclusive=found.is_inclusive, level=found.level, mode=found.mode, step=found.step, is_exempt=certificate is not None
    )
    return Taxation(region=code, terms=terms, rates=await _rates_at(above, instant), certificate=certificate)


async def region_of(site: str | None) -> str | None:
    rows = await fetch("SELECT region FROM site_tax WHERE site_id = ?", site)
    return str(rows[0]["region"]) if rows else None


async def _rates_at(above: list[str], instant: datetime) -> dict[str, tuple[Rate, ...]]:
    """By class, those of a state before those of its city; where one of them says nothing of a class, its standard counts."""
    rows = await fetch(
        f"SELECT * FROM tax_rate WHERE {among('region')} AND effective_from <= ? AND (until IS NULL OR until > ?) "
        "ORDER BY rank, effective_from, id",
        *(listing(above), instant, instant),
    )
    by_place: dict[tuple[str, str], dict[str, Rate]] = {}
    for row in rows:
        by_place.setdefault((row["region"], row["tax_class"]), {})[row["code"]] = _rate(row)
    found: dict[str, tuple[Rate, ...]] = {}
    for tax_class in {STANDARD, *(row["tax_class"] for row in rows)}:
        levied: list[Rate] = []
        for code in above:
            levied += by_place.get((code, tax_class), by_place.get((code, STANDARD), {})).values()
        found[tax_class] = tuple(levied)
    return found


async def _certificate(customer_id: int, above: Collection[str], instant: datetime) -> str | None:
    rows = await fetch(
        f"SELECT certificate FROM tax_exemption WHERE customer_id = ? AND (region IS NULL OR {among('region')}) "
        "AND valid_from <= ? AND (until IS NULL OR until > ?) ORDER BY id LIMIT 1",
        *(customer_id, listing(above), instant, instant),
    )
    return str(rows[0]["certificate"]) if rows else None


async def classes_of(sku_ids: Collection[int]) -> dict[int, str]:
    """The tax class of each of these SKUs."""
    rows = await fetch(f"SELECT * FROM sku_tax WHERE {among('sku_id')}", listing(set(sku_ids)))
    return {**dict.fromkeys(sku_ids, STANDARD), **{row["sku_id"]: row["tax_class"] for row in rows}}


def _region(row: Row) -> Region:
    return Region(
        code=row["code"],
        name=row["name"],
        parent=row["parent"],
        is_inclusive=bool(row["is_inclusive"]),
        level=Level(row["level"]),
        mode=Mode(row["mode"]),
        step=row["step"],
    )


def _stored_rate(row: Row) -> StoredRate:
    return StoredRate(
        id=row["id"],
        region=row["region"],
        tax_class=row["tax_class"],
        rate=_rate(row),
        rank=row["rank"],
        effective_from=row["effective_from"],
        until=row["until"],
    )


def _rate(row: Row) -> Rate:
    return Rate(
        code=row["code"],
        name=row["name"],
        value=Fraction(row["numerator"], row["denominator"]),
        is_compound=bool(row["is_compound"]),
    )
