"""Keys to text, for one keyboard that types scans.  Pure.

Source: Linux ``input-event-codes.h`` and ``Documentation/input/event-codes.rst`` (SYN_DROPPED); layouts in `layouts`.

A wrong code is worse than none: whatever cannot be decoded for sure refuses the whole scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drivers.devices import KeyEvent
from drivers.errors import ProtocolViolation
from drivers.scanners.calibration import CALIBRATION_TEXT, SIGNATURE, refusal
from drivers.scanners.layouts import ALTGR, KEYPAD_DIGITS, LAYOUTS, Layout

EV_SYN, EV_KEY, EV_LED = 0x00, 0x01, 0x11
SYN_DROPPED = 3
LED_CAPS_LOCK = 1
UP, DOWN = 0, 1
ENTER, TAB, KEYPAD_ENTER, CAPS_LOCK, NUM_LOCK, F8 = 28, 15, 96, 58, 69, 66
LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, RIGHT_CTRL, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META = 42, 54, 29, 97, 56, 100, 125, 126
GS = "\x1d"
LONGEST = 4096
_BITS = {
    code: 1 << bit
    for bit, code in enumerate((LEFT_SHIFT, RIGHT_SHIFT, LEFT_CTRL, RIGHT_CTRL, LEFT_ALT, RIGHT_ALT, LEFT_META, RIGHT_META))
}
_ANY_SHIFT = _BITS[LEFT_SHIFT] | _BITS[RIGHT_SHIFT]
_ANY_CTRL = _BITS[LEFT_CTRL] | _BITS[RIGHT_CTRL]
_ALT, _ALTGR = _BITS[LEFT_ALT], _BITS[RIGHT_ALT]
_META = _BITS[LEFT_META] | _BITS[RIGHT_META]
_ENDS = {ENTER: "\r", KEYPAD_ENTER: "\r", TAB: "\t", F8: GS}  # F8: where a scanner is configured to type FNC1 so
_LONGEST_NUMBER = 4
_LONGEST_SUFFIX = 64
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
    is_shifted, is_ctrl, is_alt = bool(held & _ANY_SHIFT), bool(held & _ANY_CTRL), bool(held & _ALT)
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


class WedgeDecoder:
    """One keyboard's events to texts.  One per device, never shared: two scanners at once must not mix.

    `suffixes`: a scan ends with any of these, which are not part of its text; without any, at a pause.  Tab is data where no suffix
    holds it; Enter never is.  `shortest`: with fewer characters a suffix is none (it may stand in the prefix too).
    """

    def __init__(self, layout: Layout, caps: CapsLock, suffixes: tuple[str, ...], shortest: int = 0) -> None:
        self._layout = layout
        self._caps = caps
        self._suffixes = suffixes
        self._shortest = shortest
        self._last_chars = frozenset(each[-1] for each in suffixes)
        self._takes_enter = any("\r" in each for each in suffixes)
        self._typed: dict[int, str | Accent] = {}  # what `translate` said of each stroke, for its speed
        self._held = 0
        self._caps_lock = False
        self._number: str | None = None  # the digits typed since Alt went down
        self._accent = ""
        self._text = ""
        self._spoilt = ""  # why the scan that is coming in cannot be trusted
        self._strokes: list[int] = []
        self._has_lost = False
        self.is_calibrating = False
        self.needs_sync = True  # SYN_DROPPED was seen (or nothing at all yet): `sync` before more events

    @property
    def is_in_scan(self) -> bool:
        return bool(self._strokes or self._spoilt)

    def distrust(self, why: str) -> None:
        """Refuse the scan that is coming in, when it ends; nothing is learned from it either."""
        self._spoil(why)
        self._has_lost = True

    def sync(self, held: Iterable[int], *, caps_lock: bool) -> None:
        """Take over what the device says of its keys and its lamp."""
        self._held = sum(_BITS.get(code, 0) for code in set(held))
        self._caps_lock = caps_lock
        self._number = None
        self.needs_sync = False

    def feed(self, event: KeyEvent) -> str | None:
        """The text that this event ended, if it did.  Raises ProtocolViolation: the scan that ended here cannot be trusted."""
        if event.type == EV_KEY:
            bit = _BITS.get(event.code)
            if bit is not None:
                return self._modify(bit, event.value)
            if event.value == DOWN:  # repeats are a key held down, not one pressed twice
                return self._press(event.code)
        elif event.type == EV_SYN:
            if event.code == SYN_DROPPED:
                self.distrust("the kernel dropped key events")
                self.needs_sync = True
        elif event.type == EV_LED and event.code == LED_CAPS_LOCK:
            self._caps_lock = bool(event.value)
        return None

    def end_scan(self) -> str | None:
        """The device paused.  Raises ProtocolViolation when a scan should have ended with its suffix, and did not."""
        if self._suffixes:
            self._spoil("it did not end with the configured suffix")
        return self._finish(self._text)

    def take_calibration(self) -> list[int]:
        """The strokes of the calibration scan, once the device paused.  Raises ProtocolViolation if some were lost."""
        strokes, has_lost = self._strokes, self._has_lost
        self._forget()
        if has_lost:
            raise refusal("some of its keys were lost, scan it again")
        return strokes

    def _modify(self, bit: int, value: int) -> str | None:
        if value != UP:
            if bit == _ALT and value == DOWN:
                self._number = ""
            self._held |= bit
            return None
        self._held &= ~bit
        if bit != _ALT:
            return None
        digits, self._number = self._number, None
        return self._take_number(digits) if digits else None

    def _take_number(self, digits: str) -> str | None:
        char = char_of_number(digits)
        if not char:
            self._spoil(f"Alt with {digits} on the keypad is no character that is sure")
            return None
        return self._take(typed_stroke(char), char)

    def _press(self, code: int) -> str | None:
        if code == CAPS_LOCK:
            self._caps_lock = not self._caps_lock
            return None
        if code == NUM_LOCK:
            return None
        if self._number is not None and self._held == _ALT and code in KEYPAD_DIGITS:
            self._number += KEYPAD_DIGITS[code]
            return None
        stroke = stroke_of(code, self._held, caps_lock=self._caps_lock)
        typed = self._typed.get(stroke)
        if typed is None:
            typed = self._typed[stroke] = translate(stroke, self._layout, self._caps)
        return self._take(stroke, typed)

    def _take(self, stroke: int, typed: str | Accent) -> str | None:
        self._strokes.append(stroke)
        if isinstance(typed, Accent) or self._accent:
            typed = self._accented(typed)
            if self._accent:
                return None
        if not typed or (typed == "\r" and not self._takes_enter):
            self._spoil(f"key {stroke & 0xFFFF} has no character in this layout")
            return None
        self._text += typed
        if typed in self._last_chars and len(self._text) >= self._shortest and not self.is_calibrating:
            for suffix in self._suffixes:
                if self._text.endswith(suffix):
                    return self._finish(self._text.removesuffix(suffix))
        if len(self._text) > LONGEST:
            self._spoil(f"it is longer than {LONGEST} characters")
            self._text = self._text[-_LONGEST_SUFFIX:]
            del self._strokes[:-_LONGEST_SUFFIX]
        return None

    def _accented(self, typed: str | Accent) -> str:
        """The character that an accent and what follows it make, "" if they make none, or the accent waits for it."""
        accent, self._accent = self._accent, ""
        if isinstance(typed, Accent):
            self._accent = "" if accent else typed.char
            return ""
        if typed in self._last_chars:
            self._spoil("an accent stands alone at its end")
            return typed
        return self._layout.compose.get((accent, typed), "")

    def _spoil(self, why: str) -> None:
        self._spoilt = self._spoilt or why

    def _finish(self, text: str) -> str | None:
        if len(self._strokes) >= len(CALIBRATION_TEXT) - 1 and holds_signature(self._strokes):
            self.is_calibrating = True  # what follows up to the next pause belongs to it
            return None
        why = self._spoilt
        self._forget()
        if why:
            raise ProtocolViolation(f"a scan was refused, {why}: scan again")
        return text or None

    def _forget(self) -> None:
        self._text = self._spoilt = self._accent = ""
        self._strokes = []
        self._has_lost = self.is_calibrating = False
