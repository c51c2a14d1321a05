"""GS1 element strings as templates and people write them: ``(01)09506000134352(10)ABC``, checked.  Pure.

Source: GS1 General Specifications, sections 3.2 (identifiers and formats) and 7.9 (check digits); the table is `drivers.symbols`'.
"""

from __future__ import annotations

import re
from functools import lru_cache

from drivers.documents.errors import BadBarcode
from drivers.symbols.gs1 import Element, element_string, has_right_check_digit, in_brackets, is_element, is_identifier

_MOST = 90
"""Characters of data in one GS1 symbol made here; GS1-128 holds 48 (5.4.1)."""
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()]*)", re.ASCII)


@lru_cache(maxsize=256)
def elements(data: str) -> tuple[Element, ...]:
    """The elements of a bracketed element string, checked: characters, lengths, dates, check digits.

    A value has no brackets itself, though set 82 would allow them: which is which could not be told.  Raises BadBarcode.
    """
    found = tuple(Element(match[1], match[2]) for match in _ELEMENT.finditer(data))
    if not found or in_brackets(found) != data:
        raise BadBarcode(f"gs1: {data[:60]!r}, expected elements such as (01)09506000134352(10)ABC")
    for each in found:
        _check(each)
    if len(element_string(found)) - 1 > _MOST:
        raise BadBarcode(f"gs1: {data[:60]!r} is longer than {_MOST} characters")
    return found


def _check(element: Element) -> None:
    if not is_identifier(element.ai):
        raise BadBarcode(f"gs1: there is no application identifier ({element.ai})")
    if not is_element(element):
        raise BadBarcode(f"gs1: ({element.ai}) does not take {element.value[:60]!r}: its length, characters or date are wrong")
    if not has_right_check_digit(element):
        raise BadBarcode(f"gs1: ({element.ai}) {element.value} has a wrong check digit")
