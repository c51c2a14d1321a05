"""Scanners that type: a USB keyboard whose keys are a scan.  GS as Ctrl+], F8, or a text, as it is configured."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from drivers.devices import KeyEvent, KeySource, Symbol
from drivers.errors import ProtocolViolation, Unsupported
from drivers.registry import Kind, Over, register
from drivers.scanners.calibration import LONGEST_ADDED
from drivers.scanners.keystrokes import EV_KEY, EV_MSC, WedgeDecoder
from drivers.scanners.layouts import LAYOUTS
from drivers.scanners.learning import learn_keys
from drivers.scanners.strokes import GS, CapsLock
from drivers.symbols.aim import split_aim


class Suffix(StrEnum):
    """What ends a scan: Enter, keypad Enter or Tab (`ANY`), one of these, the option `suffix_text`, or a pause (`NONE`)."""

    ANY = "any"
    ENTER = "enter"
    TAB = "tab"
    TEXT = "text"
    NONE = "none"


_SUFFIXES: Mapping[Suffix, tuple[str, ...]] = {
    Suffix.ANY: ("\r", "\n", "\t"),
    Suffix.ENTER: ("\r", "\n"),
    Suffix.TAB: ("\t",),
    Suffix.NONE: (),
}


@dataclass(frozen=True, slots=True)
class WedgeOptions:
    r"""As the scanner is configured; one scan of the calibration barcode tells all but `idle_ms`.

    `layout`: its country keyboard.  `caps_lock`: what the CapsLock lamp means, see `drivers.scanners.strokes.CapsLock`.
    `prefix`: typed before each scan; a scan without it is refused.  `suffix`: what ends a scan; `suffix_text` counts with suffix
    ``text`` (``\r`` is Enter, ``\t`` Tab).  `gs`: what it types for FNC1: empty for Ctrl+], F8 or Alt+029, else that text, such as
    ``{GS}`` or ``|``.  `sends_aim`: every scan begins with an AIM identifier (after `prefix`), so one without is damaged.
    `idle_ms`: the longest pause inside a scan.
    """

    layout: Literal["us", "uk", "de", "fr", "es", "it"] = "us"
    suffix: Suffix = Suffix.ANY
    idle_ms: int = 300
    caps_lock: CapsLock = CapsLock.FOLLOW
    prefix: str = ""
    suffix_text: str = ""
    gs: str = ""
    sends_aim: bool = False


@register("scanner.wedge", kind=Kind.SCANNER, options=WedgeOptions, over=Over.KEYS)
class HidWedge:
    """A scanner in USB keyboard mode.  Source: Linux input-event-codes.h; what it types is its configuration."""

    def __init__(self, keys: KeySource, options: WedgeOptions) -> None:
        check_options(options)
        self._keys = keys
        self._options = options
        self._idle = options.idle_ms / 1000
        suffixes = _SUFFIXES.get(options.suffix, (options.suffix_text,))
        shortest = len(options.prefix) + len(options.suffix_text) if options.suffix is Suffix.TEXT else 0
        self._decoder = WedgeDecoder(LAYOUTS[options.layout], options.caps_lock, suffixes, shortest)
        self._events: deque[KeyEvent] = deque()
        self._silence = 0.0
        self._is_settled = False
        self._learned: Mapping[str, object] | None = None

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
            self._silence += wait
            if not self._decoder.is_in_scan:
                if self._silence >= self._idle:
                    self._decoder.rest()
                return None
            if wait == pause:
                text = self._end_scan()
                break
        return None if text is None else parse_typed(text, self._options)

    def take_learned(self) -> Mapping[str, object] | None:
        learned, self._learned = self._learned, None
        return learned

    def sync(self) -> None:
        """Ask the device which modifiers are down and whether CapsLock is on.  Raises DeviceUnavailable."""
        self._decoder.sync(self._keys.held_keys(), caps_lock=self._keys.is_caps_lock_on())

    def _settle(self) -> None:
        """Keys that come before the first pause may be the rest of a scan whose beginning went to nobody: before the device was
        opened, or forgotten by the kernel when it was asked for its state.  They are refused.  Of a key so forgotten its scan code
        (EV_MSC) stays behind (drivers/input/evdev.c, __evdev_flush_queue), and tells of it.
        """
        self.sync()
        until = time.monotonic() + self._idle
        while came := self._keys.read_events(max(0.0, until - time.monotonic())):
            self._events += came
            if any(event.type in (EV_KEY, EV_MSC) for event in came):
                self._decoder.distrust("it may have begun before it was listened to")
                break
        self._is_settled = True

    def _decode(self) -> str | None:
        events, feed = self._events, self._decoder.feed
        while events:
            text = feed(events.popleft())
            if self._decoder.needs_sync:
                # What we hold is older than the state we ask for, which would give it wrong modifiers; what the kernel still
                # holds of keys it forgets when it is asked (drivers/input/evdev.c, evdev_handle_get_val).
                events.clear()
                self.sync()
            if text is not None:
                return text
        return None

    def _end_scan(self) -> str | None:
        self._silence = 0.0
        text = self._decoder.end_scan()
        if self._decoder.is_calibrating:
            self._learned = learn_keys(self._decoder.take_calibration(), self._options.layout, self._options.caps_lock)
        return text


def check_options(options: WedgeOptions) -> None:
    """Raises Unsupported for options that contradict each other."""
    if not 10 <= options.idle_ms <= 1000:
        raise Unsupported(f"scanner.wedge: idle_ms is {options.idle_ms}, expected 10 to 1000")
    if (options.suffix is Suffix.TEXT) != bool(options.suffix_text):
        raise Unsupported('scanner.wedge: suffix "text" and the option suffix_text go together')
    for name, text in (("prefix", options.prefix), ("suffix_text", options.suffix_text), ("gs", options.gs)):
        if len(text) > LONGEST_ADDED:
            raise Unsupported(f"scanner.wedge: {name} has {len(text)} characters, expected at most {LONGEST_ADDED}")


def parse_typed(text: str, options: WedgeOptions) -> Symbol:
    """What a typed scan holds; prefix and AIM identifier are kept off its data.

    Raises ProtocolViolation (no prefix, no AIM identifier where one is due, nothing else).
    """
    if not text.startswith(options.prefix):
        raise ProtocolViolation(f"a scan was refused, it began with {text[:8]!r}, expected {options.prefix!r}: scan again")
    body = text.removeprefix(options.prefix)
    if options.gs:
        body = body.replace(options.gs, GS)
    data, aim = split_aim(body.encode())
    if options.sends_aim and aim is None:
        raise ProtocolViolation(f"a scan was refused, it has no AIM identifier such as ]E0, but {text[:8]!r}: scan again")
    if not data:
        raise ProtocolViolation(f"a scan was refused, it holds nothing but {text!r}: scan again")
    return Symbol(data, aim)
