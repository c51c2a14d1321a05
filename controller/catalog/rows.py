"""One line of a catalogue file: its columns, and what is wrong with it.  Pure.

| column | needed | content |
|---|---|---|
| `sku` | yes | code, at most 64 characters; a SKU may have several lines, one per barcode |
| `name_en`, `name_zh` | yes | at most 200 characters |
| `base_unit` | | `piece` (default), `gram`, `millilitre` |
| `price_minor` | | whole minor units (fen, cents) for one piece, 100 g or 100 ml; default 0 |
| `currency` | | ISO 4217; default CNY |
| `weight_grams` | | whole grams of one base unit |
| `tracking` | | `none` (default), `lot`, `serial` |
| `shelf_life_days` | | whole days from when it is made until it expires |
| `min_remaining_days` | | whole days that must be left when it goes to a customer |
| `product` | | code of the product that it is a variant of; default: the SKU's own |
| `category` | | code of a category that is there; without this column each stays where it is, empty: in none |
| `barcode` | | as printed; `2100101WWWWWC`: an in-store EAN-13 with five digits of base units in it |
| `pack` | | base units of one scan: `12`, or a fraction `1/2`; default 1 |
| `site` | | the one site where the barcode holds; default: the whole chain |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.catalog.models import BaseUnit, SymbolKind, Tracking
from controller.catalog.policies import BadSymbol, symbol_of

NEEDED = ("sku", "name_en", "name_zh")
SELLING = ("base_unit", "price_minor", "currency", "weight_grams", "product")
KEEPING = ("tracking", "shelf_life_days", "min_remaining_days")
COLUMNS = (*NEEDED, *SELLING, *KEEPING, "category", "barcode", "pack", "site")
_CURRENCY = re.compile("[A-Z]{3}")
_PACK = re.compile(r"([1-9][0-9]{0,8})(?:/([1-9][0-9]{0,8}))?")
_WHOLE = re.compile("[0-9]{1,15}")
_UNITS = frozenset(unit.value for unit in BaseUnit)
_TRACKING = frozenset(tracking.value for tracking in Tracking)
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class RowError:
    """`line` counts from 1, the header included; `column` is empty when the whole line is meant."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """A line that is right in itself.  `category` None: the file does not say."""

    line: int
    sku: str
    product: str
    name_en: str
    name_zh: str
    base_unit: str
    price_minor: int
    currency: str
    weight_grams: int | None
    tracking: str
    shelf_life_days: int | None
    min_remaining_days: int | None
    category: str | None
    kind: SymbolKind | None
    symbol: str
    numerator: int
    denominator: int
    site: str | None


class BadCell(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def header_errors(header: Sequence[str]) -> list[RowError]:
    """What is wrong with the first line."""
    errors = [RowError(1, name, f"unknown column; known are {', '.join(COLUMNS)}") for name in header if name not in COLUMNS]
    errors += [RowError(1, name, "this column is needed") for name in NEEDED if name not in header]
    errors += [RowError(1, name, "this column is there twice") for name in sorted({n for n in header if header.count(n) > 1})]
    return errors


def read_row(line: int, cells: Mapping[str, str]) -> CatalogRow:
    """Raises BadCell for the first cell that is wrong."""
    kind, symbol = _barcode(cells.get("barcode", ""))
    numerator, denominator = _pack(cells.get("pack", ""))
    sku = _text("sku", cells["sku"], 64)
    return CatalogRow(
        line=line,
        sku=sku,
        product=_text("product", cells.get("product", "") or sku, 64),
        name_en=_text("name_en", cells["name_en"], 200),
        name_zh=_text("name_zh", cells["name_zh"], 200),
        base_unit=_one_of("base_unit", cells.get("base_unit", "") or BaseUnit.PIECE.value, _UNITS),
        price_minor=_whole("price_minor", cells.get("price_minor", "") or "0"),
        currency=_currency(cells.get("currency", "") or "CNY"),
        weight_grams=_whole("weight_grams", weight) if (weight := cells.get("weight_grams", "")) else None,
        tracking=_one_of("tracking", cells.get("tracking", "") or Tracking.NONE.value, _TRACKING),
        shelf_life_days=_days("shelf_life_days", cells),
        min_remaining_days=_days("min_remaining_days", cells),
        category=cells.get("category"),
        kind=kind,
        symbol=symbol,
        numerator=numerator,
        denominator=denominator,
        site=cells.get("site", "") or None,
    )


def _text(column: str, value: str, longest: int) -> str:
    if not value:
        raise BadCell(column, "is empty")
    if len(value) > longest or not value.isprintable():
        raise BadCell(column, f"expected at most {longest} printable characters")
    return value


def _one_of(column: str, value: str, known: frozenset[str]) -> str:
    if value not in known:
        raise BadCell(column, f"{value[:40]!r} is none of {', '.join(sorted(known))}")
    return value


def _whole(column: str, value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise BadCell(column, f"{value[:40]!r} is not a whole number of 0 or more")
    return int(value)


def _days(column: str, cells: Mapping[str, str]) -> int | None:
    if not (value := cells.get(column, "")):
        return None
    days = _whole(column, value)
    if days > MOST_DAYS:
        raise BadCell(column, f"{value} days are more than a hundred years")
    return days


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise BadCell("currency", f"{value[:40]!r} is not an ISO 4217 code")
    return value


def _barcode(value: str) -> tuple[SymbolKind | None, str]:
    if not value:
        return None, ""
    try:
        return symbol_of(value)
    except BadSymbol as error:
        raise BadCell("barcode", str(error)) from error


def _pack(value: str) -> tuple[int, int]:
    matched = _PACK.fullmatch(value or "1")
    if not matched:
        raise BadCell("pack", f"{value[:40]!r} is neither a number of base units such as 12 nor a fraction such as 1/2")
    return int(matched[1]), int(matched[2] or 1)
