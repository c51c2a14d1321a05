"""What boxes measure and log: taken in as it comes, the latest and a bounded history kept, shown.

Nothing here decides anything.  A box that talks too much replaces its own lines and points, nobody else's.
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from controller.db import among, execute, execute_many, fetch, listing, now
from controller.errors import NotFound
from controller.fleet.dating import in_utc
from controller.fleet.facts import LARGEST, clean
from edge_agent.wire.telemetry import LogLines, Telemetry

SLOT_SECONDS = 300
HISTORY = timedelta(hours=24)
LINES_KEPT = 1000
MOST_LABELS = 1000
"""Boxes that get gauges of their own at `/metrics`."""
FRESH = timedelta(hours=1)
"""What is older is not told at `/metrics`."""
LEVELS = ("WARNING", "ERROR", "CRITICAL")
_POINT = ("waiting", "queued", "disk_free", "memory_free", "cpu_celsius", "loop_lag_ms", "offset_ms", "replica_age")


class TelemetryView(Struct, frozen=True, kw_only=True):
    """What a box told last; `offset_ms`: by how much its clock was ahead of the controller's as it arrived."""

    box: str
    at: datetime
    offset_ms: int
    told: Telemetry


class PointView(Struct, frozen=True, kw_only=True):
    """The last values of five minutes that began `at`.  `queued`: print jobs that wait; bytes, degrees Celsius, seconds."""

    at: datetime
    waiting: int
    queued: int
    disk_free: int
    memory_free: int | None
    cpu_celsius: int | None
    loop_lag_ms: int
    offset_ms: int
    replica_age: int | None


class LogView(Struct, frozen=True, kw_only=True):
    """A line of a box's log; `times`: how often it came at once."""

    no: int
    at: datetime
    received_at: datetime
    level: str
    name: str
    message: str
    times: int


async def note_telemetry(box: str, told: Telemetry) -> None:
    """In the caller's transaction."""
    offset = int((in_utc(told.at) - now()).total_seconds() * 1000)
    await execute(
        "INSERT INTO box_telemetry (box, at, offset_ms, document) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (box) DO UPDATE SET at = excluded.at, offset_ms = excluded.offset_ms, document = excluded.document",
        *(box, now(), offset, clean(msgspec.json.encode(told).decode())),
    )
    values = (
        told.waiting,
        sum(queue.waiting for queue in told.queues),
        told.disk_free,
        told.machine.memory_free,
        told.machine.cpu_celsius,
        told.loop_lag_ms,
        offset,
        told.replica.age if told.replica else None,
    )
    marks = ", ".join("?" * len(_POINT))
    changes = ", ".join(f"{name} = excluded.{name}" for name in _POINT)
    await execute(
        f"INSERT INTO box_point (box, slot, {', '.join(_POINT)}) VALUES (?, ?, {marks}) "
        f"ON CONFLICT (box, slot) DO UPDATE SET {changes}",
        *(box, int(now().timestamp()) // SLOT_SECONDS, *(value if value is None else _bounded(value) for value in values)),
    )


async def note_log(box: str, told: LogLines) -> None:
    """In the caller's transaction; what came before is known by its number."""
    lines = [
        (
            *(box, clean(told.start)[:64], line.no, in_utc(line.at), now(), line.level),
            *(clean(line.name), clean(line.message)),
            line.times,
        )
        for line in told.lines
        if line.level in LEVELS
    ]
    await execute_many(
        "INSERT INTO box_log (box, start, line, at, received_at, level, name, message, times) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (box, start, line) DO NOTHING",
        lines,
    )
    await execute(
        "DELETE FROM box_log WHERE box = ? AND no <= (SELECT no FROM box_log WHERE box = ? ORDER BY no DESC LIMIT 1 OFFSET ?)",
        *(box, box, LINES_KEPT),
    )


async def telemetry(box: str) -> TelemetryView:
    """Raises NotFound: it told none yet."""
    rows = await fetch("SELECT at, offset_ms, document FROM box_telemetry WHERE box = ?", box)
    if not rows:
        raise NotFound("telemetry of box", box)
    row = rows[0]
    told = msgspec.json.decode(row["document"], type=Telemetry)
    return TelemetryView(box=box, at=row["at"], offset_ms=row["offset_ms"], told=told)


async def statistics(boxes: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Of each device of these boxes, by box and device; boxes that told none are left out."""
    rows = await fetch(f"SELECT box, document FROM box_telemetry WHERE {among('box')}", listing(sorted(set(boxes))))
    return {row["box"]: msgspec.json.decode(row["document"], type=Telemetry).statistics for row in rows}


async def history(box: str) -> list[PointView]:
    """The last 24 hours, the oldest first; five minutes without a word are left out."""
    since = int((now() - HISTORY).timestamp()) // SLOT_SECONDS
    rows = await fetch(f"SELECT slot, {', '.join(_POINT)} FROM box_point WHERE box = ? AND slot > ? ORDER BY slot", box, since)
    return [
        PointView(at=datetime.fromtimestamp(row["slot"] * SLOT_SECONDS, UTC), **{name: row[name] for name in _POINT})
        for row in rows
    ]


async def log_lines(box: str, *, level: str | None = None, before: int | None = None, limit: int = 50) -> list[LogView]:
    """The newest first."""
    conditions, values = ["box = ?"], list[object]([box])
    for condition, value in (("level = ?", level), ("no < ?", before)):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    rows = await fetch(
        f"SELECT no, at, received_at, level, name, message, times FROM box_log "
        f"WHERE {' AND '.join(conditions)} ORDER BY no DESC LIMIT ?",
        *(*values, limit),
    )
    return [msgspec.convert(row, LogView) for row in rows]


async def latest(name: str) -> dict[str, float]:
    """One measure of all boxes that told it within an hour, by box: the first 1,000 of them."""
    if name not in _POINT:
        raise ValueError(name)
    since = int((now() - FRESH).timestamp()) // SLOT_SECONDS
    rows = await fetch(
        f"SELECT p.box, p.{name} AS value FROM box_point p JOIN "
        "(SELECT box, max(slot) AS slot FROM box_point WHERE slot > ? GROUP BY box ORDER BY box LIMIT ?) newest "
        f"ON newest.box = p.box AND newest.slot = p.slot WHERE p.{name} IS NOT NULL",
        *(since, MOST_LABELS),
    )
    return {row["box"]: float(row["value"]) for row in rows}


def _bounded(value: int) -> int:
    return max(-LARGEST, min(value, LARGEST))
