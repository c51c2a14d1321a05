"""GS1 element strings for symbols: `(01)09506000134352(10)ABC`, checked, and in the form that a symbol holds.  Pure.

Source: GS1 General Specifications release 24, section 3.2 (application identifiers and their formats), 7.9 (check digits), 7.11
(character set 82; set 39 for AI 8010), 7.8.5 figure 2 (identifiers of predefined length, after which no FNC1 is written).
"""

from __future__ import annotations

import re
from functools import lru_cache

from drivers.documents.errors import BadBarcode

FNC1 = "\x1d"
_MOST = 90
"""Characters of data in one GS1 symbol made here; GS1-128 holds 48 (5.4.1)."""

_FORMATS = (
    ("00", "n18"),
    ("01|02|03", "n14"),
    ("10|21|22", "x20"),
    ("1[1235-7]", "d"),
    ("20", "n2"),
    ("235", "x28"),
    ("24[01]|25[01]|40[013]|90", "x30"),
    ("242", "n1-6"),
    ("243|254|420|71[0-7]", "x20"),
    ("253", "n13 x0-17"),
    ("255", "n13 n0-12"),
    ("30|37", "n1-8"),
    ("3(?:1[0-6]|2[0-9]|3[0-7]|4[0-9]|5[0-7]|6[0-9]|95)[0-5]", "n6"),
    ("39[02][0-9]", "n1-15"),
    ("39[13][0-9]", "n3 n1-15"),
    ("394[0-3]|8111", "n4"),
    ("402", "n17"),
    ("41[0-7]|7001", "n13"),
    ("421", "n3 x9"),
    ("42[246]", "n3"),
    ("42[35]", "n3 n0-12"),
    ("427|7008", "x3"),
    ("430[01]|431[01]|4320", "x35"),
    ("430[2-6]|431[2-6]|7257|8110|8112|8200", "x70"),
    ("4307|4317", "a2"),
    ("4308|4319|7002|7023|8004", "x30"),
    ("4309", "n20"),
    ("4318|702[0-2]|7240|8002|8012", "x20"),
    ("432[1-3]|7252", "n1"),
    ("432[45]|7003", "n10"),
    ("4326|8005", "n6"),
    ("7006", "d"),
    ("433[0-3]", "n6 -0-1"),
    ("7004", "n1-4"),
    ("7005", "x12"),
    ("7007", "n6 N6"),
    ("7009|7255", "x10"),
    ("7010", "x2"),
    ("7011", "n6 N4"),
    ("703[0-9]", "n3 x27"),
    ("7040", "n1 x3-3"),
    ("7041", "x4"),
    ("723[0-9]", "a2 x28"),
    ("7241", "n2"),
    ("7242|801[34]|8020", "x25"),
    ("7250", "n8"),
    ("7251", "n12"),
    ("725[34]|7259", "x40"),
    ("7256|9[1-9]", "x90"),
    ("7258", "n1 x1-1 n1"),
    ("8001", "n14"),
    ("8003", "n14 x0-16"),
    ("8006|8026", "n18"),
    ("8007", "x34"),
    ("8008", "n8 n0-4"),
    ("8009", "x50"),
    ("8010", "y30"),
    ("8011", "n1-12"),
    ("8017|8018", "n18"),
    ("8019", "n1-10"),
    ("8030", "z90"),
    ("804[01]", "n15"),
    ("8042", "n32"),
    ("8043", "n18 n0-2"),
)
"""Identifier, and its value: n digits, x characters of set 82, y of set 39, z of base64, a letters, d a date; `x20` is 1 to 20."""

_SETS = {"n": "[0-9]", "a": "[A-Z]", "x": r"[!-\"%-'*-?A-Z_a-z]", "y": r"[#\-/0-9A-Z]", "z": "[A-Za-z0-9_=-]", "-": "-"}
_PREDEFINED = re.compile("(?:0[0-4]|1[1-9]|20|3[1-6]|41)")
_CHECKED_TO = {"00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, "8003": 14, "8006": 14, "8026": 14}
_CHECKED_13 = re.compile("41[0-7]")
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()]*)")


def check_digit(payload: str) -> str:
    """The digit after `payload`: weights 3, 1, 3, … from the right, to the next ten (GS1 General Specifications 7.9.1)."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(payload)))
    return str(-total % 10)


def _value_pattern(form: str) -> str:
    if form == "d":
        return "[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])"
    pieces: list[str] = []
    for piece in form.split():
        kind, (least, dash, most) = piece[0], piece[1:].partition("-")
        if kind == "N":
            pieces.append(f"(?:[0-9]{{{least}}})?")
        elif dash:
            pieces.append(f"{_SETS[kind]}{{{least},{most}}}")
        else:
            pieces.append(f"{_SETS[kind]}{{{least if kind in 'na' else 1},{least}}}")
    return "".join(pieces)


_VALUES = tuple((re.compile(ai), re.compile(_value_pattern(form)), form) for ai, form in _FORMATS)


@lru_cache(maxsize=256)
def elements(data: str) -> tuple[tuple[str, str], ...]:
    """The (identifier, value) pairs of a bracketed element string, checked: characters, lengths, dates, check digits.

    A value has no brackets itself, though set 82 would allow them: which is which could not be told.  Raises BadBarcode.
    """
    found = [(match[1], match[2]) for match in _ELEMENT.finditer(data)]
    if not found or "".join(f"({ai}){value}" for ai, value in found) != data:
        raise BadBarcode(f"gs1: {data[:60]!r}, expected elements such as (01)09506000134352(10)ABC")
    for ai, value in found:
        _check(ai, value)
    if len(element_string(found)) - 1 > _MOST:
        raise BadBarcode(f"gs1: {data[:60]!r} is longer than {_MOST} characters")
    return tuple(found)


def _check(ai: str, value: str) -> None:
    for identifier, pattern, form in _VALUES:
        if identifier.fullmatch(ai):
            if not pattern.fullmatch(value):
                raise BadBarcode(f"gs1: ({ai}) takes {form}, got {value[:60]!r}")
            break
    else:
        raise BadBarcode(f"gs1: there is no application identifier ({ai})")
    checked = 13 if _CHECKED_13.fullmatch(ai) else _CHECKED_TO.get(ai, 0)
    if checked and check_digit(value[: checked - 1]) != value[checked - 1]:
        raise BadBarcode(f"gs1: ({ai}) {value} has check digit {value[checked - 1]}, expected {check_digit(value[: checked - 1])}")


def element_string(found: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    """What the symbol holds, FNC1 as U+001D: first of all, and after each element of no predefined length but the last."""
    written = FNC1
    for index, (ai, value) in enumerate(found):
        is_last = index == len(found) - 1
        written += ai + value + ("" if is_last or _PREDEFINED.match(ai) else FNC1)
    return written
