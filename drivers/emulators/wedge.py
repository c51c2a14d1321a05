r"""A scanner that types, as the key events of its keyboard.  Pure: text and configuration in, `KeyEvent`s out.

    typed_keys("]C110ABC\x1d17", Typing(layout="fr", suffix="\r"))

Source: as `drivers.scanners.strokes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from drivers.devices import KeyEvent
from drivers.scanners.keystrokes import CAPS_LOCK
from drivers.scanners.layouts import ALTGR, KEYPAD_DIGITS, LAYOUTS, SHIFT, Layout
from drivers.scanners.strokes import ENTER, F8, GS, LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, RIGHT_ALT, TAB, CapsLock

_REPORT = KeyEvent(0, 0, 0)
_KEY_OF_DIGIT = {digit: code for code, digit in KEYPAD_DIGITS.items()}
_NUMBERED_FROM = 128


class NotTypeable(ValueError):
    """The layout has no key for this character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """How an emulated scanner is configured.

    `gs`: what it types for U+001D: a key combination, or any text as it is.  `lamp`: whether CapsLock is lit, which a scanner
    that follows it types against.  `by_numbers`: every character as Alt and its number.  `ctrl_alt`: Ctrl with Alt for AltGr.
    """

    layout: str = "us"
    prefix: str = ""
    suffix: str = "\r"
    gs: Literal["ctrl", "f8"] | str = "ctrl"  # noqa: PYI051  # the two that are no texts
    caps_lock: CapsLock = CapsLock.FOLLOW
    lamp: bool = False
    by_numbers: bool = False
    ctrl_alt: bool = False


def typed_keys(data: str, typing: Typing = Typing()) -> list[KeyEvent]:
    """The events of one scan of `data` (with its AIM identifier, if it sends one).  Raises NotTypeable."""
    events: list[KeyEvent] = []
    for char in f"{typing.prefix}{data}{typing.suffix}":
        events += _typed(char, typing)
    return events


def press(code: int, *modifiers: int) -> list[KeyEvent]:
    """A key pressed and let go, with modifiers held around it; a report after each change, as the kernel gives it."""
    down = [event for modifier in modifiers for event in (KeyEvent(1, modifier, 1), _REPORT)]
    up = [event for modifier in reversed(modifiers) for event in (KeyEvent(1, modifier, 0), _REPORT)]
    return [*down, KeyEvent(1, code, 1), _REPORT, KeyEvent(1, code, 0), _REPORT, *up]


def caps_lock_pressed() -> list[KeyEvent]:
    return press(CAPS_LOCK)


def typeable(layout: str) -> str:
    """All characters that a layout can type, in order, without the control characters."""
    table = LAYOUTS[layout]
    direct = {char for level in table.levels for char in level.values() if char}
    dead = {table.levels[level][code] for level, code in table.dead}
    return "".join(sorted((direct - dead) | set(table.compose.values())))


def _typed(char: str, typing: Typing) -> list[KeyEvent]:
    if char == GS and typing.gs not in ("ctrl", "f8"):
        return [event for each in typing.gs for event in _typed_plainly(each, typing)]
    if char == GS and typing.gs == "f8":
        return press(F8)
    return _typed_plainly(char, typing)


def _typed_plainly(char: str, typing: Typing) -> list[KeyEvent]:
    if char == "\r":
        return press(ENTER)
    if char == "\t":
        return press(TAB)
    if typing.by_numbers:
        return _by_number(char)
    layout = LAYOUTS[typing.layout]
    events: list[KeyEvent] = []
    for level, code in _keys_of(typing.layout).get(char) or _refuse(char, typing.layout):
        events += press(code, *_modifiers(level, code, layout, typing))
    return events


def _modifiers(level: int, code: int, layout: Layout, typing: Typing) -> Iterator[int]:
    if level < 0:
        yield LEFT_CTRL
        if level < -1:
            yield LEFT_SHIFT
        return
    follows = typing.caps_lock is CapsLock.FOLLOW and typing.lamp and code in layout.caps
    swaps = typing.caps_lock is CapsLock.INVERTED and code in layout.letters
    if level >= ALTGR:
        yield from (LEFT_CTRL, LEFT_ALT) if typing.ctrl_alt else (RIGHT_ALT,)
        if level > ALTGR:
            yield LEFT_SHIFT
    elif (level == SHIFT) != (follows or swaps):
        yield LEFT_SHIFT


def _by_number(char: str) -> list[KeyEvent]:
    number = ord(char)
    digits = str(number) if number < _NUMBERED_FROM else f"0{char.encode('cp1252')[0]}"
    keys = [event for digit in digits for event in press(_KEY_OF_DIGIT[digit])]
    return [KeyEvent(1, LEFT_ALT, 1), _REPORT, *keys, KeyEvent(1, LEFT_ALT, 0), _REPORT]


@cache
def _keys_of(name: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """The keys of each character, as (level, code); levels -1 and -2 stand for Ctrl, and Ctrl with Shift."""
    layout = LAYOUTS[name]
    keys: dict[str, tuple[tuple[int, int], ...]] = {}
    accents: dict[str, tuple[int, int]] = {}
    for level, chars in enumerate(layout.levels):
        for code, char in chars.items():
            if (level, code) in layout.dead:
                accents.setdefault(char, (level, code))
            elif char:
                keys.setdefault(char, ((level, code),))
    for (accent, base), made in layout.compose.items():
        keys.setdefault(made, (accents[accent], *keys[base]))
    for level, controls in ((-1, layout.ctrl[0]), (-2, layout.ctrl[1])):
        for code, char in controls.items():
            keys.setdefault(char, ((level, code),))
    return keys


def _refuse(char: str, layout: str) -> tuple[tuple[int, int], ...]:
    raise NotTypeable(f"the {layout} layout has no key for {char!r}")
