"""Global Trade Item Numbers.

Source: GS1 General Specifications, sections 3.3.2 (14 digits), 7.9 (check digit), 1.4.2 (prefixes).
"""

from __future__ import annotations

_LENGTHS = frozenset({8, 12, 13, 14})
_DIGITS = frozenset("0123456789")


def check_digit(payload: str) -> str:
    """The digit after `payload`: weights 3, 1, 3, … from the right, to the next ten."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(payload)))
    return str(-total % 10)


def to_gtin14(text: str, own_prefixes: frozenset[str] = frozenset()) -> str | None:
    """`text` as 14 digits if it is a GTIN-8, -12, -13 or -14 with a right check digit.

    None for restricted circulation numbers: their digits may hold a price or a weight, or be another company's own numbering.
    `own_prefixes` are those GS1 prefixes, such as ``"20"``, that this company uses as plain item numbers.
    """
    if len(text) not in _LENGTHS or not _DIGITS.issuperset(text) or check_digit(text[:-1]) != text[-1]:
        return None
    gtin = text.zfill(14)
    if not gtin.strip("0"):  # its check digit is right, but nobody was given it
        return None
    is_own = any(gtin[1:].startswith(prefix) for prefix in own_prefixes)
    return gtin if is_own or not _is_restricted(text, gtin) else None


def _is_restricted(text: str, gtin: str) -> bool:
    if len(text) == 8:  # GTIN-8: GS1-8 prefixes 000-099 and 200-299
        return text[0] in "02"
    return gtin[1:3] in ("02", "04") or gtin[1] == "2"
