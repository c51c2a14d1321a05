"""What a symbol means, and what a company says of its own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from drivers.symbols.gs1 import Element
from drivers.symbols.variable import VariableMeasure, VariableRule, parse_rule


class Ambiguity(StrEnum):
    """Why a symbol may mean something that is not taken out of it."""

    GS1_WITHOUT_CARRIER = "gs1_without_carrier"
    """It looks like GS1 elements, but its carrier does not say so: let the scanner send AIM identifiers."""
    ELEMENTS = "elements"
    """A GS1 carrier whose elements cannot be read."""
    CHECK_DIGIT = "check_digit"
    """A GTIN, SSCC or another key in an element has a wrong check digit."""
    SEVERAL_GTINS = "several_gtins"
    CONTRADICTION = "contradiction"
    """One element given twice, differently, or elements that GS1 forbids together."""
    UPC_E_OR_EAN_8 = "upc_e_or_ean_8"
    UPC_E_WITHOUT_CHECK = "upc_e_without_check"
    """A UPC-E of 6 or 7 digits: let the scanner send number system and check digit, or UPC-A."""
    VERIFIER = "verifier"
    """A rule's number whose price or weight field has a wrong verifier."""
    SEVERAL_RULES = "several_rules"
    LINK = "link"
    """A GS1 Digital Link that is compressed or malformed."""
    ISBN_10_OR_OWN = "isbn_10_or_own"


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """What a company says of its own numbers; made by `symbol_rules`.

    `own_prefixes`: those GS1 prefixes, such as ``"20"``, that it uses as plain item numbers.  `variable`: how its prices and
    weights are laid out.  `year`: the current one, for the century of two-digit years.
    """

    own_prefixes: frozenset[str] = frozenset()
    variable: tuple[VariableRule, ...] = ()
    year: int = 2026


NO_RULES = SymbolRules()


def symbol_rules(own_prefixes: Sequence[str] = (), variable: Sequence[str] = (), year: int = NO_RULES.year) -> SymbolRules:
    """Rules out of texts such as ``21IIIIIVPPPPC`` (`drivers.symbols.variable`).  Raises BadRule."""
    return SymbolRules(frozenset(own_prefixes), tuple(parse_rule(each) for each in variable), year)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A symbol.  `text` is all of its data (FNC1 as U+001D), `raw` its bytes if they are not text that can be stored.

    `gtin14`: the 14 digits, if the symbol surely carries a GTIN.  `gs1`: its elements, only if its carrier (or its Digital Link)
    says that it holds some; `sscc` to `grams` are theirs.  `grams` is a net weight, also of `variable`: a shop's number by its
    rules.  `ambiguity`: what else it could be.
    """

    text: str
    aim: str | None = None
    raw: bytes | None = None
    gtin14: str | None = None
    gs1: tuple[Element, ...] | None = None
    ambiguity: Ambiguity | None = None
    sscc: str | None = None
    batch: str | None = None
    serial: str | None = None
    best_before: date | None = None
    expires: date | None = None
    count: int | None = None
    grams: Decimal | None = None
    variable: VariableMeasure | None = None
    isbn: str | None = None
    issn: str | None = None
    is_link: bool = False

    @property
    def is_ambiguous(self) -> bool:
        return self.ambiguity is not None
