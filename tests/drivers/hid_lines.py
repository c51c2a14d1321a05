"""Lines of whole USB reports, as drivers have them: what a kernel makes of a HID device at the other end of a `Pipe`."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.devices import KeyEvent
from drivers.emulators.hid_keyboard import REPORT_SIZE, USAGE_OF_KEY
from drivers.transports.buffered import Pipe

_KEY_OF_USAGE = {usage: key for key, usage in USAGE_OF_KEY.items()}
_MODIFIERS = (29, 42, 56, 125, 97, 54, 100, 126)
"""Keys of the bits of a keyboard report's first byte (USB HID 1.11, appendix B.1), numbered as in Linux input-event-codes.h."""
_SYN = KeyEvent(0, 0, 0)


class Reports:
    """A `ReportSource`: each piece that the pipe gives is a report."""

    def __init__(self, pipe: Pipe, descriptor: bytes) -> None:
        self._pipe = pipe
        self.descriptor = descriptor

    def read_report(self, timeout: float) -> bytes:
        return self._pipe.receive(timeout)

    def write_report(self, report: bytes) -> None:
        self._pipe.send(report)

    def close(self) -> None:
        self._pipe.close()


class Keys:
    """A `KeySource`: each piece that the pipe gives is a keyboard's report, and what has changed since the last are events."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._held: frozenset[int] = frozenset()

    def read_events(self, timeout: float) -> Sequence[KeyEvent]:
        report = self._pipe.receive(timeout)
        if len(report) < REPORT_SIZE:
            return ()
        down = {key for bit, key in enumerate(_MODIFIERS) if report[0] >> bit & 1}
        down |= {_KEY_OF_USAGE[usage] for usage in report[2:REPORT_SIZE] if usage in _KEY_OF_USAGE}
        events = [KeyEvent(1, key, 0) for key in sorted(self._held - down)] + [
            KeyEvent(1, key, 1) for key in sorted(down - self._held)
        ]
        self._held = frozenset(down)
        return [*events, _SYN]

    def is_caps_lock_on(self) -> bool:
        return False

    def held_keys(self) -> frozenset[int]:
        return self._held

    def close(self) -> None:
        self._pipe.close()
