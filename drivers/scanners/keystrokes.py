"""A keyboard's events to texts, for one keyboard that types scans.  Pure.

Source: Linux ``input-event-codes.h`` and ``Documentation/input/event-codes.rst`` (SYN_DROPPED).

A wrong code is worse than none: whatever cannot be decoded for sure refuses the whole scan.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.devices import KeyEvent
from drivers.errors import ProtocolViolation
from drivers.scanners.calibration import SIGNATURE, refusal
from drivers.scanners.layouts import KEYPAD_DIGITS, Layout
from drivers.scanners.strokes import (
    ALT,
    BITS,
    Accent,
    CapsLock,
    char_of_number,
    holds_signature,
    stroke_of,
    translate,
    typed_stroke,
)

EV_SYN, EV_KEY, EV_MSC, EV_LED = 0x00, 0x01, 0x04, 0x11
SYN_DROPPED = 3
LED_CAPS_LOCK = 1
UP, DOWN = 0, 1
CAPS_LOCK, NUM_LOCK = 58, 69
LONGEST = 4096
_LONGEST_SUFFIX = 64


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
        self._follows_text = False  # a text ended the scan before, and no pause came: it may have been the beginning of this one
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
        self._held = sum(BITS.get(code, 0) for code in set(held))
        self._caps_lock = caps_lock
        self._number = None
        self.needs_sync = False

    def feed(self, event: KeyEvent) -> str | None:
        """The text that this event ended, if it did.  Raises ProtocolViolation: the scan that ended here cannot be trusted."""
        if event.type == EV_KEY:
            bit = BITS.get(event.code)
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

    def rest(self) -> None:
        """The device paused between two scans."""
        self._follows_text = False

    def end_scan(self) -> str | None:
        """The device paused.  Raises ProtocolViolation when a scan should have ended with its suffix, and did not."""
        if self._suffixes:
            self._spoil("it did not end with the configured suffix")
        return self._finish(self._text)

    def take_calibration(self) -> list[int]:
        """The strokes of the calibration scan, once the device paused.  Raises ProtocolViolation if some were lost."""
        strokes, is_whole = self._strokes, not self._has_lost and not self._follows_text
        self._forget()
        if not is_whole:
            raise refusal("its beginning or some of its keys may be lost; scan it alone, without the option suffix_text")
        return strokes

    def _modify(self, bit: int, value: int) -> str | None:
        if value != UP:
            if bit == ALT and value == DOWN:
                self._number = ""
            self._held |= bit
            return None
        self._held &= ~bit
        if bit != ALT:
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
        if self._number is not None and self._held == ALT and code in KEYPAD_DIGITS:
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
        if len(self._strokes) >= len(SIGNATURE) and holds_signature(self._strokes):
            self.is_calibrating = True  # what follows up to the next pause belongs to it
            return None
        why = self._spoilt
        self._forget()
        self._follows_text = self._shortest > 0
        if why:
            raise ProtocolViolation(f"a scan was refused, {why}: scan again")
        return text or None

    def _forget(self) -> None:
        self._text = self._spoilt = self._accent = ""
        self._strokes = []
        self._has_lost = self.is_calibrating = False
