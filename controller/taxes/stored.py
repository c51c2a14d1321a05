"""Regions, rates and totals as they are stored; how a site's order is taxed at an instant."""

# ruff: noqa: S608 -- what is put into the texts is conditions of ours; values are parameters
from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from controller.db import Row, among, execute, fetch, listing, memory
from controller.errors import NotFound
from edge_agent.wire.rounding import Mode
from edge_agent.wire.taxes import STANDARD
from edge_agent.wire.totals import Level, LineKind, Rate, Terms

SHIPPING = "shipping"
FEE = "fee"
CLASS_OF = {LineKind.SHIPPING: SHIPPING, LineKind.FEE: FEE}
MOST_PARENTS = 5
REMEMBERED = 10_000
"""Names of places, as orders bring them, of which it is remembered whether they are regions."""


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


@dataclass(slots=True)
class _Memory:
    """What was read of regions, and holds while they have this stamp."""

    stamp: str = ""
    is_region: dict[str, bool] = field(default_factory=dict)
    of_site: dict[str, str | None] = field(default_factory=dict)
    of_region: dict[str, Levied] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Levied:
    """A region, with all that it and those above it levy or ever levied, in the order of lines."""

    region: Region
    above: list[str]
    rates: Sequence[StoredRate]


async def renew_stamp() -> None:
    """Call it in every transaction that changes a region, a rate or the region of a site.

    A stamp is never used twice, not even by one that is rolled back.
    """
    await execute("UPDATE tax_stamp SET stamp = ? WHERE id = 1", secrets.token_hex(16))


async def taxation(
    sku_ids: Collection[int],
    *,
    site: str | None,
    region_code: str | None,
    goes_to: str | None = None,
    customer_id: int | None,
    instant: datetime,
) -> tuple[Taxation, dict[int, str]]:
    """How an order is taxed that is sold by `site`, or goes to `region_code`, at an instant, and the classes of these SKUs.

    `goes_to` counts if it is a region that taxes know, else the site's does.  Nowhere known: without tax.  One statement, while
    nobody changes a region.  Raises NotFound (a region that is not).
    """
    known, classes = await _known(sku_ids)
    code = region_code or (goes_to if await _is_region(goes_to, known) else await _region_of(site, known))
    if code is None:
        return Taxation(region=None, terms=Terms(), rates={}), classes
    levied = await _levied(code, known)
    found, above = levied.region, levied.above
    certificate = await _certificate(customer_id, above, instant) if customer_id is not None else None
    terms = Terms(
        is_inclusive=found.is_inclusive, level=found.level, mode=found.mode, step=found.step, is_exempt=certificate is not None
    )
    return Taxation(region=code, terms=terms, rates=rates_at(levied, instant), certificate=certificate), classes


async def levied_at(site: str) -> Levied | None:
    """Of the site's region; None: it sells without tax."""
    known, _ = await _known([])
    code = await _region_of(site, known)
    return None if code is None else await _levied(code, known)


async def _known(sku_ids: Collection[int]) -> tuple[_Memory, dict[int, str]]:
    """What is remembered, as far as it still holds; and the tax class of each of these SKUs."""
    rows = await fetch(
        f"SELECT t.stamp, s.sku_id, s.tax_class FROM tax_stamp t LEFT JOIN sku_tax s ON {among('s.sku_id')}", listing(set(sku_ids))
    )
    kept = memory("taxes", dict[str, _Memory])
    known = kept.get("all")
    if known is None or known.stamp != rows[0]["stamp"]:
        known = kept["all"] = _Memory(rows[0]["stamp"])
    of_skus = {row["sku_id"]: row["tax_class"] for row in rows if row["sku_id"] is not None}
    return known, {**dict.fromkeys(sku_ids, STANDARD), **of_skus}


async def _is_region(code: str | None, known: _Memory) -> bool:
    if code is None:
        return False
    if code not in known.is_region:
        if len(known.is_region) >= REMEMBERED:
            known.is_region.clear()
        known.is_region[code] = bool(await fetch("SELECT code FROM tax_region WHERE code = ?", code))
    return known.is_region[code]


async def _region_of(site: str | None, known: _Memory) -> str | None:
    if site is None:
        return None
    if site not in known.of_site:
        rows = await fetch("SELECT region FROM site_tax WHERE site_id = ?", site)
        known.of_site[site] = str(rows[0]["region"]) if rows else None
    return known.of_site[site]


async def _levied(code: str, known: _Memory) -> Levied:
    """Raises NotFound."""
    if code not in known.of_region:
        found, above = await region(code), await chain(code)
        rows = await fetch(f"SELECT * FROM tax_rate WHERE {among('region')} ORDER BY rank, effective_from, id", listing(above))
        known.of_region[code] = Levied(found, above, [_stored_rate(row) for row in rows])
    return known.of_region[code]


def rates_at(levied: Levied, instant: datetime) -> dict[str, tuple[Rate, ...]]:
    """Those that hold then, by class.

    Those of a state come before those of its city; where one of them says nothing of a class, its standard counts.  A city's rate
    of a code is instead of its state's.
    """
    by_place: dict[tuple[str, str], dict[str, Rate]] = {}
    holding = [each for each in levied.rates if each.effective_from <= instant and (each.until is None or each.until > instant)]
    for each in holding:
        by_place.setdefault((each.region, each.tax_class), {})[each.rate.code] = each.rate
    found: dict[str, tuple[Rate, ...]] = {}
    for tax_class in {STANDARD, *(each.tax_class for each in holding)}:
        due: dict[str, Rate] = {}
        for code in levied.above:
            due |= by_place.get((code, tax_class), by_place.get((code, STANDARD), {}))
        found[tax_class] = tuple(due.values())
    return found


async def _certificate(customer_id: int, above: Collection[str], instant: datetime) -> str | None:
    rows = await fetch(
        f"SELECT certificate FROM tax_exemption WHERE customer_id = ? AND (region IS NULL OR {among('region')}) "
        "AND valid_from <= ? AND (until IS NULL OR until > ?) ORDER BY id LIMIT 1",
        *(customer_id, listing(above), instant, instant),
    )
    return str(rows[0]["certificate"]) if rows else None


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
