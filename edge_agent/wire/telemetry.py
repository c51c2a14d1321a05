"""What a box measures of itself and its devices, and the warnings of its log; both are for people who look after it.

Telemetry is told once a minute, at most once (an old one is worth nothing); lines of the log at least once, each with a number of
its own, so that one that comes twice is known.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from edge_agent.wire.messages import ClockState, Count, Positive, Stream, Text, TopicId, UtcTime

StatisticName = Annotated[str, Meta(pattern=r"^(M_)?[A-Z][A-Za-z0-9]{0,59}$")]
"""As UnifiedPOS names it; ``M_`` before one that it does not have (its own sign for a manufacturer's statistics)."""
Devices = Annotated[dict[TopicId, dict[StatisticName, Count]], Meta(max_length=200)]


class StreamDepth(Struct, frozen=True, kw_only=True):
    """What of a stream waits for the controller."""

    stream: Stream
    waiting: Count
    oldest_at: UtcTime | None = None


class QueueDepth(Struct, frozen=True, kw_only=True):
    """Print jobs of one printer: how many wait, since when the oldest, and how many a person is to look for."""

    printer: TopicId
    waiting: Count
    uncertain: Count = 0
    oldest_at: UtcTime | None = None


class MachineState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The box's computer; what it cannot tell is None.  Bytes, seconds, whole degrees Celsius.

    `process`: what the agent itself keeps in memory; `under_voltage`: its power supply was too weak at some time since it started.
    """

    memory_total: Count | None = None
    memory_free: Count | None = None
    process: Count | None = None
    cpu_celsius: int | None = None
    under_voltage: bool | None = None
    up: Count | None = None


class ReplicaState(Struct, frozen=True, kw_only=True):
    """What the box keeps of the catalogue: which version, and how many seconds ago it was up to date."""

    version: Text
    age: Count | None = None


class Telemetry(Struct, frozen=True, kw_only=True):
    """Once a minute.  `waiting`, `oldest_at`: all streams together; `disk_free` in bytes.

    `running`: seconds since the agent started; `loop_lag_ms`: by how much its event loop was late at worst, since the telemetry
    before; `connections` to the broker and `refused` scans since the start; `stuck`: loops that do not get on.

    `statistics`: of each device, since it was first used or since they were reset.
    """

    v: Positive = 1
    waiting: Count
    oldest_at: UtcTime | None
    disk_free: Count
    at: UtcTime
    agent: Text = ""
    running: Count = 0
    streams: Annotated[list[StreamDepth], Meta(max_length=8)] = field(default_factory=list)
    queues: Annotated[list[QueueDepth], Meta(max_length=200)] = field(default_factory=list)
    machine: MachineState = field(default_factory=MachineState)
    clock: ClockState | None = None
    loop_lag_ms: Count = 0
    connections: Count = 0
    refused: Count = 0
    replica: ReplicaState | None = None
    stuck: Annotated[list[Text], Meta(max_length=64)] = field(default_factory=list)
    statistics: Devices = field(default_factory=dict)


class LogLine(Struct, frozen=True, kw_only=True):
    """A warning or worse.  `no` counts the lines of one start of the agent; `times`: how often it came meanwhile."""

    no: Positive
    at: UtcTime
    level: Annotated[str, Meta(pattern=r"^[A-Z]{4,8}$")]
    name: Text
    message: Annotated[str, Meta(max_length=1000)]
    times: Positive = 1


class LogLines(Struct, frozen=True, kw_only=True):
    """Lines of the agent's log, the oldest first; `start` tells the starts of an agent apart; `lost`: too many came at once."""

    v: Positive = 1
    start: Text
    lines: Annotated[list[LogLine], Meta(max_length=100)]
    lost: Count = 0
