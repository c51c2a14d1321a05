"""GS1 Digital Link URIs, uncompressed: a web address that is also a key with its qualifiers.

    https://example.com/some/01/09506000134352/10/ABC?17=270101

Source: GS1 Digital Link Standard: URI Syntax 1.4, sections 4.6 (primary keys, qualifiers and their order), 4.9 (data attributes).
Compressed URIs (GS1 Digital Link: URI compression) are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from drivers.symbols.gs1 import Element, has_right_check_digit, is_element

# Primary key -> the rows of qualifiers that its path may have, each in this order (sections 4.4 and 4.6).
_ROWS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "01": (("22", "10", "21"), ("235",)),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8004": (("7040",),),
} | dict.fromkeys(("00", "253", "255", "401", "402", "8003", "8013"), ((),))
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_URI = re.compile(r"(?:https?|HTTPS?)://[^\s/?#]+/\S+", re.ASCII)
_COMPRESSED = re.compile(r"[A-Za-z0-9_-]{10,}", re.ASCII)
_OWN_RESOLVER = "id.gs1.org"


class NotRead(Exception):
    """It is a Digital Link, but not one that can be read: compressed, or with a wrong value."""


def parse_link(text: str) -> tuple[Element, ...] | None:
    """The elements of a Digital Link, the key first with 14 digits if it is a GTIN; None for other texts and addresses.

    Raises NotRead.
    """
    if not _URI.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None  # no address at all
    segments = parts.path[1:].split("/")
    start = next((at for at in range(len(segments) - 2, -1, -1) if _is_key(segments[at], segments[at + 1])), None)
    if start is None:
        if host == _OWN_RESOLVER and _COMPRESSED.fullmatch(segments[-1]):
            raise NotRead("it is compressed")
        return None
    key = _element(segments[start], segments[start + 1])
    qualifiers = _pairs(segments[start + 2 :])
    rows = [row for row in _ROWS[key.ai] if _is_in_order([each.ai for each in qualifiers], row)]
    attributes = [_element(name, value) for name, value in _query(parts.query) if name.isascii() and name.isdigit()]
    if not rows or any(each.ai in row for each in attributes for row in rows):
        raise NotRead("its qualifiers do not belong to its key, stand in another order, or in the query")
    elements = (key, *qualifiers, *attributes)
    if len({each.ai for each in elements}) != len(elements):
        raise NotRead("it says one thing twice")
    return elements


def _is_key(ai: str, value: str) -> bool:
    plain = unquote(value)
    if ai == "01":
        return len(plain) in _GTIN_LENGTHS and plain.isascii() and plain.isdigit()
    return ai in _ROWS and is_element(Element(ai, plain))


def _pairs(segments: list[str]) -> list[Element]:
    if len(segments) % 2:
        raise NotRead("its path ends inside a qualifier, or is compressed")
    return [_element(ai, value) for ai, value in zip(segments[::2], segments[1::2], strict=True)]


def _is_in_order(ais: list[str], row: tuple[str, ...]) -> bool:
    return [each for each in row if each in ais] == ais


def _query(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.replace(";", "&"), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise NotRead("its query is malformed") from error


def _element(ai: str, value: str) -> Element:
    plain = unquote(value)
    element = Element(ai, plain.zfill(14) if ai == "01" and len(plain) in _GTIN_LENGTHS else plain)
    if not is_element(element) or not has_right_check_digit(element):
        raise NotRead(f"its value for {ai} is not right")
    return element
