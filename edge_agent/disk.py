"""Where blocking work on facts.db runs, so that the event loop never waits for the disk (docs/adr/0002)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Disk(Protocol):
    """Runs one piece of work at a time, in the order they were given."""

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, or its exception.  Work that has begun ends, even if the caller is cancelled."""
        ...

    def close(self) -> None:
        """Wait for the work that was given."""
        ...


class ThreadDisk:
    """One writer thread, for life."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=True)


class InlineDisk:
    """In the caller's own thread: a virtual clock can never jump over an open write."""

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def close(self) -> None:
        """Nothing waits."""
