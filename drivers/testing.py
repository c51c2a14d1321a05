r"""Doubles for tests of drivers, shipped: a scripted other end, and lines with a fault.

    with exchange("toledo.8217", (b"W", b"\x0201.234\r"), options={"unit": "kg"}) as scale:      # bytes from the manual
        assert scale.read_weight() == …

Each step is (what the driver must write, what the device then sends); None stands for nothing: ``(None, b"…")`` is a device that
talks by itself, ``(b"…", None)`` one that says nothing.  Leaving the block fails on steps not taken and bytes not read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from drivers.devices import KeyEvent
from drivers.errors import DeviceUnavailable
from drivers.registry import find
from drivers.transports.buffered import Buffered, Pipe

Step = tuple[bytes | None, bytes | None]
Through = Callable[[Pipe], Pipe]


class ScriptedPipe:
    """The device's end: checks what is written against the steps, hands out their replies.  It never waits."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self._expected = b""
        self._replies = b""
        self.closed = False
        self._speak()

    def send(self, data: bytes) -> None:
        while data:
            if not self._expected:
                raise AssertionError(f"the driver wrote {data!r}, but the script is at its end")
            size = min(len(data), len(self._expected))
            if data[:size] != self._expected[:size]:
                raise AssertionError(f"the driver wrote {data!r}, expected {self._expected!r}")
            data, self._expected = data[size:], self._expected[size:]
            if not self._expected:
                self._replies += self._steps.pop(0)[1] or b""
                self._speak()

    def receive(self, timeout: float) -> bytes:
        del timeout
        replies, self._replies = self._replies, b""
        return replies

    def close(self) -> None:
        self.closed = True

    @property
    def awaited(self) -> bytes:
        """What the driver must write next."""
        return self._expected

    @property
    def untaken(self) -> int:
        """Steps that wait for the driver to write."""
        return len(self._steps)

    @property
    def left(self) -> int:
        """Bytes of the script that are still to pass, either way."""
        begun = len(self._expected) - len(self._steps[0][0] or b"") if self._steps else 0
        return begun + sum(len(each or b"") for step in self._steps for each in step) + len(self._replies)

    def check_finished(self) -> None:
        """Raises AssertionError for steps that were not taken and replies that were not read."""
        if self._steps or self._replies:
            raise AssertionError(
                f"not written by the driver: {[sent for sent, _ in self._steps]}; not read by it: {self._replies!r}"
            )

    def _speak(self) -> None:
        while self._steps and self._steps[0][0] is None:
            self._replies += self._steps.pop(0)[1] or b""
        self._expected = (self._steps[0][0] or b"") if self._steps else b""


class ScriptedTransport(Buffered):
    """A `Transport` whose other end is a script; `through` puts a faulty line in between."""

    def __init__(self, *steps: Step, through: Through | None = None) -> None:
        self.script = ScriptedPipe(*steps)
        super().__init__(through(self.script) if through else self.script, "script")

    @property
    def left(self) -> int:
        """Bytes of the script that the driver has not written or not read yet."""
        return self.script.left + len(self._received)

    def check_finished(self) -> None:
        """Raises AssertionError for steps not taken and bytes not read."""
        self.script.check_finished()
        if self._received:
            raise AssertionError(f"not read by the driver: {bytes(self._received)!r}")


@contextmanager
def exchange(
    model: str, *steps: Step, options: Mapping[str, object] | None = None, through: Through | None = None
) -> Iterator[Any]:  # the driver's own class: tests use what only it has
    """The driver of `model` on a scripted transport; fails on steps not taken and bytes not read."""
    transport = ScriptedTransport(*steps, through=through)
    yield find(model).build(transport, options)
    transport.check_finished()


class OneByteAtATime:
    """A line that delivers each byte alone."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._held = b""

    def send(self, data: bytes) -> None:
        for index in range(len(data)):
            self._pipe.send(data[index : index + 1])

    def receive(self, timeout: float) -> bytes:
        self._held = self._held or self._pipe.receive(timeout)
        one, self._held = self._held[:1], self._held[1:]
        return one

    def close(self) -> None:
        self._pipe.close()


class Slow(OneByteAtATime):
    """A line that takes `seconds` for each byte to the host."""

    def __init__(self, pipe: Pipe, seconds: float = 0.005) -> None:
        super().__init__(pipe)
        self._seconds = seconds

    def receive(self, timeout: float) -> bytes:
        one = super().receive(timeout)
        if one:
            time.sleep(self._seconds)
        return one


class GarbageFirst:
    """A line with noise on it before the first byte that arrives."""

    def __init__(self, pipe: Pipe, garbage: bytes = b"\xff\x00\x7f") -> None:
        self._pipe = pipe
        self._garbage = garbage

    def send(self, data: bytes) -> None:
        self._pipe.send(data)

    def receive(self, timeout: float) -> bytes:
        data = self._pipe.receive(timeout)
        if data:
            data, self._garbage = self._garbage + data, b""
        return data

    def close(self) -> None:
        self._pipe.close()


class Lossy:
    """A line that loses one byte in `one_in` on the way to the host."""

    def __init__(self, pipe: Pipe, random: Random, one_in: int = 8) -> None:
        self._pipe = pipe
        self._random = random
        self._one_in = one_in

    def send(self, data: bytes) -> None:
        self._pipe.send(data)

    def receive(self, timeout: float) -> bytes:
        return bytes(each for each in self._pipe.receive(timeout) if self._random.randrange(self._one_in))

    def close(self) -> None:
        self._pipe.close()


class Silent:
    """A line on which nothing arrives, in either direction."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def send(self, data: bytes) -> None:
        del data

    def receive(self, timeout: float) -> bytes:
        del timeout
        return b""

    def close(self) -> None:
        self._pipe.close()


class UnplugAfter:
    """A line that is pulled after `count` bytes have passed, in both directions together."""

    def __init__(self, pipe: Pipe, count: int) -> None:
        self._pipe = pipe
        self._left = count
        self._held = b""

    def send(self, data: bytes) -> None:
        passed = data[: self._left]
        self._left -= len(passed)
        self._pipe.send(passed)
        if len(passed) < len(data):
            raise DeviceUnavailable("the device was unplugged while it was written to")

    def receive(self, timeout: float) -> bytes:
        self._held += self._pipe.receive(timeout)
        if not self._left:
            raise DeviceUnavailable("the device was unplugged")
        passed, self._held = self._held[: self._left], self._held[self._left :]
        self._left -= len(passed)
        return passed

    def close(self) -> None:
        self._pipe.close()


class ScriptedReports:
    """A `ReportSource` that gives `reports`, one for each read, and is then silent; or gone, if `ends_gone`."""

    def __init__(self, *reports: bytes, descriptor: bytes = b"") -> None:
        self._reports = list(reports)
        self.descriptor = descriptor
        self.ends_gone = False
        self.written: list[bytes] = []

    @property
    def left(self) -> int:
        """Reports that were not read yet."""
        return len(self._reports)

    def read_report(self, timeout: float) -> bytes:
        del timeout
        if not self._reports and self.ends_gone:
            raise DeviceUnavailable("the device was unplugged")
        return self._reports.pop(0) if self._reports else b""

    def write_report(self, report: bytes) -> None:
        self.written.append(report)

    def close(self) -> None:
        self._reports.clear()


class ScriptedKeys:
    """A `KeySource` that is silent at first (unless `is_typing`), then plays `batches`, one for each read, and is silent again;
    or gone, if `ends_gone`.
    """

    def __init__(
        self,
        *batches: Sequence[KeyEvent],
        caps_lock: bool = False,
        held: frozenset[int] = frozenset(),
        is_typing: bool = False,
    ) -> None:
        self._batches = list(batches)
        self.caps_lock = caps_lock
        self.held = held
        self.ends_gone = False
        self.is_typing = is_typing

    @property
    def left(self) -> int:
        """Batches that were not read yet."""
        return len(self._batches)

    def read_events(self, timeout: float) -> Sequence[KeyEvent]:
        del timeout
        if not self.is_typing:
            self.is_typing = True
            return ()
        if not self._batches and self.ends_gone:
            raise DeviceUnavailable("the keyboard was unplugged")
        return self._batches.pop(0) if self._batches else ()

    def is_caps_lock_on(self) -> bool:
        return self.caps_lock

    def held_keys(self) -> frozenset[int]:
        return self.held

    def close(self) -> None:
        self._batches.clear()
