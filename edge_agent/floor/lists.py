"""Texts in both languages, and the lists that a station's page shows."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LINES = 60
"""Of one list, on a screen."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words in both languages, ready to be shown."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """A line of a list: what it is about, how far it is.  Pressing it, or `key`, reads `symbol`; empty: it is no button."""

    name: Said
    code: str = ""
    told: Said = Said("", "")
    symbol: str = ""
    is_done: bool = False
    is_wrong: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShown:
    """A list of a station's page: at most `MOST_LINES` of its `total` lines."""

    title: Said
    lines: tuple[LineShown, ...]
    total: int
