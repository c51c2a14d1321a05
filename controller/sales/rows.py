"""A file of sales, as tills and public data sets write it: one row per line of a receipt, under many names for its columns.

Blocking: for a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct

from controller.sales.policies import NewLine, NewReceipt
from controller.sheets import BadFile, below, rows_of, sheet_text

LARGEST = 10**9
NAMES: Mapping[str, tuple[str, ...]] = {
    "receipt": ("receipt", "receiptno", "receiptnumber", "invoice", "invoiceno", "invoicenumber", "transaction", "transactionid"),
    "occurred_at": ("occurredat", "invoicedate", "date", "datetime", "timestamp", "soldat"),
    "sku": ("sku", "stockcode", "productcode", "itemcode", "article"),
    "barcode": ("barcode", "ean", "gtin", "upc"),
    "quantity": ("quantity", "qty", "units"),
    "unit_price": ("unitprice", "price"),
    "amount": ("amount", "total", "linetotal"),
    "tax": ("tax", "vat"),
    "discount": ("discount",),
    "till": ("till", "pos", "register", "terminal"),
    "voids": ("voids", "voidof"),
}
"""Our names of columns, and what others call them; in any case, without spaces, `_` and `-`."""
REQUIRED = ("receipt", "occurred_at", "quantity")
ENCODINGS = ("utf-8-sig", "gb18030", "cp1252", "latin-1")
"""Of tills, and the Windows code page that public data sets are often in; any bytes are the last one's."""
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}
"""Decimal places of currencies that have not two (ISO 4217)."""


class Dates(StrEnum):
    """How dates are written: 2010-12-01 08:26, 12/1/2010 8:26, or 1/12/2010 8:26."""

    ISO = "iso"
    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


class HowToRead(Struct, frozen=True, kw_only=True):
    """`time_zone` of dates that name none; `currency` of amounts; `till` where the file names none."""

    site: str
    time_zone: str
    currency: str
    till: str = "import"
    dates: Dates = Dates.ISO
    decimal_comma: bool = False


class RowError(Struct, frozen=True):
    """A row that cannot be read: where, and what was expected."""

    line: int
    column: str
    reason: str


class BadCell(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


@dataclass(slots=True)
class SalesFile:
    """What a file says: its receipts in the order in which they begin, and each row that cannot be read.

    `same_lines`: rows that say exactly what an earlier one of their receipt says; they count, as nobody can tell an error from two
    scans.  `returned`: rows of what came back.
    """

    rows: int = 0
    lines: int = 0
    same_lines: int = 0
    returned: int = 0
    errors: list[RowError] = field(default_factory=list)
    receipts: list[NewReceipt] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    occurred_at: datetime
    voids: str | None
    lines: list[NewLine] = field(default_factory=list)
    seen: set[NewLine] = field(default_factory=set)


def read_sales(body: bytes, how: HowToRead) -> SalesFile:
    """Every row of a CSV or XLSX file, good or bad; one that cannot be read any further ends with an error."""
    found = SalesFile()
    gathered: dict[tuple[str, str], _Gathered] = {}
    for line, named in _named_rows(body, how, found):
        found.rows += 1
        try:
            _gather(gathered, named, how, found)
        except BadCell as error:
            found.errors.append(RowError(line, error.column, str(error)))
    found.receipts = [
        NewReceipt(
            site=how.site,
            till=till,
            number=number,
            occurred_at=each.occurred_at,
            currency=how.currency,
            lines=each.lines,
            voids=each.voids,
        )
        for (till, number), each in gathered.items()
    ]
    return found


def _named_rows(body: bytes, how: HowToRead, found: SalesFile) -> Iterator[tuple[int, dict[str, str]]]:
    rows = rows_of(body, partial(_cell, comma=how.decimal_comma), encodings=ENCODINGS)
    try:
        header = _header(next(rows, []))
    except BadFile as error:
        found.errors.append(RowError(1, "", str(error)))
        return
    missing = [name for name in REQUIRED if name not in header] + ([] if {"sku", "barcode"} & set(header) else ["sku"])
    found.errors += [RowError(1, name, f"the file has no column {name} (or {', '.join(NAMES[name][1:])})") for name in missing]
    if missing:
        return
    for line, cells in below(rows, len(header)):
        if isinstance(cells, str):
            found.rows += 1
            found.errors.append(RowError(line, "", cells))
        else:
            yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}


def _cell(value: object, *, comma: bool) -> str:
    """Numbers of a sheet have no comma or point until they are shown: they are written as the file's texts are."""
    text = sheet_text(value)
    return text.replace(".", ",") if comma and isinstance(value, float) else text


def _header(cells: Sequence[str]) -> list[str]:
    """Our names of the columns, empty for those that we do not need; of two with the same meaning the first counts."""
    ours = {other: name for name, others in NAMES.items() for other in others}
    header: list[str] = []
    for cell in cells:
        name = ours.get(re.sub(r"[\s_-]", "", cell.strip().removeprefix("\ufeff").lower()), "")
        header.append("" if name in header else name)
    return header


def _gather(gathered: dict[tuple[str, str], _Gathered], named: Mapping[str, str], how: HowToRead, found: SalesFile) -> None:
    number, till = _text(named, "receipt", 64), named.get("till") or how.till
    if not till.isprintable() or len(till) > 40:
        raise BadCell("till", f"{till[:40]!r} is not 1 to 40 printable characters")
    occurred_at = _instant(named["occurred_at"], how)
    line = _line(named, how)
    voids = named.get("voids") or None
    receipt = gathered.setdefault((till, number), _Gathered(occurred_at, voids))
    receipt.occurred_at = min(receipt.occurred_at, occurred_at)
    found.lines += 1
    found.returned += line.quantity < 0
    if line in receipt.seen:
        found.same_lines += 1
    receipt.seen.add(line)
    receipt.lines.append(line)


def _text(named: Mapping[str, str], column: str, longest: int) -> str:
    text = named.get(column, "")
    if not text or len(text) > longest or not text.isprintable():
        raise BadCell(column, f"{text[:40]!r} is not 1 to {longest} printable characters")
    return text


def _line(named: Mapping[str, str], how: HowToRead) -> NewLine:
    is_sku = bool(named.get("sku")) or "barcode" not in named
    text = _text(named, "sku", 64) if is_sku else _text(named, "barcode", 500)
    quantity = _decimal(named, "quantity", how)
    if quantity != quantity.to_integral_value() or quantity == 0 or abs(quantity) > LARGEST:
        raise BadCell("quantity", f"{named['quantity'][:40]!r} is not a whole number other than 0 up to {LARGEST}")
    units = int(quantity)
    if named.get("amount"):
        amount = _minor(_decimal(named, "amount", how), "amount", how)
    else:
        amount = _minor(_decimal(named, "unit_price", how) * units, "unit_price", how) if named.get("unit_price") else 0
    extra = {name: _minor(_decimal(named, name, how), name, how) if named.get(name) else 0 for name in ("tax", "discount")}
    return NewLine(
        text=text,
        is_sku=is_sku,
        quantity=units,
        amount_minor=amount,
        tax_minor=extra["tax"],
        discount_minor=extra["discount"],
    )


def _decimal(named: Mapping[str, str], column: str, how: HowToRead) -> Decimal:
    text = named.get(column, "")
    plain = text.replace(".", "").replace(",", ".") if how.decimal_comma else text
    if not _NUMBER.fullmatch(plain):
        raise BadCell(column, f"{text[:40]!r} is not a number")
    return Decimal(plain)


def _minor(amount: Decimal, column: str, how: HowToRead) -> int:
    """Minor units, rounded half to even."""
    minor = int(amount.scaleb(MINOR_DIGITS.get(how.currency, 2)).to_integral_value(ROUND_HALF_EVEN))
    if abs(minor) > 10**15:
        raise BadCell(column, f"{amount} is no amount of a receipt")
    return minor


_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def _iso(text: str, dates: Dates) -> str:
    match = _SLASHED.fullmatch(text) if dates is not Dates.ISO else None
    if match is None:
        return text
    one, two, year, hour, minute, second = (int(part or 0) for part in match.groups())
    month, day = (one, two) if dates is Dates.MONTH_FIRST else (two, one)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _instant(text: str, how: HowToRead) -> datetime:
    """In UTC; what names no zone is of the site's."""
    try:
        found = datetime.fromisoformat(_iso(text, how.dates))
        if found.tzinfo is None:
            found = found.replace(tzinfo=ZoneInfo(how.time_zone))
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCell("occurred_at", f"{text[:40]!r} is not a date and time as {how.dates.value} writes it") from error
