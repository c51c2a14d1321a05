"""An event loop whose clock jumps to the next timer instead of waiting for it.

It never jumps while a call in a thread is open (the clock would run past time-outs that real work would not reach),
and it ends a run in which nothing can ever happen again with an error instead of hanging.
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
        self.open_thread_calls = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.open_thread_calls:
            return list(super().select(1.0))
        if timeout is None:
            raise StuckError("no timer and no thread call is open: every task waits for something that will not come")
        self.elapsed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Virtual seconds from 0; real thread calls are waited for in real time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        self._jumping.open_thread_calls += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_call_done)
        return future

    def _thread_call_done(self, _: asyncio.Future[Any]) -> None:
        self._jumping.open_thread_calls -= 1


class SimClock:
    """The loop's virtual time as a box sees it: its wall clock may be off and may jump, its boot clock never does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, off_by: timedelta = timedelta()) -> None:
        self._loop = loop
        self.off_by = off_by

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time()) + self.off_by

    def mono_ms(self) -> int:
        return int(self._loop.time() * 1000)
