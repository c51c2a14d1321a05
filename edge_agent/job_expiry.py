"""When print jobs expire: by boot time, so that a wall clock that jumps ends no job."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from edge_agent.jobs import Job
from edge_agent.seams import Clock
from edge_agent.wire.messages import ClockState


class Expiry:
    """Deadlines of queued jobs.  What a person has printed again does not expire.

    The time that is left counts from the arrival, as long as the box has not booted since; then by the wall clock, if that is known
    to be right, else all of the time that it had counts again, from when this process first saw the job.
    """

    def __init__(self, clock: Clock, boot: str, clock_state: Callable[[], ClockState]) -> None:
        self._clock = clock
        self._boot = boot
        self._clock_state = clock_state
        self._deadlines: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self.place = 0
        """The latest job that was looked at."""

    def watch(self, job: Job) -> None:
        self.place = max(self.place, job.place)
        deadline = self._deadline(job)
        if deadline is not None and job.id not in self._deadlines:
            self._deadlines[job.id] = deadline
            heapq.heappush(self._heap, (deadline, job.id))

    def is_due(self, job: Job) -> bool:
        if job.attempt > 1:
            return False
        self.watch(job)
        return self._clock.mono_ms() >= self._deadlines.get(job.id, self._clock.mono_ms() + 1)

    def due(self) -> list[str]:
        """Those whose time has come; each once."""
        found = []
        while self._heap and self._heap[0][0] <= self._clock.mono_ms():
            found.append(heapq.heappop(self._heap)[1])
        return found

    def forget(self, job_id: str) -> None:
        """It will not be queued again."""
        self._deadlines.pop(job_id, None)

    def _deadline(self, job: Job) -> int | None:
        boot, arrived_ms = job.arrived
        if job.request.ttl_ms is not None and (boot == self._boot or not self._clock_state().synced):
            return (arrived_ms if boot == self._boot else self._clock.mono_ms()) + job.request.ttl_ms
        if job.request.expires_at is None:
            return None
        began, clock = (arrived_ms, job.accepted_at) if boot == self._boot else (self._clock.mono_ms(), self._clock.now())
        return began + int((job.request.expires_at - clock).total_seconds() * 1000)
