"""Text before it is laid out: what may be printed, how wide it is in columns, where it may be broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from drivers.documents.scripts import clusters, is_complex, is_mark

_NOT_FIRST = frozenset("、。，．：；！？）】》」』〉〕％”’,.:;!?)]}%")
"""Characters that never begin a line (a part of JIS X 4051 and GB/T 15834: closing marks)."""
_JOINERS = frozenset("\u200c\u200d")
"""Between letters of Arabic and Indic scripts they decide the letters' shape; anywhere else they are nothing."""


def printable(text: str) -> str:
    """`text` without a character that could command a printer or turn the writing around; line breaks stay as U+000A.

    Control, format, surrogate and unassigned characters (Unicode categories Cc, Cf, Cs, Cn) are dropped, but for joiners between
    letters of scripts that need them; variation selectors too.  Every kind of space becomes U+0020, but the ideographic one, which
    has a width of its own.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")):
        category = unicodedata.category(char)
        if char == "\n" or category in ("Zl", "Zp"):
            kept.append("\n")
        elif char == "\t" or (category == "Zs" and char != "\u3000"):
            kept.append(" ")
        elif char in _JOINERS:
            if kept and is_complex(kept[-1]) and kept[-1] not in _JOINERS:
                kept.append(char)
        elif category not in ("Cc", "Cf", "Cs", "Cn") and not "\ufe00" <= char <= "\ufe0f":
            kept.append(char)
    return "".join(kept)


def columns(text: str) -> int:
    """Width in columns: wide characters (East Asian Width W and F, UAX 11) take two, marks that stand over or under others none."""
    return len(text) if text.isascii() else sum(_columns_of(char) for char in text)


@lru_cache(maxsize=4096)
def _columns_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if is_wide(char) else 1


@lru_cache(maxsize=4096)
def is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")


def wrap(text: str, width_of: Callable[[str], float], room: float) -> list[str]:
    """Break `text` into lines no wider than `room`: at line breaks, at spaces, around wide characters.

    `width_of` is asked for pieces, whose widths are added up.  A word is broken inside only if it alone is too long; Thai, which
    has no spaces, between its syllables of a kind.  A single character that does not fit still makes a line of its own.
    """
    if text.isascii() and "\n" not in text and width_of(text) <= room:  # the widths of ASCII add up, wherever it is cut
        return [text.rstrip()]
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for piece in _pieces(paragraph):
            width = width_of(piece)
            if used + width <= room or used + width_of(piece.rstrip()) <= room:
                line, used = line + piece, used + width
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = _break_word(piece.lstrip(), width_of, room, lines)
            used = width_of(line)
        lines.append(line.rstrip())
    return lines


@lru_cache(maxsize=256)
def _pieces(paragraph: str) -> tuple[str, ...]:
    """Words, each with the spaces before it; a wide character is a word by itself, with the closing marks after it."""
    pieces: list[str] = []
    for char in paragraph:
        last = pieces[-1] if pieces else ""
        starts_new = (
            not last
            or (char == " " and not last.endswith(" "))
            or (is_wide(char) and char not in _NOT_FIRST and last.strip() != "" and not is_mark(char))
            or (not is_wide(char) and char not in _NOT_FIRST and char != " " and is_wide(last[-1]) and not is_mark(char))
        )
        if starts_new:
            pieces.append(char)
        else:
            pieces[-1] += char
    return tuple(pieces)


def _break_word(word: str, width_of: Callable[[str], float], room: float, lines: list[str]) -> str:
    """The rest of a word that is longer than a line, after its full lines went to `lines`."""
    line = ""
    for cluster in clusters(word):
        if line and width_of(line + cluster) > room:
            lines.append(line)
            line = ""
        line += cluster
    return line
