"""Whether every loop of the agent is alive: not only there, but getting through its work.

A loop that waits for something to do is alive for as long as it likes; one that took something up has to be through with it within
its limit.  Disk and event loop are asked: a job of nothing must come back.  The service manager's watchdog is fed only while all
is well; then it ends the agent and starts it again, and what was under way is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from edge_agent.disk import Disk
from edge_agent.seams import Clock

LOOK_SECONDS = 1.0
LIMIT_MS = 60_000
"""For one scan, one message, one edge of a job: each takes milliseconds, and seconds when the disk is slow."""
DISK_MS = 20_000
"""A commit on a worn card that rearranges itself takes seconds; SQLite's own busy time-out is 5 s."""
READ_MS = 60_000
"""For one call of a driver that reads: each waits 1 s or less for its device."""
PRINT_MS = 15 * 60_000
"""For one job at a printer: people load paper in its middle, and some printers are slow."""
CHANGE_MS = 5 * 60_000
"""For a new configuration: printers end their jobs first."""

_log = logging.getLogger(__name__)


def _nobody_feeds() -> None:
    """No service manager asked for it."""


def _nobody_is_told(stuck: Collection[str]) -> None:
    del stuck


@dataclass(slots=True)
class Beat:
    """One loop.  `limit_ms`: for one thing that it took up; `is_vital`: without it the agent is to be started again."""

    name: str
    limit_ms: int
    is_vital: bool
    _clock: Clock
    _due: int | None = None

    @contextlib.contextmanager
    def working(self, limit_ms: int | None = None) -> Iterator[None]:
        """Around what is done with one thing, in `limit_ms` if it is another kind of thing.  Inside itself the outer one counts.

        In the event loop, or in a thread of its own.
        """
        if self._due is not None:
            yield
            return
        self._due = self._clock.mono_ms() + (self.limit_ms if limit_ms is None else limit_ms)
        try:
            yield
        finally:
            self._due = None

    def stuck_ms(self) -> int:
        """For how long it has been over its limit; 0 while it is well."""
        due = self._due
        return 0 if due is None else max(0, self._clock.mono_ms() - due)


@dataclass(slots=True)
class Beats:
    """All loops.  `feed` tells the service manager that all is well, `alarm` which loops are stuck, whenever that changes."""

    clock: Clock
    disk: Disk
    feed: Callable[[], None] = _nobody_feeds
    alarm: Callable[[Collection[str]], None] = _nobody_is_told
    _beats: list[Beat] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _lag: float = 0.0

    def loop(self, name: str, *, limit_ms: int = LIMIT_MS, is_vital: bool = True) -> Beat:
        """A loop that will say when it works."""
        beat = Beat(name, limit_ms, is_vital, self.clock)
        self._beats.append(beat)
        return beat

    def forget(self, beat: Beat) -> None:
        """This loop has ended."""
        with contextlib.suppress(ValueError):
            self._beats.remove(beat)

    @contextlib.contextmanager
    def once(self, name: str, limit_ms: int = LIMIT_MS) -> Iterator[None]:
        """Around something that happens now and then; it is told of, and ends nothing, when it is stuck."""
        beat = self.loop(name, limit_ms=limit_ms, is_vital=False)
        try:
            with beat.working():
                yield
        finally:
            self.forget(beat)

    def names(self) -> list[str]:
        """All loops that are watched."""
        return sorted(beat.name for beat in list(self._beats))

    def take_lag_ms(self) -> int:
        """By how much the event loop was late at worst, since this was asked last."""
        lag, self._lag = self._lag, 0.0
        return round(lag * 1000)

    def stuck(self) -> dict[str, int]:
        """Which loops are stuck, and for how many milliseconds beyond their limits."""
        return {beat.name: late for beat in list(self._beats) if (late := beat.stuck_ms())}

    async def run(self) -> None:
        """Until cancelled."""
        disk = self.loop("disk", limit_ms=DISK_MS)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask_disk(disk), name="liveness.disk")
            loop = asyncio.get_running_loop()
            while True:
                self._look()
                before = loop.time()
                await asyncio.sleep(LOOK_SECONDS)
                self._lag = max(self._lag, loop.time() - before - LOOK_SECONDS)

    def _look(self) -> None:
        stuck = self.stuck()
        for name in stuck.keys() - self._told:
            _log.error("a loop is stuck", extra={"loop": name, "over_limit_ms": stuck[name]})
        if stuck.keys() != self._told:
            self._told = set(stuck)
            self.alarm(self._told)
        if not any(beat.is_vital for beat in self._beats if beat.name in stuck):
            self.feed()

    async def _ask_disk(self, beat: Beat) -> None:
        while True:
            with beat.working():
                await self.disk.run(lambda: None)
            await asyncio.sleep(LOOK_SECONDS)
