"""ISBN and ISSN: books and periodicals.

Source: ISO 2108 (ISBN: 10 digits modulo 11, X for ten; 13 digits under GS1 prefixes 978 and 979); ISO 3297 (ISSN: prefix 977).
"""

from __future__ import annotations

import re

from drivers.symbols.gtin import check_digit

_LABELLED = re.compile(r"ISBN(?:-1[03])?:?\s*([0-9][0-9 -]{8,16}[0-9Xx])", re.ASCII | re.IGNORECASE)
_HYPHENATED = re.compile(r"(?:97[89]-)?[0-9]{1,5}-[0-9]{1,7}-[0-9]{1,7}-[0-9Xx]", re.ASCII)
_BARE = re.compile(r"[0-9]{9}[0-9X]", re.ASCII)
_TEN = 10


def isbn_of_gtin(gtin14: str) -> str | None:
    """The ISBN that a GTIN is, 13 digits.  979-0 is sheet music (ISMN)."""
    is_book = gtin14.startswith("0978") or (gtin14.startswith("0979") and gtin14[4] != "0")
    return gtin14[1:] if is_book else None


def issn_of_gtin(gtin14: str) -> str | None:
    """The ISSN in a GTIN under 977, with its own check digit, as printed: ``1234-5679``."""
    if not gtin14.startswith("0977"):
        return None
    digits = gtin14[4:11]
    return f"{digits[:4]}-{digits[4:]}{_modulo_11(digits)}"


def isbn_of_text(text: str) -> str | None:
    """The ISBN, as 13 digits, of a text that says that it is one: by the word or by its hyphens, with the right check digit."""
    labelled = _LABELLED.fullmatch(text.strip())
    written = labelled[1] if labelled else text if _HYPHENATED.fullmatch(text) else ""
    digits = re.sub(r"[ -]", "", written).upper()
    if len(digits) == _TEN and looks_like_isbn_10(digits):
        stem = "978" + digits[:9]
        return stem + check_digit(stem)
    is_13 = len(digits) == 13 and digits.isdigit() and digits[:3] in ("978", "979") and check_digit(digits[:12]) == digits[12]
    return digits if is_13 else None


def looks_like_isbn_10(text: str) -> bool:
    """Whether ten characters have an ISBN's check digit; one in eleven of other numbers has it too."""
    return _BARE.fullmatch(text) is not None and _modulo_11(text[:9]) == text[9]


def _modulo_11(digits: str) -> str:
    """Weights down to 2 for the last digit; X is ten."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True))
    check = -total % 11
    return "X" if check == _TEN else str(check)
