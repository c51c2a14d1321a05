"""What the box measures of itself, told with each connection and once a minute; its devices' statistics, kept on disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from edge_agent.config import Config, DeviceConfig
from edge_agent.errors import OutboxFull
from edge_agent.health import AGENT_VERSION, Health
from edge_agent.journal import Journal
from edge_agent.liveness import Beats
from edge_agent.outbox import Backlog
from edge_agent.statistics import Statistics
from edge_agent.stores import Seams, Stores
from edge_agent.wire.facts import JobState
from edge_agent.wire.telemetry import MachineState, QueueDepth, ReplicaState, StreamDepth, Telemetry

EVERY_SECONDS = 60.0
MOST_STUCK = 64
MOST_DEVICES = 200


async def no_replica() -> ReplicaState | None:
    """A box that keeps no catalogue."""
    return None


@dataclass(slots=True)
class Counted:
    """Since the agent started: connections to the broker, and scans that were refused because they could not be stored."""

    connections: int = 0
    refused: int = 0


class Measuring:
    """See the module's docstring.  `machine` and `replica` are asked each time; the first may read files, in a thread."""

    def __init__(self, stores: Stores, seams: Seams, health: Health, beats: Beats, devices: Sequence[DeviceConfig]) -> None:
        self.statistics = Statistics(stores.statistics.read())
        self.counted = Counted()
        self.machine: Callable[[], MachineState] = MachineState
        self.replica: Callable[[], Awaitable[ReplicaState | None]] = no_replica
        self._stores = stores
        self._seams = seams
        self._health = health
        self._beats = beats
        self._started_ms = seams.clock.mono_ms()
        self._connected = asyncio.Event()
        self._know(devices)

    def count_refused(self) -> None:
        self.counted.refused += 1

    async def reconfigure(self, config: Config) -> None:
        self._know(config.devices)

    def connected(self) -> None:
        """To the broker: it is told at once, for until then nobody there knows how the box is."""
        self.counted.connections += 1
        self._connected.set()

    async def run(self) -> None:
        """Until cancelled."""
        beat = self._beats.loop("telemetry")
        while True:
            with beat.working():
                await self.save()
                self._connected.clear()
                await self._health.telemetry(await self.measure())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._connected.wait()

    async def measure(self) -> Telemetry:
        """As it is now."""
        seams, disk = self._seams, self._seams.disk
        backlog, queues = await disk.run(lambda: (self._stores.outbox.backlog(), queue_depths(self._stores.journal)))
        now_ms = seams.clock.mono_ms()
        return Telemetry(
            waiting=backlog.waiting,
            oldest_at=backlog.oldest_at,
            disk_free=self._stores.facts.free_disk_bytes(),
            at=seams.clock.now(),
            agent=AGENT_VERSION,
            running=max(0, now_ms - self._started_ms) // 1000,
            streams=stream_depths(backlog),
            queues=queues,
            machine=self.machine(),
            clock=seams.clock_state(),
            loop_lag_ms=self._beats.take_lag_ms(),
            connections=self.counted.connections,
            refused=self.counted.refused,
            replica=await self.replica(),
            stuck=sorted(self._beats.stuck())[:MOST_STUCK],
            statistics=dict(list(self.statistics.told(now_ms).items())[:MOST_DEVICES]),
        )

    async def save(self, *, all_of_it: bool = False) -> None:
        """A full disk keeps them in memory until there is room."""
        values = self.statistics.take_unsaved(self._seams.clock.mono_ms(), all_of_it=all_of_it)
        if values is not None:
            try:
                await self._seams.disk.run(lambda: self._stores.statistics.save(values))
            except OutboxFull:
                self.statistics.not_saved()

    def _know(self, devices: Sequence[DeviceConfig]) -> None:
        self.statistics.know({device.id: device.kind for device in devices})


def stream_depths(backlog: Backlog) -> list[StreamDepth]:
    """Those in which something waits."""
    return [
        StreamDepth(stream=stream, waiting=waiting, oldest_at=backlog.oldest.get(stream))
        for stream, waiting in sorted(backlog.streams.items())
    ]


def queue_depths(journal: Journal) -> list[QueueDepth]:
    """Printers with jobs that have not come to their end.  Blocks."""
    found: list[QueueDepth] = []
    for printer in journal.holders()[:MOST_DEVICES]:
        waiting, oldest = journal.count(JobState.QUEUED, printer)
        uncertain, _ = journal.count(JobState.UNCERTAIN, printer)
        found.append(QueueDepth(printer=printer, waiting=waiting, uncertain=uncertain, oldest_at=oldest))
    return found
