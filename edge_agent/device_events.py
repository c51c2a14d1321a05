"""What a device's thread tells the event loop, and how."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from drivers.devices import Symbol, Weight
from edge_agent.seams import Clock
from edge_agent.wire.messages import Condition, Fault


@dataclass(frozen=True, slots=True)
class Scanned:
    """A symbol was read."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class WeightChanged:
    """The scale shows something else than before.  `is_settled`: it came to rest, after motion or at another weight: this may be
    booked; all others are for displays.
    """

    weight: Weight
    is_settled: bool


@dataclass(frozen=True, slots=True)
class StateChanged:
    """`faults` say what happened and what to do; empty when the device is ready."""

    state: Condition
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawerMoved:
    """The cash drawer on this printer was opened or closed."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """Something was read that cannot be trusted: tell the person to do it again."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """`at_ms` is the boot time at which the thread saw it."""

    device: str
    at_ms: int
    what: Scanned | WeightChanged | StateChanged | DrawerMoved | Failed


class Reporter:
    """A thread's way to the loop; what does not change is told once.  `post` may be called from any thread.

    The loop's way to the thread: `stop` ends it, `gone` says that the device was pulled out, `come` that it is worth trying now.
    """

    def __init__(self, device: str, post: Callable[[DeviceEvent], None], clock: Clock) -> None:
        self.device = device
        self.stop = threading.Event()
        self.gone = threading.Event()
        self.come = threading.Event()
        self.on_learned: Callable[[Mapping[str, object]], None] = _nobody_learns
        self.working: Callable[[int], AbstractContextManager[None]] = lambda _: contextlib.nullcontext()
        """Around each call of the driver, with the milliseconds that it may take at most."""
        self.count: Callable[[str, int], None] = _nobody_counts
        """How often something happened that no event tells of (`edge_agent.statistics`)."""
        self._post = post
        self._clock = clock
        self._state: StateChanged | None = None
        self._is_drawer_open: bool | None = None

    def scanned(self, symbol: Symbol) -> None:
        self._tell(Scanned(symbol))

    def weight(self, weight: Weight, *, is_settled: bool) -> None:
        self._tell(WeightChanged(weight, is_settled))

    def failed(self, fault: Fault) -> None:
        self._tell(Failed(fault))

    def state(self, state: Condition, faults: Sequence[Fault] = ()) -> None:
        new = StateChanged(state, tuple(faults))
        if new != self._state:
            self._state = new
            self._tell(new)

    def drawer(self, is_open: bool | None) -> None:  # noqa: FBT001 -- the value itself
        """None: the printer has no drawer, or cannot tell.  The first thing it tells is where we start from."""
        before, self._is_drawer_open = self._is_drawer_open, is_open if is_open is not None else self._is_drawer_open
        if is_open is not None and before is not None and is_open != before:
            self._tell(DrawerMoved(is_open))

    def learned(self, options: Mapping[str, object]) -> None:
        """A symbol taught the device how it is configured; kept for its next opening."""
        self.on_learned(options)

    def _tell(self, what: Scanned | WeightChanged | StateChanged | DrawerMoved | Failed) -> None:
        self._post(DeviceEvent(self.device, self._clock.mono_ms(), what))


def _nobody_learns(options: Mapping[str, object]) -> None:
    del options


def _nobody_counts(name: str, times: int) -> None:
    del name, times
