"""Text before it is laid out: what may be printed, how wide it is in columns, where it may be broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_NOT_FIRST = frozenset("、。，．：；！？）】》」』〉〕％”’,.:;!?)]}%")
"""Characters that never begin a line (a part of JIS X 4051 and GB/T 15834: closing marks)."""


def printable(text: str) -> str:
    """`text` without a character that could command a printer or turn the writing around; line breaks stay as U+000A.

    Control, format, surrogate and unassigned characters (Unicode categories Cc, Cf, Cs, Cn) are dropped; every kind of space
    becomes U+0020, but the ideographic one, which has a width of its own.
    """
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")):
        category = unicodedata.category(char)
        if char == "\n" or category in ("Zl", "Zp"):
            kept.append("\n")
        elif char == "\t" or (category == "Zs" and char != "\u3000"):
            kept.append(" ")
        elif category not in ("Cc", "Cf", "Cs", "Cn"):
            kept.append(char)
    return "".join(kept)


def columns(text: str) -> int:
    """Width in columns: wide characters (East Asian Width W and F, UAX 11) take two, combining marks none."""
    return sum(_columns_of(char) for char in text)


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if is_wide(char) else 1


def is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")


def wrap(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Break `text` into lines that fit: at line breaks, at spaces, around wide characters.

    A word is broken inside only if it alone is too long; a single character that does not fit still makes a line of its own.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if fits((line + piece).rstrip()):
                line += piece
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = _break_word(piece.lstrip(), fits, lines)
        lines.append(line.rstrip())
    return lines


def _pieces(paragraph: str) -> list[str]:
    """Words, each with the spaces before it; a wide character is a word by itself, with the closing marks after it."""
    pieces: list[str] = []
    for char in paragraph:
        last = pieces[-1] if pieces else ""
        starts_new = (
            not last
            or (char == " " and not last.endswith(" "))
            or (is_wide(char) and char not in _NOT_FIRST and last.strip() != "")
            or (not is_wide(char) and char not in _NOT_FIRST and char != " " and is_wide(last[-1]))
        )
        if starts_new:
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def _break_word(word: str, fits: Callable[[str], bool], lines: list[str]) -> str:
    """The rest of a word that is longer than a line, after its full lines went to `lines`."""
    while not fits(word) and len(word) > 1:
        head = len(word) - 1
        while head > 1 and not fits(word[:head]):
            head -= 1
        lines.append(word[:head])
        word = word[head:]
    return word
