from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from edge_agent.disk import InlineDisk
from edge_agent.liveness import DISK_MS, Beats
from tests.edge_agent.conftest import FixedClock, let_pass, settle

T = TypeVar("T")


class StoppableDisk(InlineDisk):
    """While `is_stopped`, no work comes back."""

    is_stopped = False

    async def run(self, work: Callable[[], T]) -> T:
        while self.is_stopped:
            await asyncio.sleep(0.1)
        return work()


@dataclass
class Watched:
    clock: FixedClock = field(default_factory=FixedClock)
    disk: StoppableDisk = field(default_factory=StoppableDisk)
    fed: int = 0
    alarms: list[set[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.beats = Beats(self.clock, self.disk, self._feed, lambda stuck: self.alarms.append(set(stuck)))

    def _feed(self) -> None:
        self.fed += 1

    async def seconds(self, count: int) -> int:
        """How often the watchdog was fed in so many seconds."""
        before = self.fed
        for _ in range(count):
            self.clock.advance(timedelta(seconds=1))
            await let_pass(1)
        return self.fed - before


@asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    watched = Watched()
    task = asyncio.create_task(watched.beats.run())
    await settle()
    try:
        yield watched
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_loop_that_waits_is_alive_for_as_long_as_it_likes() -> None:
    async with watching() as watched:
        beat = watched.beats.loop("waits", limit_ms=1000)
        with beat.working():
            pass
        assert await watched.seconds(60) == 60
        assert watched.alarms == []


async def test_a_loop_that_is_not_through_within_its_limit_starves_the_watchdog_and_is_told_once() -> None:
    async with watching() as watched:
        beat = watched.beats.loop("stuck", limit_ms=3000)
        with beat.working():
            assert await watched.seconds(3) == 3
            assert await watched.seconds(5) == 0
            assert watched.alarms == [{"stuck"}]
            assert watched.beats.stuck() == {"stuck": 5000}
        assert await watched.seconds(2) == 2
        with beat.working():
            await watched.seconds(5)
        assert watched.alarms == [{"stuck"}, set(), {"stuck"}]


async def test_a_device_that_is_stuck_is_told_and_ends_nothing_else() -> None:
    async with watching() as watched:
        beat = watched.beats.loop("device[scale]", limit_ms=1000, is_vital=False)
        with beat.working():
            assert await watched.seconds(5) == 5
        assert watched.alarms == [{"device[scale]"}]


async def test_a_loop_that_works_without_a_pause_but_gets_through_is_alive() -> None:
    async with watching() as watched:
        beat = watched.beats.loop("busy", limit_ms=2000)
        for _ in range(10):
            with beat.working():
                assert await watched.seconds(1) == 1


async def test_a_loop_that_fails_is_not_stuck() -> None:
    async with watching() as watched:
        beat = watched.beats.loop("fails", limit_ms=1000)
        with suppress(ValueError), beat.working():
            raise ValueError
        assert await watched.seconds(5) == 5


async def test_a_disk_that_does_not_come_back_starves_the_watchdog() -> None:
    async with watching() as watched:
        await watched.seconds(2)
        watched.disk.is_stopped = True
        await watched.seconds(DISK_MS // 1000 + 2)
        assert await watched.seconds(3) == 0
        assert watched.alarms == [{"disk"}]
        watched.disk.is_stopped = False
        await watched.seconds(1)
        assert await watched.seconds(3) == 3
