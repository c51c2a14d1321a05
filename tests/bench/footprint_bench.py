"""What the agent costs a store computer: memory, idle processor time with four devices, seconds from start to ready.

Agent and controller are processes, the four devices are emulators.  "Ready" is the retained birth at the broker.  With floor pages:
badge and PIN, every page, a stream that stays open, a catalogue of 100,000 SKUs in whose files they search.  A cold cache is one
without the files of the agent, of its packages and of the interpreter.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import catalogue, cold, load
from tests.bench.counter import counter, site
from tests.bench.report import Row, row
from tests.bench.screen import PAGES, listening, screen
from tests.shopday.programs import free_port

STARTS, COLD_STARTS = 5, 3
IDLE_SECONDS = 15
SCANS, AN_HOUR = 20, 3600
LOADS = 20
"""Of each page."""


@dataclass(frozen=True, slots=True)
class Plain:
    """MiB, percent of one processor, seconds."""

    before: float
    after: float
    after_an_hour: float
    idle: float
    ready: float
    ready_cold: float


@dataclass(frozen=True, slots=True)
class Floor:
    """MiB, percent of one processor, seconds."""

    memory: float
    after_an_hour: float
    idle: float
    ready: float


def measure() -> Iterator[Row]:
    with site() as (folder, url, port):
        plain = asyncio.run(_plain(folder, url, port))
    with site() as (folder, url, port):
        asyncio.run(catalogue.fill(folder / "box" / "replica.db", load.SITE))
        floor = asyncio.run(_floor(folder, url, port))
    hour = f"{AN_HOUR:,} scans (1 h of 1 scan/s)"
    yield _row("agent memory before the first print (RSS)", plain.before, "MiB", 55)
    yield _row("agent memory after a receipt and a label (RSS)", plain.after, "MiB", 65)
    yield _row(f"the same after {hour}", plain.after_an_hour, "MiB", 65)
    yield _row("agent memory with floor pages and 100,000 SKUs in use (RSS)", floor.memory, "MiB", 80)
    yield _row(f"the same after {hour}, a receipt and a label", floor.after_an_hour, "MiB", 80)
    yield _row(f"agent idle with four devices, {IDLE_SECONDS} s", plain.idle, "%", 1)
    yield _row(f"the same with a screen's stream open, {IDLE_SECONDS} s", floor.idle, "%", 1)
    yield _row(f"agent start to ready (median of {STARTS})", plain.ready, "s", 1)
    yield _row(f"the same with floor pages (median of {STARTS})", floor.ready, "s", 1)
    yield _row(f"agent start to ready, cold cache (median of {COLD_STARTS})", plain.ready_cold, "s", 3)


def _row(name: str, value: float, unit: str, target: float) -> Row:
    return row(name, value, unit, target=f"<= {target:g} {unit}", ok=value <= target)


async def _plain(folder: Path, url: str, port: int) -> Plain:
    async with counter(folder, url, port) as desk:
        cold_starts = []
        for _ in range(COLD_STARTS):
            await desk.box.stop()
            cold.forget()
            cold_starts.append(await desk.start())
        starts = [await desk.start() for _ in range(STARTS)]
        await desk.until_devices_ready()
        await desk.scan(load.SYMBOLS[:SCANS])
        before = desk.resident_mib()
        idle = await desk.idle_percent(IDLE_SECONDS)
        await desk.print()
        after = desk.resident_mib()
        await desk.scan(_an_hour())
        return Plain(before, after, desk.resident_mib(), idle, statistics.median(starts), statistics.median(cold_starts))


async def _floor(folder: Path, url: str, port: int) -> Floor:
    pages = free_port()
    async with counter(folder, url, port, {"port": pages}) as desk:
        starts = [await desk.start() for _ in range(STARTS)]
        await desk.until_devices_ready()
        async with screen(pages) as at:
            await at.sign_in(1)
            async with listening(at):
                for path in PAGES * LOADS:
                    await at.load(path)
                await desk.scan([catalogue.symbol(number) for number in range(SCANS)])
                memory = desk.resident_mib()
                idle = await desk.idle_percent(IDLE_SECONDS)
                await desk.print()
                await desk.scan(_an_hour())
                return Floor(memory, desk.resident_mib(), idle, statistics.median(starts))


def _an_hour() -> Sequence[str]:
    return list(itertools.islice(itertools.cycle(load.SYMBOLS), AN_HOUR))
