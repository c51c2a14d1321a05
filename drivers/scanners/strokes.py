"""What a key types, under what was held and lit: strokes, and texts out of them.  Pure.

Source: Linux ``input-event-codes.h`` (key codes); layouts in `layouts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drivers.scanners.calibration import SIGNATURE
from drivers.scanners.layouts import ALTGR, LAYOUTS, Layout

ENTER, TAB, KEYPAD_ENTER, F8 = 28, 15, 96, 66
LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, RIGHT_CTRL, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META = 42, 54, 29, 97, 56, 100, 125, 126
GS = "\x1d"
BITS = {
    code: 1 << bit
    for bit, code in enumerate((LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, RIGHT_CTRL, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META))
}
_ANY_SHIFT = BITS[LEFT_SHIFT] | BITS[RIGHT_SHIFT]
_ANY_CTRL = BITS[LEFT_CTRL] | BITS[RIGHT_CTRL]
ALT, _ALTGR = BITS[LEFT_ALT], BITS[RIGHT_ALT]
_META = BITS[LEFT_META] | BITS[RIGHT_META]
_ENDS = {ENTER: "\r", KEYPAD_ENTER: "\r", TAB: "\t", F8: GS}  # F8: where a scanner is configured to type FNC1 so
_LONGEST_NUMBER = 4
_KEY_OF = {char.upper(): code for code, char in LAYOUTS["us"].levels[0].items() if char.isalpha()}
_SIGNATURE_KEYS = [_KEY_OF[char] for char in SIGNATURE]


class CapsLock(StrEnum):
    """What the CapsLock lamp means for a scanner.

    `FOLLOW`: it types so that a PC with that lamp shows the right text, so the lamp counts as it does there.  `IGNORE`: it types
    the same whether the lamp is on or not.  `INVERTED`: it swaps upper and lower case always ("simulated CapsLock").
    """

    FOLLOW = "follow"
    IGNORE = "ignore"
    INVERTED = "inverted"


@dataclass(frozen=True, slots=True)
class Accent:
    """What a dead key gives: the beginning of a character."""

    char: str


def stroke_of(code: int, held: int, *, caps_lock: bool) -> int:
    """A key that was pressed, with the modifiers that were held and the lamp, as one number."""
    return code | held << 16 | caps_lock << 24


def typed_stroke(char: str) -> int:
    """A character that was typed by its number, whatever the layout."""
    return -ord(char)


def is_layout_free(stroke: int) -> bool:
    """Whether a stroke types the same on every layout."""
    return stroke < 0 or stroke & 0xFFFF in _ENDS


def is_lit(stroke: int) -> bool:
    """Whether the CapsLock lamp was on."""
    return stroke > 0 and bool(stroke >> 24)


def translate(stroke: int, layout: Layout, caps: CapsLock) -> str | Accent:
    """What a stroke types on a layout, "" if it types nothing."""
    if stroke < 0:
        return chr(-stroke)
    code, held = stroke & 0xFFFF, stroke >> 16 & 0xFF
    if code in _ENDS:
        return "" if held else _ENDS[code]
    is_shifted, is_ctrl, is_alt = bool(held & _ANY_SHIFT), bool(held & _ANY_CTRL), bool(held & ALT)
    if held & _META or (is_alt and not is_ctrl):
        return ""
    if held & _ALTGR or is_alt:  # Windows takes Ctrl with Alt for AltGr, and some scanners type it so
        level = ALTGR + is_shifted
    elif is_ctrl:
        return layout.ctrl[is_shifted].get(code, "")
    else:
        level = int(is_shifted != _turns_shift(code, layout, caps, lamp=is_lit(stroke)))
    char = layout.levels[level].get(code, "")
    return Accent(char) if (level, code) in layout.dead else char


def _turns_shift(code: int, layout: Layout, caps: CapsLock, *, lamp: bool) -> bool:
    if caps is CapsLock.INVERTED:
        return code in layout.letters
    return caps is CapsLock.FOLLOW and lamp and code in layout.caps


def char_of_number(digits: str) -> str:
    """The character that Alt and these keypad digits type, "" if that is not sure.

    Below 128 it is ASCII.  From there on a leading zero means Windows-1252; without one it depends on the PC's country, so it is
    taken only where code pages 437 and 850 agree.  Source: Microsoft, "Insert ASCII or Unicode Latin-based symbols and characters".
    """
    number = int(digits or "0")
    if not 0 < number < 256 or len(digits) > _LONGEST_NUMBER:
        return ""
    pages = ("ascii",) if number < 128 else ("cp1252",) if digits[0] == "0" else ("cp437", "cp850")
    chars = {bytes([number]).decode(page, "replace") for page in pages}
    return chars.pop() if len(chars) == 1 and "\ufffd" not in chars else ""


def compose(strokes: Iterable[int], layout: Layout, caps: CapsLock) -> str | None:
    """The text of whole strokes; None if one types nothing, or an accent stands alone."""
    text, accent = "", ""
    for stroke in strokes:
        typed = translate(stroke, layout, caps)
        if isinstance(typed, Accent):
            if accent:
                return None
            accent = typed.char
            continue
        if accent:
            typed, accent = layout.compose.get((accent, typed), ""), ""
        if not typed:
            return None
        text += typed
    return None if accent else text


def holds_signature(strokes: Sequence[int]) -> bool:
    """Whether the calibration's signature was typed, by keys (the same on all layouts) or by numbers."""
    keys = [stroke & 0xFFFF if stroke > 0 else _KEY_OF.get(chr(-stroke).upper(), 0) for stroke in strokes]
    return _contains(keys, _SIGNATURE_KEYS)


def _contains(keys: Sequence[int], wanted: Sequence[int]) -> bool:
    last = wanted[-1]
    return any(keys[at - len(wanted) + 1 : at + 1] == wanted for at, key in enumerate(keys) if key == last)
