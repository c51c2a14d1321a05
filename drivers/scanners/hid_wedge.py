"""Scanners that type: a USB keyboard whose keys are a scan.  Source: Linux ``input-event-codes.h``, and the kernel's
``Documentation/input/event-codes.rst`` (SYN_DROPPED); GS as Ctrl+]: DEVICES.md section 10.

A wrong code is worse than none: whatever cannot be decoded for sure refuses the whole scan.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from drivers.devices import KeyEvent, KeySource, Symbol
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, Over, register
from drivers.scanners.layouts import LAYOUTS, Layout
from drivers.symbols.aim import split_aim

EV_SYN, EV_KEY, EV_LED = 0x00, 0x01, 0x11
SYN_DROPPED = 3
LED_CAPS_LOCK = 1
UP, DOWN = 0, 1
ENTER, TAB, KEYPAD_ENTER, CAPS_LOCK, NUM_LOCK, F8 = 28, 15, 96, 58, 69, 66
_SHIFTS, _CTRLS = frozenset({42, 54}), frozenset({29, 97})
_OTHER_MODIFIERS = frozenset({56, 100, 125, 126})  # Alt, AltGr, Meta: no character of ours is typed with them
_MODIFIERS = _SHIFTS | _CTRLS | _OTHER_MODIFIERS
_GS = "\x1d"
LONGEST = 4096


class Suffix(StrEnum):
    """The key that ends a scan; `ANY` is Enter, keypad Enter or Tab, `NONE` a pause."""

    ANY = "any"
    ENTER = "enter"
    TAB = "tab"
    NONE = "none"


_SUFFIX_KEYS = {
    Suffix.ANY: frozenset({ENTER, KEYPAD_ENTER, TAB}),
    Suffix.ENTER: frozenset({ENTER, KEYPAD_ENTER}),
    Suffix.TAB: frozenset({TAB}),
    Suffix.NONE: frozenset[int](),
}


@dataclass(frozen=True, slots=True)
class WedgeOptions:
    """As the scanner is configured: its keyboard layout, its suffix; `idle_ms` is the longest pause inside a scan."""

    layout: Literal["us"] = "us"
    suffix: Suffix = Suffix.ANY
    idle_ms: int = 300


class WedgeDecoder:
    """One keyboard's keys to texts.  Pure; one per device, never shared: two scanners at once must not mix."""

    def __init__(self, layout: Layout, suffix: Suffix) -> None:
        self._layout = layout
        self._suffix = suffix
        self._suffix_keys = _SUFFIX_KEYS[suffix]
        self._held: set[int] = set()
        self._caps_lock = False
        self._text = ""
        self._spoilt = ""  # why the scan that is coming in cannot be trusted
        self.needs_sync = True  # SYN_DROPPED was seen (or nothing at all yet): `sync` before more events

    @property
    def is_in_scan(self) -> bool:
        return bool(self._text or self._spoilt)

    def distrust(self, why: str) -> None:
        """Refuse the scan that is coming in, when it ends."""
        self._spoil(why)

    def sync(self, held: Iterable[int], *, caps_lock: bool) -> None:
        """Take over what the device says of its keys and its lamp."""
        self._held = set(held) & _MODIFIERS
        self._caps_lock = caps_lock
        self.needs_sync = False

    def feed(self, event: KeyEvent) -> str | None:
        """The text that this event ended, if it did.  Raises ProtocolViolation: the scan that ended here cannot be trusted."""
        if event.type == EV_SYN and event.code == SYN_DROPPED:
            self._spoil("the kernel dropped key events")
            self.needs_sync = True
        elif event.type == EV_LED and event.code == LED_CAPS_LOCK:
            self._caps_lock = bool(event.value)
        elif event.type == EV_KEY and event.code in _MODIFIERS:
            (self._held.discard if event.value == UP else self._held.add)(event.code)
        elif event.type == EV_KEY and event.value == DOWN:  # repeats are a key held down, not one pressed twice
            return self._press(event.code)
        return None

    def end_scan(self) -> str | None:
        """The device paused.  Raises ProtocolViolation when a scan should have ended with its suffix, and did not."""
        if self._suffix is not Suffix.NONE:
            self._spoil("it did not end with the configured suffix")
        return self._finish()

    def _press(self, code: int) -> str | None:
        if code == CAPS_LOCK:
            self._caps_lock = not self._caps_lock
            return None
        if code == NUM_LOCK:
            return None
        char = self._char_of(code)
        if (code in self._suffix_keys and not self._held) or (char in ("\r", "\n") and ENTER in self._suffix_keys):
            return self._finish()
        if not char:
            self._spoil(f"key {code} has no character in this layout")
        elif len(self._text) >= LONGEST:
            self._spoil(f"it is longer than {LONGEST} characters")
        else:
            self._text += char
        return None

    def _char_of(self, code: int) -> str:
        """The character of a key under the held modifiers, "" if it has none."""
        if code == F8:  # where a scanner is configured to type FNC1 as F8
            return _GS
        if code == TAB and not self._held:
            return "\t"
        plain, shifted = self._layout.get(code, ("", ""))
        if not plain or self._held & _OTHER_MODIFIERS:
            return ""
        is_shifted = bool(self._held & _SHIFTS)
        if self._held & _CTRLS:
            return _control((shifted if is_shifted else plain).upper())
        if self._caps_lock and plain.isalpha():
            is_shifted = not is_shifted
        return shifted if is_shifted else plain

    def _spoil(self, why: str) -> None:
        self._spoilt = self._spoilt or why

    def _finish(self) -> str | None:
        text, self._text = self._text, ""
        why, self._spoilt = self._spoilt, ""
        if why:
            raise ProtocolViolation(f"a scan was refused, {why}: scan again")
        return text or None


@register("scanner.wedge", kind=Kind.SCANNER, options=WedgeOptions, over=Over.KEYS)
class HidWedge:
    """A scanner in USB keyboard mode.  Source: Linux input-event-codes.h; DEVICES.md section 10."""

    def __init__(self, keys: KeySource, options: WedgeOptions) -> None:
        if not 10 <= options.idle_ms <= 1000:
            raise Unsupported(f"scanner.wedge: idle_ms is {options.idle_ms}, expected 10 to 1000")
        self._keys = keys
        self._idle = options.idle_ms / 1000
        self._decoder = WedgeDecoder(LAYOUTS[options.layout], options.suffix)
        self._events: list[KeyEvent] = []
        self._silence = 0.0
        self._is_settled = False

    def read_symbol(self, timeout: float) -> Symbol | None:
        deadline = time.monotonic() + timeout
        if not self._is_settled:
            self._settle()
        while (text := self._decode()) is None:
            remaining = deadline - time.monotonic()
            pause = self._idle - self._silence if self._decoder.is_in_scan else remaining
            wait = min(pause, remaining)
            if remaining <= 0:
                return None
            self._events += self._keys.read_events(wait)
            if self._events:
                self._silence = 0.0
                continue
            if not self._decoder.is_in_scan:
                return None
            self._silence += wait
            if wait == pause and (text := self._end_scan()) is not None:
                break
        data, aim = split_aim(text.encode())
        if not data:
            raise ProtocolViolation(f"a scan was refused, it holds nothing but {text!r}: scan again")
        return Symbol(data, aim)

    def _settle(self) -> None:
        """Keys that come before the first pause may be the rest of a scan whose beginning went to nobody: before the device was
        opened, or forgotten by the kernel when it was asked for its state.  They are refused.
        """
        self.sync()
        self._events += self._keys.read_events(self._idle)
        self._is_settled = True
        if any(event.type == EV_KEY for event in self._events):
            self._decoder.distrust("it may have begun before it was listened to")

    def _decode(self) -> str | None:
        while self._events:
            event = self._events.pop(0)
            text = self._decoder.feed(event)
            if self._decoder.needs_sync:
                # What we hold is older than the state we ask for, which would give it wrong modifiers; what the kernel still
                # holds of keys it forgets when it is asked (drivers/input/evdev.c, evdev_handle_get_val).
                self._events.clear()
                self.sync()
            if text is not None:
                return text
        return None

    def _end_scan(self) -> str | None:
        self._silence = 0.0
        return self._decoder.end_scan()

    def sync(self) -> None:
        """Ask the device which modifiers are down and whether CapsLock is on.  Raises DeviceUnavailable."""
        self._decoder.sync(self._keys.held_keys(), caps_lock=self._keys.is_caps_lock_on())


def _control(char: str) -> str:
    """The control character that Ctrl makes of a character (ASCII: 40h-5Fh to 00h-1Fh), "" if it makes none."""
    return chr(ord(char) & 0x1F) if len(char) == 1 and "A" <= char <= "_" else ""
