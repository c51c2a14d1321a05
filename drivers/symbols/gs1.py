"""GS1 element strings: what a GS1 carrier holds, read and written.  Pure, and lean: some 60 formats, compiled as they are met.

Source: GS1 General Specifications, sections 3.2 (identifiers and formats), 7.8.5 (predefined lengths, FNC1), 7.9.1 (check digit),
7.12 (centuries).  Oracle in the tests: biip.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from drivers.symbols.gtin import check_digit
from drivers.symbols.identifiers import FORMATS

FNC1 = "\x1d"
_DATES = frozenset({"11", "12", "13", "15", "16", "17"})
_GRAMS = {"310": Decimal(1000), "320": Decimal("453.59237")}  # net weight in kilograms, in pounds (NIST Handbook 44, appendix C)
# Where the check digit of each key stands: behind so many digits.
_CHECKED = {"00": 17, "01": 13, "02": 13, "03": 13, "253": 12, "255": 12, "402": 16, "8003": 13, "8006": 13, "8017": 17, "8018": 17}
_CHECKED |= {f"41{last}": 12 for last in range(8)} | {"8026": 13}


@dataclass(frozen=True, slots=True)
class Element:
    """One element: application identifier (``17``) and its value as printed (``270101``)."""

    ai: str
    value: str


def parse_elements(text: str) -> tuple[Element, ...] | None:
    """The elements of a GS1 message; None if it is not one.  ``{GS}`` and a leading FNC1 are what they stand for.

    A value without a predefined length ends at FNC1 or at the end; one that is longer than its format, as where FNC1 was lost, is
    refused, and so is a date that no calendar has.  Check digits are `has_right_check_digit`'s.
    """
    message = text.replace("{GS}", FNC1).lstrip(FNC1)
    elements: list[Element] = []
    at = 0
    while at < len(message):
        ai, length = _identifier_at(message, at)
        start = at + len(ai)
        separator = message.find(FNC1, start)
        end = start + length if length else separator if separator >= 0 else len(message)
        element = Element(ai, message[start:end])
        if not is_element(element):
            return None
        elements.append(element)
        at = end + (message[end : end + 1] == FNC1)
    return tuple(elements) or None


def element_string(elements: Iterable[Element]) -> str:
    """What a symbol holds for `elements` (each `is_element`): FNC1 first, and after each of no predefined length but the last."""
    written, ends = "", False
    for each in elements:
        written += ("" if ends else FNC1) + each.ai + each.value
        ends = _table()[each.ai][1] > 0
    return written


def in_brackets(elements: Iterable[Element]) -> str:
    """As people read them: ``(01)09506000134352(10)ABC`` (section 4.14)."""
    return "".join(f"({each.ai}){each.value}" for each in elements)


def is_identifier(ai: str) -> bool:
    """Whether there is such an application identifier."""
    return ai in _table()


def is_element(element: Element) -> bool:
    """Whether the identifier exists and its value has the form that it prescribes."""
    known = _table().get(element.ai)
    if known is None or not element.value or _compiled(known[0]).fullmatch(element.value) is None:
        return False
    return element.ai not in _DATES or date_of(element.value, 2000) is not None


def has_right_check_digit(element: Element) -> bool:
    """Whether a key's check digit is right; True for values that have none."""
    place = _CHECKED.get(element.ai)
    return place is None or check_digit(element.value[:place]) == element.value[place : place + 1]


def date_of(value: str, year: int) -> date | None:
    """The day of a date element (YYMMDD), None if there is none such; day 00 is the last of the month.

    `year` is the current one: the date is at most 49 years before it and 50 after it (section 7.12).
    """
    two, month, day = int(value[:2]), int(value[2:4]), int(value[4:6])
    full = year - year % 100 + two
    full += -100 if two - year % 100 >= 51 else 100 if two - year % 100 <= -50 else 0
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(full, month)[1]
    return date(full, month, day or last) if day <= last else None


def grams_of(element: Element) -> Decimal | None:
    """The net weight in grams, None if the element is none."""
    unit = _GRAMS.get(element.ai[:3])
    return None if unit is None or len(element.ai) != 4 else Decimal(element.value).scaleb(-int(element.ai[3])) * unit


def _identifier_at(message: str, at: int) -> tuple[str, int]:
    """The identifier that begins there and the predefined length of its value; no identifier is the beginning of another."""
    table = _table()
    for size in (2, 3, 4):
        known = table.get(message[at : at + size])
        if known is not None:
            return message[at : at + size], known[1]
    return message[at : at + 2], 0


@cache
def _table() -> dict[str, tuple[str, int]]:
    return {ai: (pattern, length) for pattern, length, ais in FORMATS for each in ais.split() for ai in _run(each)}


def _run(each: str) -> list[str]:
    first, dots, last = each.partition("..")
    return [str(number).zfill(len(first)) for number in range(int(first), int(first[:-1] + last) + 1)] if dots else [first]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)
