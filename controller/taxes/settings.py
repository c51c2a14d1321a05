"""Say how is taxed where: regions, rates with their instants, classes of SKUs, customers who are exempt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from controller import db, events
from controller.catalog.queries import skus_by_code
from controller.errors import Conflict, NotFound, Rejected
from controller.sites.queries import known_sites
from controller.taxes.events import TaxRateEnded, TaxRateSet, TaxRegionSet
from controller.taxes.stored import MOST_PARENTS, Region, chain, region, renew_stamp
from edge_agent.wire.taxes import STANDARD

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_PERCENT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")
LARGEST = 10
"""Times the price: above it, a rate is a slip of the hand."""


class BadTax(Rejected):
    code = "bad_tax"


class RateOverlaps(Conflict):
    """A rate of this code holds at that time already."""

    code = "rate_overlaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRate:
    """`value` as a rational: 13/100 is 13 %.  `rank`: its place on the line."""

    region: str
    code: str
    value: Fraction
    effective_from: datetime
    tax_class: str = STANDARD
    name: str = ""
    is_compound: bool = False
    rank: int = 0
    until: datetime | None = None


def percent(text: str) -> Fraction:
    """`8.875` is 71/800.  Raises BadTax."""
    if not _PERCENT.fullmatch(text):
        raise BadTax(f"a rate of {text!r} %: expected a number such as 13 or 8.875")
    return Fraction(text) / 100


async def set_region(wanted: Region) -> None:
    """Make a region known, or change it; what was counted stays as it is.  Records TaxRegionSet.  Raises BadTax, NotFound."""
    if not _CODE.fullmatch(wanted.code) or not wanted.name.strip() or not 1 <= wanted.step <= 1000:
        raise BadTax(
            f"tax region {wanted.code!r}: expected a code of letters, digits, '.' and '-', a name, and a step of 1 to 1000"
        )
    async with db.transaction():
        if wanted.parent is not None:
            above = await chain(wanted.parent)
            if wanted.code in above or len(above) >= MOST_PARENTS:
                raise BadTax(f"tax region {wanted.code} cannot be below {wanted.parent}: that goes round, or is too deep")
        await db.execute(
            "INSERT INTO tax_region (code, name, parent, is_inclusive, level, mode, step) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (code) DO UPDATE SET name = excluded.name, parent = excluded.parent, "
            "is_inclusive = excluded.is_inclusive, level = excluded.level, mode = excluded.mode, step = excluded.step",
            *(
                wanted.code,
                wanted.name.strip(),
                wanted.parent,
                wanted.is_inclusive,
                wanted.level.value,
                wanted.mode.value,
                wanted.step,
            ),
        )
        told = TaxRegionSet(
            parent=wanted.parent, is_inclusive=wanted.is_inclusive, level=wanted.level.value, mode=wanted.mode.value
        )
        await renew_stamp()
        await events.record(told, subject=f"tax:{wanted.code}")


async def set_site_region(site: str, code: str) -> None:
    """What a site sells is taxed as in this region.  Raises NotFound."""
    async with db.transaction():
        if site not in await known_sites([site]):
            raise NotFound("site", site)
        await region(code)
        await db.execute(
            "INSERT INTO site_tax (site_id, region) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET region = excluded.region",
            *(site, code),
        )
        await renew_stamp()


async def set_class(sku_code: str, tax_class: str) -> None:
    """Raises NotFound, BadTax."""
    _check_code("tax class", tax_class)
    async with db.transaction():
        sku = (await skus_by_code([sku_code])).get(sku_code)
        if sku is None:
            raise NotFound("SKU", sku_code)
        await db.execute(
            "INSERT INTO sku_tax (sku_id, tax_class) VALUES (?, ?) "
            "ON CONFLICT (sku_id) DO UPDATE SET tax_class = excluded.tax_class",
            *(sku.id, tax_class),
        )
        await db.execute("UPDATE sku SET version = NULL WHERE id = ?", sku.id)  # boxes are told


async def set_rate(new: NewRate) -> int:
    """A rate from an instant on; one of the same code that has no end ends then.  Its id.  Records TaxRateSet.

    The same again is the same rate.  Raises NotFound (the region), BadTax, RateOverlaps.
    """
    _check_rate(new)
    begins, until = db.utc(new.effective_from), db.utc(new.until) if new.until else None
    key = (new.region, new.tax_class, new.code)
    async with db.transaction():
        await region(new.region)
        await renew_stamp()
        await db.execute("UPDATE tax_region SET code = code WHERE code = ?", new.region)  # its rates change one after the other
        await db.execute(
            "UPDATE tax_rate SET until = ? "
            "WHERE region = ? AND tax_class = ? AND code = ? AND until IS NULL AND effective_from < ?",
            *(begins, *key, begins),
        )
        there = await db.fetch("SELECT * FROM tax_rate WHERE region = ? AND tax_class = ? AND code = ? ORDER BY id", *key)
        if (same := _same(new, there, begins, until)) is not None:
            return same
        rows = await db.fetch(
            "INSERT INTO tax_rate (region, tax_class, code, name, numerator, denominator, is_compound, rank, effective_from, "
            "until, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            *(*key, new.name or new.code, new.value.numerator, new.value.denominator, new.is_compound, new.rank, begins, until),
            *(db.now(), events.actor().actor),
        )
        told = TaxRateSet(tax_class=new.tax_class, code=new.code, rate=str(new.value), effective_from=begins, until=until)
        await events.record(told, subject=f"tax:{new.region}")
    return int(rows[0]["id"])


def _same(new: NewRate, there: Sequence[db.Row], begins: datetime, until: datetime | None) -> int | None:
    """The id of the row that says the same.  Raises RateOverlaps for one that says something else of the same time."""
    for row in there:
        if (row["until"] is not None and row["until"] <= begins) or (until is not None and row["effective_from"] >= until):
            continue
        told = (Fraction(row["numerator"], row["denominator"]), bool(row["is_compound"]), row["effective_from"], row["until"])
        if told == (new.value, new.is_compound, begins, until):
            return int(row["id"])
        raise RateOverlaps(f"{new.code} of {new.region} for {new.tax_class} has a rate from {row['effective_from'].isoformat()} on")
    return None


def _check_rate(new: NewRate) -> None:
    _check_code("rate", new.code)
    _check_code("tax class", new.tax_class)
    if not 0 <= new.value <= LARGEST or new.value.denominator > 10**12:
        raise BadTax(f"a rate of {new.value}: expected 0 to {LARGEST} times the price")
    if new.until is not None and new.until <= new.effective_from:
        raise BadTax("the rate ends before it begins")


def _check_code(what: str, code: str) -> None:
    if not _CODE.fullmatch(code):
        raise BadTax(f"{what} {code!r}: expected a code of 1 to 40 letters, digits, '.' and '-'")


async def end_rate(rate_id: int, until: datetime) -> None:
    """It holds until then, and no longer.  Records TaxRateEnded.  Raises NotFound, BadTax (it begins later)."""
    async with db.transaction():
        rows = await db.fetch("SELECT region, tax_class, code, effective_from FROM tax_rate WHERE id = ?", rate_id)
        if not rows:
            raise NotFound("tax rate", rate_id)
        if rows[0]["effective_from"] >= db.utc(until):
            raise BadTax("the rate begins later than it is to end")
        await db.execute("UPDATE tax_rate SET until = ? WHERE id = ?", db.utc(until), rate_id)
        await renew_stamp()
        told = TaxRateEnded(tax_class=rows[0]["tax_class"], code=rows[0]["code"], until=db.utc(until))
        await events.record(told, subject=f"tax:{rows[0]['region']}")


async def exempt(
    customer_id: int, certificate: str, *, valid_from: datetime, until: datetime | None = None, region_code: str | None = None
) -> int:
    """A customer pays no tax, by a certificate; its row's id.  Raises BadTax, NotFound."""
    if not 0 < len(certificate.strip()) <= 64 or not certificate.isprintable() or (until is not None and until <= valid_from):
        raise BadTax("an exemption has a certificate of 1 to 64 characters, and ends after it begins")
    async with db.transaction():
        if region_code is not None:
            await region(region_code)
        if not await db.fetch("SELECT 1 FROM customer WHERE id = ?", customer_id):
            raise NotFound("customer", customer_id)
        rows = await db.fetch(
            "INSERT INTO tax_exemption (customer_id, region, certificate, valid_from, until) VALUES (?, ?, ?, ?, ?) RETURNING id",
            *(customer_id, region_code, certificate.strip(), db.utc(valid_from), db.utc(until) if until else None),
        )
    return int(rows[0]["id"])
