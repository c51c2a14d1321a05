"""Using a line display, on its thread: it shows the newest lines, also after it was away."""

from __future__ import annotations

import queue
import textwrap
import threading
import time
from collections.abc import Sequence

from drivers.devices import LineDisplay
from drivers.errors import DeviceTimeout, DeviceUnavailable
from edge_agent.device_events import Reporter
from edge_agent.faults import fault
from edge_agent.liveness import READ_MS
from edge_agent.wire.messages import Condition

LOOK_EVERY = 5.0
"""Seconds between two looks at whether the box is stopping or the display is gone."""


class DisplayThread:
    """`show` in the event loop, the rest on the thread.  Only the newest lines count: a display that is slow skips some."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._lines: tuple[str, ...] | None = None
        self._shown = threading.Event()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._turn = threading.Lock()

    def show(self, lines: Sequence[str]) -> threading.Event:
        """Never waits; what it returns is set once these lines (or newer ones) stand there."""
        with self._turn:
            self._lines = tuple(lines)
            self._shown = threading.Event()
        self._wake.put(None)
        return self._shown

    def look(self) -> None:
        """Look up: the display is gone, or is there again, or the box stops."""
        self._wake.put(None)

    def serve(self, display: LineDisplay) -> None:
        """Until `report.stop`.  Raises DeviceUnavailable."""
        shown: tuple[str, ...] | None = None
        self._report.state(Condition.READY)
        while not self._report.stop.is_set():
            if self._report.gone.is_set():
                raise DeviceUnavailable("the display was unplugged: plug it in again")
            with self._turn:
                lines, told = self._lines, self._shown
            if lines is not None and lines != shown:
                shown = lines if self._put(display, lines) else None
            if lines == shown:
                told.set()
            self._wait(LOOK_EVERY)

    def _put(self, display: LineDisplay, lines: tuple[str, ...]) -> bool:
        try:
            with self._report.working(READ_MS):
                display.show(wrapped(lines, *display.size))
        except DeviceTimeout:
            self._report.state(Condition.UNKNOWN, [fault("no_answer")])
            return False
        self._report.state(Condition.READY)
        return True

    def stay_absent(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._report.stop.is_set() and not self._report.come.is_set() and (left := deadline - time.monotonic()) > 0:
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        """Until somebody wants something; what waits more than once is one wish."""
        try:
            self._wake.get(timeout=seconds)
            while True:
                self._wake.get_nowait()
        except queue.Empty:
            return


def wrapped(lines: Sequence[str], rows: int, columns: int) -> list[str]:
    """As many rows as the display has; a long line goes on in the next one, by words."""
    return [part for line in lines for part in (textwrap.wrap(line, columns) or [""])][:rows]
