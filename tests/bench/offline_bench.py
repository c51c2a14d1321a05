"""A store after days without its network: 100,000 facts wait on the box, the link comes back, and the shop goes on scanning.

Agent and controller are processes (SQLite, real Mosquitto).  The facts are put into the box's file before it starts; what it holds
then is its backlog, however it came there.  "Drained" is from the agent's start to the ack of the last of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import UUID

from drivers.emulators.bench.device import BenchDevice, DeviceSpec, running
from edge_agent.facts import FactsDb
from edge_agent.outbox import Identity, Outbox
from edge_agent.seams import SystemClock
from edge_agent.wire.facts import FactDraft
from tests.bench import chain, load
from tests.bench.agent import BOX, agent
from tests.bench.counter import resident_mib
from tests.bench.report import Row, percentile, row

BACKLOG = 100_000
APPENDED_AT_ONCE = 1000
LIVE_EVERY = 0.02
"""Seconds between scans: more than a hundred while it drains."""
TARGETS = {"seconds": 10.0, "live": 100.0, "memory": 65.0}
SCANNER = {"id": "scanner", "kind": "scanner", "model": "scanner.serial"}


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker:
        url = f"sqlite://{folder}/controller.db"
        asyncio.run(chain.prepare(url))
        epoch = _fill(folder / "box")
        seconds, live, memory = asyncio.run(_drain(folder, url, broker.port, epoch))
    name = f"{BACKLOG:,} offline facts"
    yield _row(f"{name} drained", seconds, "s", TARGETS["seconds"])
    yield _row(f"{name}: live scans meanwhile, scan -> acked (p99 of {len(live)})", percentile(live, 99), "ms", TARGETS["live"])
    yield _row(f"{name}: agent memory after it (RSS)", memory, "MiB", TARGETS["memory"])


def _row(name: str, value: float, unit: str, target: float) -> Row:
    return row(name, value, unit, target=f"<= {target:g} {unit}", ok=value <= target)


class _Yesterday(SystemClock):
    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=1)


def _fill(folder: Path) -> UUID:
    """The epoch that it is in."""
    folder.mkdir()
    facts = FactsDb(folder / "facts.db")
    outbox = Outbox(facts, Identity(site=load.SITE, box=BOX, boot="before"), _Yesterday(), Random(1))
    drafts = [FactDraft(data=fact, device="scanner", station="desk") for fact in load.scans(BACKLOG)]
    for start in range(0, BACKLOG, APPENDED_AT_ONCE):
        outbox.append(drafts[start : start + APPENDED_AT_ONCE])
    facts.close()
    return outbox.epoch


async def _drain(folder: Path, url: str, port: int, epoch: UUID) -> tuple[float, list[float], float]:
    """Seconds; milliseconds of each live scan; MiB."""
    controller = chain.controller(folder, "controller", url, port)
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(chain.listening(port))
        stack.push_async_callback(controller.stop)
        await chain.started(controller, listener)
        place = DeviceSpec(id="scanner", protocol="scanner", place=("--pty", str(folder / "scanner")))
        scanner = await stack.enter_async_context(running(place))
        device = {**SCANNER, "address": scanner.address, "options": {"sends_aim": False}}
        box = agent(folder, port, [device], {"id": "desk", "scanner": "scanner"})
        stack.push_async_callback(box.stop)
        began = perf_counter()
        await box.start()
        await listener.until(lambda: listener.is_ready("scanner"))
        scanned: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            live = tasks.create_task(_scan(scanner, scanned))
            await listener.until(lambda: _acked(listener, epoch) >= BACKLOG)
            seconds = perf_counter() - began
            live.cancel()
        await listener.until(lambda: len(_live_acks(listener, epoch)) >= len(scanned))
        acked = _live_acks(listener, epoch)
        waits = [(acked[seq] - when) * 1000 for seq, when in enumerate(scanned, 1)]
        return seconds, waits, resident_mib(box)


async def _scan(scanner: BenchDevice, scanned: list[float]) -> None:
    while True:
        await asyncio.sleep(LIVE_EVERY)
        began = perf_counter()
        await scanner.do({"do": "scan", "text": load.SYMBOLS[len(scanned) % len(load.SYMBOLS)]})
        scanned.append(began)


def _acked(listener: chain.Listener, epoch: UUID) -> int:
    """How many of the backlog: each is acked once here, nothing is lost on the way."""
    return sum(last - first + 1 for _, of, ranges in listener.fact_acks if of == epoch for first, last in ranges)


def _live_acks(listener: chain.Listener, backlog: UUID) -> dict[int, float]:
    """When each scan of this start was acked, by its number: each start begins an epoch."""
    acks = ((when, pair) for when, of, ranges in listener.fact_acks if of != backlog for pair in ranges)
    return {seq: when for when, (first, last) in acks for seq in range(first, last + 1)}
