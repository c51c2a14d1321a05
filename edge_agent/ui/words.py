"""A state in words: what floor and office share of it.  `N_` marks a text for extraction; it is translated when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

Translate = Callable[[str], str]


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for "mark, do not translate yet"
    return text


@dataclass(frozen=True, slots=True)
class Word:
    """`tone`: ok, warn, bad, info or off; `icon`: a name of `macros.html`."""

    text: str
    tone: str
    icon: str


def ok(text: str) -> Word:
    return Word(text, "ok", "ok")


def busy(text: str) -> Word:
    return Word(text, "info", "busy")


def off(text: str) -> Word:
    return Word(text, "off", "off")


def word(table: Mapping[str, Word], translate: Translate, value: str) -> Word:
    """The word for a state; a state that is newer than this page is shown as it is, as unknown."""
    found = table.get(value)
    return Word(value, "off", "unknown") if found is None else replace(found, text=translate(found.text))
