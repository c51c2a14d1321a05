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
    if len(text) not in _LENGTHS or not has_check_digit(text):
        return None
    gtin = text.zfill(14)
    if not gtin.strip("0"):  # its check digit is right, but nobody was given it
        return None
    is_own = any(gtin[1:].startswith(prefix) for prefix in own_prefixes)
    return gtin if is_own or not _is_restricted(text, gtin) else None


def has_check_digit(text: str) -> bool:
    """Whether `text` is digits, the last of which is the right check digit of the others."""
    return len(text) > 1 and _DIGITS.issuperset(text) and check_digit(text[:-1]) == text[-1]


def expand_upc_e(text: str) -> str | None:
    """The UPC-A that a UPC-E of 8 digits (number system, 6, check digit) stands for; None if it is none or its check digit wrong.

    Source: GS1 General Specifications, section 5.2.2.4 (zero suppression).
    """
    if len(text) != 8 or not _DIGITS.issuperset(text) or text[0] not in "01":
        return None
    digits, last = text[1:6], text[6]
    match last:
        case "0" | "1" | "2":
            body = f"{digits[:2]}{last}0000{digits[2:]}"
        case "3":
            body = f"{digits[:3]}00000{digits[3:]}"
        case "4":
            body = f"{digits[:4]}00000{digits[4]}"
        case _:
            body = f"{digits}0000{last}"
    upc_a = text[0] + body
    return upc_a + text[7] if check_digit(upc_a) == text[7] else None


def is_sscc(text: str) -> bool:
    """Whether `text` is a Serial Shipping Container Code.  Source: GS1 General Specifications, sections 3.3.1 and 7.9.1."""
    return len(text) == 18 and has_check_digit(text)


def _is_restricted(text: str, gtin: str) -> bool:
    if len(text) == 8:  # GTIN-8: GS1-8 prefixes 000-099 and 200-299
        return text[0] in "02"
    return gtin[1:3] in ("02", "04") or gtin[1] == "2"
