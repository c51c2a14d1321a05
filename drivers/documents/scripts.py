"""Scripts that are more than one character after the other: joined, reordered, stacked, or written from the right.  Pure.

Source: Unicode Standard Annexes 9 (direction), 29 (grapheme clusters, in the part that shop texts need), 14 (Thai and Lao vowels).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Direction = Literal["ltr", "rtl"]
_COMPLEX = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u109f\u135d-\u135f\u1700-\u18af\u1900-\u1cff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\u2de0-\u2dff"
    "\u302a-\u302f\u3099\u309a\ua66f-\ua67d\ua6f0\ua6f1\ua800-\ua82f\ua840-\ua8ff\ua926-\uabff\ufb1d-\ufdff\ufe20-\ufe2f\ufe70-\ufefc"
    "\U00010800-\U00011fff\U0001e800-\U0001efff]"
)
"""A character whose place or shape depends on its neighbours: combining marks, right-to-left and South Asian scripts."""

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_VIRAMA = 9
_JOINER, _NON_JOINER = "\u200d", "\u200c"
_BEFORE_BASE = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
"""Thai and Lao vowels that are written before their consonant, and typed so too."""
_AFTER_BASE = frozenset("\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f\u0eb0\u0eb2\u0eb3\u0ec6\u0eaf")
"""Thai and Lao vowels and signs that never begin a line."""


def is_complex(text: str) -> bool:
    """It has to be shaped: its characters cannot be drawn one by one."""
    return not text.isascii() and _COMPLEX.search(text) is not None


def has_right_to_left(text: str) -> bool:
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def direction_of(text: str) -> Direction:
    """The paragraph's direction by its first strong character (UAX 9, rules P2 and P3)."""
    if not has_right_to_left(text):
        return "ltr"
    kinds = (unicodedata.bidirectional(char) for char in text)
    return "ltr" if next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") == "L" else "rtl"


@lru_cache(maxsize=4096)
def is_mark(char: str) -> bool:
    """It belongs to the character before it."""
    return unicodedata.category(char) in ("Mn", "Mc", "Me") or char in (_JOINER, _NON_JOINER) or char in _AFTER_BASE


def clusters(text: str) -> list[str]:
    """Pieces that stay together: a character with its marks, an Indic conjunct, a Thai vowel with its consonant."""
    if not is_complex(text):
        return list(text)
    found: list[str] = []
    for char in text:
        last = found[-1][-1] if found else ""
        is_bound = last == _JOINER or last in _BEFORE_BASE or (last != "" and unicodedata.combining(last) == _VIRAMA)
        if found and (is_mark(char) or (is_bound and char.isalpha())):
            found[-1] += char
        else:
            found.append(char)
    return found
