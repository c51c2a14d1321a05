"""From what a scanner read to what it means: text, GTIN, GS1 elements, a shop's own numbers.  Pure; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from drivers.symbols.aim import GS1_CARRIERS, split_aim
from drivers.symbols.books import isbn_of_gtin, isbn_of_text, issn_of_gtin, looks_like_isbn_10
from drivers.symbols.gs1 import FNC1, Element, date_of, grams_of, has_right_check_digit, parse_elements
from drivers.symbols.gtin import expand_upc_e, has_check_digit, is_sscc, to_gtin14
from drivers.symbols.link import NotRead, parse_link
from drivers.symbols.parsed import NO_RULES, Ambiguity, Parsed, SymbolRules, symbol_rules
from drivers.symbols.variable import fits, read_variable

__all__ = ["NO_RULES", "Ambiguity", "Parsed", "SymbolRules", "parse_symbol", "symbol_rules"]

_REPLACED = "\ufffd"
_EAN_UPC = frozenset({"]E0", "]E4"})
_EAN_8, _EAN_WITH_ADD_ON = "]E4", "]E3"
_CONTENTS = frozenset({"02", "37"})
"""Of what lies inside a unit: forbidden beside the unit's own GTIN (GS1 General Specifications, section 4.13, invalid pairs)."""
_LOOKS_LIKE_GS1 = re.compile(r"01[0-9]{14}|00[0-9]{18}|\(01\)[0-9]{14}|\(00\)[0-9]{18}", re.ASCII)
_UPC_E_WITHOUT_CHECK = re.compile(r"[01]?[0-9]{6}", re.ASCII)


def parse_symbol(
    data: bytes, aim: str | None = None, *, own_prefixes: frozenset[str] = frozenset(), rules: SymbolRules = NO_RULES
) -> Parsed:
    """Read a symbol; an AIM identifier still in front of `data` is taken off.  `own_prefixes` count beside those of `rules`.

    Never raises.  Source: GS1 General Specifications, section 7.8 (which carriers hold GTINs and elements).
    """
    if aim is None:
        data, aim = split_aim(data)
    text = data.decode("utf-8", "replace").replace("\0", _REPLACED)  # no database stores U+0000 in text
    symbol = Parsed(text, aim, data if _REPLACED in text else None)
    prefixes = own_prefixes | rules.own_prefixes
    if aim in GS1_CARRIERS:
        elements = parse_elements(text)
        return replace(symbol, ambiguity=Ambiguity.ELEMENTS) if elements is None else _with(symbol, elements, prefixes, rules.year)
    return _as_number(symbol, prefixes, rules) or _as_link(symbol, prefixes, rules) or _as_text(symbol)


def _with(symbol: Parsed, elements: tuple[Element, ...], own_prefixes: frozenset[str], year: int) -> Parsed:
    """The symbol with what its elements say; what they say twice, differently, is not taken."""
    items = {each.value for each in elements if each.ai == "01"}
    is_sure = len(items) == 1 and all(each.ai != "02" for each in elements)
    gtin = to_gtin14(next(iter(items)), own_prefixes) if is_sure else None

    def only(ai: str) -> str | None:
        values = {each.value for each in elements if each.ai == ai}
        return values.pop() if len(values) == 1 else None

    def day(ai: str) -> date | None:
        value = only(ai)
        return None if value is None else date_of(value, year)

    sscc, count = only("00"), only("30") or (None if items else only("37"))
    return replace(
        symbol,
        gtin14=gtin,
        gs1=elements,
        ambiguity=_doubt(elements),
        sscc=sscc if sscc is not None and is_sscc(sscc) else None,
        batch=only("10"),
        serial=only("21"),
        best_before=day("15"),
        expires=day("17"),
        count=None if count is None else int(count),
        grams=_only_weight(elements),
        isbn=gtin and isbn_of_gtin(gtin),
        issn=gtin and issn_of_gtin(gtin),
    )


def _doubt(elements: tuple[Element, ...]) -> Ambiguity | None:
    """Why the elements cannot all be right."""
    identifiers = {each.ai for each in elements}
    if len({each.value for each in elements if each.ai == "01"}) > 1:
        return Ambiguity.SEVERAL_GTINS
    if not all(has_right_check_digit(each) for each in elements):
        return Ambiguity.CHECK_DIGIT
    says_two_things = len(set(elements)) > len(identifiers)
    return Ambiguity.CONTRADICTION if says_two_things or ("01" in identifiers and identifiers & _CONTENTS) else None


def _only_weight(elements: Iterable[Element]) -> Decimal | None:
    """The net weight; in kilograms where it is given in pounds too."""
    weights = {each.ai[:3]: grams for each in reversed(list(elements)) if (grams := grams_of(each)) is not None}
    return weights.get("310", weights.get("320"))


def _as_number(symbol: Parsed, own_prefixes: frozenset[str], rules: SymbolRules) -> Parsed | None:
    """An EAN, UPC or ITF-14, or what has the digits of one and comes without saying what it is; None for other symbols."""
    is_ean = symbol.aim in _EAN_UPC or symbol.aim == _EAN_WITH_ADD_ON
    digits = _gtin_part(symbol.text, symbol.aim)
    if is_ean and _UPC_E_WITHOUT_CHECK.fullmatch(digits):
        return replace(symbol, ambiguity=Ambiguity.UPC_E_WITHOUT_CHECK)
    if len(digits) in (12, 13) and has_check_digit(digits):
        variable = _by_rules(symbol, digits.zfill(13), rules)
        if variable is not None:
            return variable
    upc_a = expand_upc_e(digits) if symbol.aim != _EAN_8 else None
    if upc_a is not None and has_check_digit(digits):
        return replace(symbol, ambiguity=Ambiguity.UPC_E_OR_EAN_8)
    gtin = to_gtin14(upc_a or digits, own_prefixes)
    if gtin is None:
        return symbol if is_ean else None
    return replace(symbol, gtin14=gtin, isbn=isbn_of_gtin(gtin), issn=issn_of_gtin(gtin))


def _by_rules(symbol: Parsed, ean13: str, rules: SymbolRules) -> Parsed | None:
    """The symbol by the rules of its kind; None if there are none."""
    of_its_kind = [rule for rule in rules.variable if fits(rule, ean13)]
    if not of_its_kind:
        return None
    found = {measure for rule in of_its_kind if (measure := read_variable(rule, ean13)) is not None}
    if len(found) != 1:
        return replace(symbol, ambiguity=Ambiguity.SEVERAL_RULES if found else Ambiguity.VERIFIER)
    measure = found.pop()
    return replace(symbol, variable=measure, grams=measure.grams, count=measure.count)


def _gtin_part(text: str, aim: str | None) -> str:
    """The digits that are a GTIN if anything is: all of an EAN, UPC or ITF-14, or of a symbol of unknown kind."""
    if aim is None or aim in _EAN_UPC or (aim.startswith("]I") and len(text) == 14):
        return text
    return text[:13] if aim == _EAN_WITH_ADD_ON and len(text) in (15, 18) else ""


def _as_link(symbol: Parsed, own_prefixes: frozenset[str], rules: SymbolRules) -> Parsed | None:
    """A GS1 Digital Link; None for other symbols."""
    try:
        elements = parse_link(symbol.text)
    except NotRead:
        return replace(symbol, ambiguity=Ambiguity.LINK, is_link=True)
    return None if elements is None else replace(_with(symbol, elements, own_prefixes, rules.year), is_link=True)


def _as_text(symbol: Parsed) -> Parsed:
    """A symbol with a text of its own: Code 39, Code 128, QR code and others."""
    if symbol.text[:1] == FNC1 or _LOOKS_LIKE_GS1.match(symbol.text.lstrip(FNC1)):
        return replace(symbol, ambiguity=Ambiguity.GS1_WITHOUT_CARRIER)
    isbn = isbn_of_text(symbol.text)
    if isbn is not None:
        return replace(symbol, isbn=isbn, gtin14="0" + isbn)
    return replace(symbol, ambiguity=Ambiguity.ISBN_10_OR_OWN) if looks_like_isbn_10(symbol.text) else symbol
