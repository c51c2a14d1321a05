"""An event loop whose clock jumps to the next timer instead of waiting for it.

There are no threads: what would run in one runs at once.  A run in which nothing can ever happen again ends with an error instead
of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class StuckError(RuntimeError):
    """All tasks wait for something that nobody will bring."""


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the real selector without waiting; where it would wait, the loop's clock moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise StuckError("no timer is set: every task waits for something that will not come")
        self.elapsed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Virtual seconds from 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """At once, in the loop's own thread: a thread ends now sooner, now later, and a seed would not give the same run twice."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class SimClock:
    """The loop's virtual time as a box sees it: its wall clock may be off and may jump, its boot clock never does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, off_by: timedelta = timedelta()) -> None:
        self._loop = loop
        self.off_by = off_by

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time()) + self.off_by

    def mono_ms(self) -> int:
        return int(self._loop.time() * 1000)
