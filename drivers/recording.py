"""The flight recorder: what passed between a device and its driver, with times, and the files it is kept in.

A `Ring` holds the newest of it and forgets the rest; a `Recording` is what a ring held, with what is needed to play it again.
Scans are a shop's business: a recording holds what was scanned and printed, and says so in its first line.

The file is JSON lines.  First the head (`shelfwire_recording`: the version), then one line for each entry: ``t`` seconds since the
first one, ``way`` (`host`: the box to the device, `device`: the other way), and what passed: ``hex`` bytes or a HID report,
``keys`` [[type, code, value], …], ``lamps`` {"caps_lock": …} or ``held`` [codes] as the keyboard was asked; or ``mark``:
`opened`, `closed`.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from drivers.devices import KeyEvent, KeySource, ReportSource
from drivers.errors import Unsupported

VERSION = 1
MOST_BYTES = 256 * 1024
MOST_ENTRIES = 8192
PIECE = 16 * 1024
"""Bytes of one entry; a longer write is several."""
PRIVACY = "What was scanned, weighed and printed is in this file: show it only to whoever may see that."


class Way(StrEnum):
    HOST = "host"
    DEVICE = "device"


class Mark(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"


Content = bytes | tuple[KeyEvent, ...] | bool | frozenset[int] | Mark
"""Bytes or a report; key events; the CapsLock lamp; the keys held; or that the line was opened or closed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` in seconds of a clock that never jumps."""

    at: float
    way: Way
    what: Content

    @property
    def size(self) -> int:
        """Its bytes or key events; 1 for all else."""
        return max(1, len(self.what)) if isinstance(self.what, bytes | tuple) else 1


class Ring:
    """The newest entries of one device.  One thread adds, any may look; adding costs about a microsecond."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_entries: int = MOST_ENTRIES) -> None:
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._added = 0
        self._turn = threading.Lock()
        self.descriptor = b""
        """The report descriptor of a HID device, once it was open."""

    def add(self, way: Way, what: Content) -> None:
        if isinstance(what, bytes) and len(what) > PIECE:
            for start in range(0, len(what), PIECE):
                self.add(way, what[start : start + PIECE])
            return
        entry = Entry(time.monotonic(), way, what)
        with self._turn:
            self._entries.append(entry)
            self._bytes += entry.size
            self._added += 1
            while self._bytes > self._most_bytes or len(self._entries) > self._most_entries:
                self._bytes -= self._entries.popleft().size

    def since(self, place: int = 0) -> tuple[tuple[Entry, ...], int]:
        """What was added after `place` and is not forgotten yet, and the place after it; 0 is the beginning."""
        with self._turn:
            skip = max(0, len(self._entries) - (self._added - place))
            return tuple(islice(self._entries, skip, None)), self._added


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A device's conversation.  `over` as `drivers.registry.Over`; `descriptor`: of a HID device."""

    device: str
    model: str
    over: str
    options: Mapping[str, object] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    started_at: str = ""
    descriptor: bytes = b""

    @property
    def begins_open(self) -> bool:
        """Whether it holds the conversation from the moment the device was opened."""
        return any(entry.what is Mark.OPENED for entry in self.entries)


def dump_recording(recording: Recording) -> str:
    head = {
        "shelfwire_recording": VERSION,
        "device": recording.device,
        "model": recording.model,
        "over": recording.over,
        "options": dict(recording.options),
        "started_at": recording.started_at,
        "descriptor": recording.descriptor.hex(),
        "note": PRIVACY,
    }
    start = recording.entries[0].at if recording.entries else 0.0
    lines = [head, *({"t": round(each.at - start, 6), "way": each.way.value, **_written(each.what)} for each in recording.entries)]
    return "".join(json.dumps(line, default=str) + "\n" for line in lines)


def load_recording(text: str) -> Recording:
    """Raises Unsupported, with the line, for what is no recording of ours."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        head = json.loads(lines[0])
        version = head["shelfwire_recording"]
        if version != VERSION:
            raise Unsupported(f"this recording is of version {version}; this program reads version {VERSION}")
        return Recording(
            device=str(head["device"]),
            model=str(head["model"]),
            over=str(head["over"]),
            options=dict(head["options"]),
            started_at=str(head.get("started_at", "")),
            descriptor=bytes.fromhex(head.get("descriptor", "")),
            entries=tuple(_entry(number, line) for number, line in enumerate(lines[1:], 2)),
        )
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unsupported(f"this is no recording of a device: its first line cannot be read ({error!r})") from error


class RecordedKeys:
    """A `KeySource` whose keys pass the recorder."""

    def __init__(self, keys: KeySource, ring: Ring) -> None:
        self._keys = keys
        self._ring = ring

    def read_events(self, timeout: float) -> Sequence[KeyEvent]:
        events = self._keys.read_events(timeout)
        if events:
            self._ring.add(Way.DEVICE, tuple(events))
        return events

    def is_caps_lock_on(self) -> bool:
        is_on = self._keys.is_caps_lock_on()
        self._ring.add(Way.DEVICE, is_on)
        return is_on

    def held_keys(self) -> frozenset[int]:
        held = self._keys.held_keys()
        self._ring.add(Way.DEVICE, held)
        return held

    def close(self) -> None:
        self._keys.close()


class RecordedReports:
    """A `ReportSource` whose reports pass the recorder."""

    def __init__(self, reports: ReportSource, ring: Ring) -> None:
        self._reports = reports
        self._ring = ring
        ring.descriptor = reports.descriptor

    @property
    def descriptor(self) -> bytes:
        return self._reports.descriptor

    def read_report(self, timeout: float) -> bytes:
        report = self._reports.read_report(timeout)
        if report:
            self._ring.add(Way.DEVICE, report)
        return report

    def write_report(self, report: bytes) -> None:
        self._ring.add(Way.HOST, report)
        self._reports.write_report(report)

    def close(self) -> None:
        self._reports.close()


def _written(what: Content) -> Mapping[str, object]:
    match what:
        case bytes():
            return {"hex": what.hex()}
        case Mark():
            return {"mark": what.value}
        case bool():
            return {"lamps": {"caps_lock": what}}
        case frozenset():
            return {"held": sorted(what)}
        case _:
            return {"keys": [[each.type, each.code, each.value] for each in what]}


def _entry(number: int, line: str) -> Entry:
    try:
        read = json.loads(line)
        return Entry(float(read["t"]), Way(read["way"]), _read(read))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unsupported(f"this recording cannot be read: line {number}: {error!r}") from error


def _read(line: Mapping[str, object]) -> Content:
    match line:
        case {"hex": str(text)}:
            return bytes.fromhex(text)
        case {"mark": str(name)}:
            return Mark(name)
        case {"lamps": {"caps_lock": bool(is_on)}}:
            return is_on
        case {"held": [*codes]}:
            return frozenset(_numbers(codes))
        case {"keys": [*events]}:
            return tuple(KeyEvent(*_numbers(each)) for each in events if isinstance(each, list))
        case _:
            raise ValueError("it says nothing that passed")


def _numbers(values: Sequence[object]) -> list[int]:
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) != len(values):
        raise ValueError("whole numbers are expected")
    return numbers
