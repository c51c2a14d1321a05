"""Pure decisions of the catalogue: what a printed code is, and how much a scan of it counts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from controller.catalog.models import SymbolKind
from drivers.symbols.gs1 import grams_of, parse_elements
from drivers.symbols.gtin import check_digit, to_gtin14

_MEASURED = re.compile(r"([0-9]{7})WWWWWC")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
KEY_LENGTH = 500
"""Characters of a symbol that an index can hold on both engines (PostgreSQL: a third of a page)."""


LARGEST = 10**12
"""Base units that one fact may be about: sums of millions of them still fit the database's 64 bits."""


class SymbolKey(NamedTuple):
    """What of a scanned symbol names goods: its text, and its GTIN in 14 digits if it carries one."""

    text: str
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One scan is `numerator / denominator` base units of the SKU."""

    sku_id: int
    sku: str
    numerator: int = 1
    denominator: int = 1

    def base_units(self, quantity: int) -> int | None:
        """Base units of `quantity` packs; None if that is not a whole number, or absurdly large."""
        units, rest = divmod(quantity * self.numerator, self.denominator)
        return None if rest or units > LARGEST else units


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows it."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The chain and the site mean different goods by it; a person must say which."""

    skus: tuple[str, ...]


Resolution = Found | Unknown | Ambiguous


class BadSymbol(ValueError):
    """A barcode that cannot be one."""


def storable(text: str) -> str:
    """`text` as PostgreSQL can store it: U+0000 becomes U+FFFD."""
    return text.replace("\0", "\ufffd")


def symbol_of(barcode: str) -> tuple[SymbolKind, str]:
    """How a barcode as people write it is looked up: `5449000000996`, `SHELF-12`, `2100101WWWWWC` (five digits of base units).

    Raises BadSymbol: empty, too long, or a number of a GTIN's length with a wrong check digit.
    """
    text = barcode.strip()
    if not text or len(text) > KEY_LENGTH or not text.isprintable():
        raise BadSymbol(f"expected 1 to {KEY_LENGTH} printable characters")
    if measured := _MEASURED.fullmatch(text):
        return SymbolKind.MEASURED, measured[1]
    if gtin := to_gtin14(text):
        return SymbolKind.GTIN, gtin
    if len(text) in _GTIN_LENGTHS and text.isascii() and text.isdigit() and check_digit(text[:-1]) != text[-1]:
        raise BadSymbol(f"{text} has the length of a GTIN, but its check digit is {text[-1]}, expected {check_digit(text[:-1])}")
    return SymbolKind.TEXT, text


def candidates(key: SymbolKey) -> list[tuple[SymbolKind, str]]:
    """The stored codes that may mean this symbol; the measured one counts only if no other does."""
    found = [(SymbolKind.TEXT, key.text)] if len(key.text) <= KEY_LENGTH else []
    if key.gtin is not None:
        found.append((SymbolKind.GTIN, key.gtin))
    if measured_units(key.text) is not None:
        found.append((SymbolKind.MEASURED, key.text[:7]))
    return found


def measured_units(text: str) -> int | None:
    """The five digits of an in-store EAN-13 with a right check digit; None for anything else, and for nought."""
    if len(text) != 13 or not (text.isascii() and text.isdigit()) or text[0] != "2" or check_digit(text[:-1]) != text[-1]:
        return None
    return int(text[7:12]) or None


def weighed_units(key: SymbolKey) -> int | None:
    """Grams that a symbol with a GTIN says it weighs, rounded half-even to the base unit; None: it says nothing of it.

    Kilograms before pounds where it says both.  Source: GS1 General Specifications, section 3.6.1 (AI 310n, 320n).
    """
    elements = parse_elements(key.text) if key.gtin is not None and len(key.text) > len(key.gtin) else None
    weights = {each.ai[:3]: grams for each in reversed(elements or ()) if (grams := grams_of(each)) is not None}
    weight = weights.get("310", weights.get("320"))
    return None if weight is None else whole_grams(weight) or None


def whole_grams(weight: Decimal) -> int:
    """What a scale or a symbol said, in the base unit of what is sold by weight: half-even, so that errors do not add up."""
    return int(weight.to_integral_value(ROUND_HALF_EVEN))


def unknown_key(text: str) -> str:
    """What an unknown symbol is told apart by."""
    return text if len(text) <= KEY_LENGTH else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
