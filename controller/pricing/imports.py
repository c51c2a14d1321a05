"""Prices from a CSV file (UTF-8, a header line): sku, price, effective_from, and maybe site, until, note; all or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from controller import db
from controller.catalog.queries import SkuRow, skus_by_code
from controller.errors import Rejected
from controller.pricing.operations import NewPrice, flaw, schedule
from controller.pricing.policies import Priced, overlaps
from controller.pricing.stored import prices_of

COLUMNS = ("sku", "price", "effective_from", "site", "until", "note")
ERRORS_SHOWN = 1000
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,3})?", re.ASCII)
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}


@dataclass(frozen=True, slots=True)
class RowError:
    line: int
    column: str
    reason: str


@dataclass(slots=True)
class PriceFile:
    """What a file says; `errors` are all of its bad rows."""

    rows: int = 0
    prices: list[NewPrice] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


class PricesRejected(Rejected):
    """Nothing was imported: some rows are bad.  `errors` are the first thousand."""

    code = "prices_rejected"

    def __init__(self, found: PriceFile) -> None:
        super().__init__(f"{len(found.errors)} bad rows, nothing was imported")
        self.bad_rows = len(found.errors)
        self.errors = [{"line": e.line, "column": e.column, "reason": e.reason} for e in found.errors[:ERRORS_SHOWN]]


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows are held against."""

    skus: Mapping[str, SkuRow]
    zones: Mapping[str, str]
    zone: str
    now: datetime


class BadCell(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


async def read_prices(body: bytes, *, sites: frozenset[str] | None = None) -> PriceFile:
    """Every row held against the catalogue, the sites, the prices that were said before, and the rows above; nothing is written.

    An instant without a zone is of the site's own time; of the first site's, for a price of the chain.  `sites`: only their prices.
    """
    found = PriceFile()
    rows = list(_rows(body, found))
    zones = {row["id"]: row["time_zone"] for row in await db.fetch("SELECT id, time_zone FROM site ORDER BY id")}
    known = _Known(
        skus=await skus_by_code([named.get("sku", "") for _, named in rows]),
        zones={site: zone for site, zone in zones.items() if sites is None or site in sites},
        zone=next(iter(zones.values()), "UTC"),
        now=db.now(),
    )
    there = await prices_of({row.id for row in known.skus.values()})
    for line, named in rows:
        try:
            price = _price(named, known, for_chain=sites is None)
            _check_against(price, there[known.skus[price.sku].id])
            found.prices.append(price)
        except BadCell as error:
            found.errors.append(RowError(line, error.column, str(error)))
    return found


async def import_prices(body: bytes, *, sites: frozenset[str] | None = None) -> PriceFile:
    """All of a file, or nothing.  Raises PricesRejected."""
    async with db.transaction():
        found = await read_prices(body, sites=sites)
        if found.errors or not found.prices:
            raise PricesRejected(found)
        await schedule(found.prices)
    return found


def _rows(body: bytes, found: PriceFile) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found.errors.append(RowError(1, "", f"the file is not UTF-8: byte {error.start} cannot be read; save it as CSV UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        wrong = [name for name in COLUMNS[:3] if name not in header] + [name for name in header if name not in COLUMNS]
        found.errors += [RowError(1, name[:40], f"expected the columns {', '.join(COLUMNS)}") for name in wrong]
        if wrong:
            return
        for cells in reader:
            if not any(cells):
                continue
            found.rows += 1
            if len(cells) != len(header):
                found.errors.append(RowError(reader.line_num, "", f"has {len(cells)} cells, expected {len(header)}"))
                continue
            yield reader.line_num, dict(zip(header, map(str.strip, cells), strict=True))
    except csv.Error as error:
        found.errors.append(RowError(reader.line_num, "", f"cannot be read as CSV from here on: {error}"))


def _price(named: Mapping[str, str], known: _Known, *, for_chain: bool) -> NewPrice:
    sku = known.skus.get(named["sku"])
    if sku is None:
        raise BadCell("sku", f"there is no SKU {named['sku'][:40]!r}")
    site = named.get("site") or None
    if site is None and not for_chain:
        raise BadCell("site", "a price of the whole chain: name one of your sites")
    if site is not None and site not in known.zones:
        raise BadCell("site", f"there is no site {site[:40]!r}")
    zone = known.zones[site] if site else known.zone
    price = NewPrice(
        sku=sku.code,
        price_minor=minor_of(named["price"], sku.currency),
        currency=sku.currency,
        effective_from=instant_of(named["effective_from"], "effective_from", zone),
        site=site,
        until=instant_of(named["until"], "until", zone) if named.get("until") else None,
        note=(named.get("note") or "")[:200].replace("\0", "") or None,
    )
    if reason := flaw(price, sku, known.now):
        raise BadCell("price", reason)
    return price


def _check_against(price: NewPrice, there: list[Priced]) -> None:
    new = price.as_priced()
    other = next((each for each in there if overlaps(each, new)), None)
    if other is None:
        there.append(new)
    elif (other.price_minor, other.effective_from, other.until) != (new.price_minor, new.effective_from, new.until):
        raise BadCell(
            "effective_from", f"a price of {other.price_minor} for the same time, from {other.effective_from.isoformat()}"
        )


def minor_of(text: str, currency: str) -> int:
    digits = _MINOR_DIGITS.get(currency, 2)
    if not _AMOUNT.fullmatch(text):
        raise BadCell("price", f"{text[:40]!r} is not an amount such as 12.90")
    scaled = Decimal(text).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise BadCell("price", f"{text[:40]!r} has more than {digits} decimal places, of which {currency} has {digits}")
    return int(scaled)


def major_of(minor: int, currency: str) -> str:
    """`1290` as `12.90`: what `minor_of` reads."""
    digits = _MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}}" if digits else str(whole)


def instant_of(text: str, column: str, zone: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCell(column, f"{text[:40]!r} is not a date and time such as 2026-12-01T06:00") from error
