"""Live facts, a message each, into one gateway process; beside it, bare paho taking the same messages.

All of them wait in the broker before anyone takes them, so that no publisher is measured.  The gateway's time runs from its birth
to the ack of the last fact: then all are committed, with their effect.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from tests.bench import chain, load
from tests.bench.report import Row, row

FACTS = 20_000
TARGETS = {"PostgreSQL": 0.6, "SQLite": 0.5}


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker, chain.engines(folder) as urls:
        found = asyncio.run(_rates(folder, broker.port, urls))
    for engine, (rate, limit) in found.items():
        share = TARGETS[engine]
        target = f">= {share:.0%} of paho"
        yield row(f"live ingest, {engine}", rate, "facts/s", limit=limit, target=target, ok=rate >= share * limit)


async def _rates(folder: Path, port: int, urls: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Facts per second by engine, and paho's messages per second: the mean of its rates just before and just after."""
    messages = load.singles(load.scans(FACTS), seed=1)
    gateways = {engine: chain.controller(folder, engine.lower(), url, port) for engine, url in urls.items()}
    async with chain.listening(port) as listener:
        for gateway in gateways.values():
            await chain.subscribe_once(gateway, listener)
        for number in range(len(gateways) + 1):
            await _bare_paho(port, f"bare-{number}", 0)
        await listener.publish(messages)
        paho = [await _bare_paho(port, "bare-0", FACTS)]
        rates: list[float] = []
        for number, gateway in enumerate(gateways.values(), 1):
            rates.append(await chain.drained(gateway, listener, FACTS))
            paho.append(await _bare_paho(port, f"bare-{number}", FACTS))
    for engine, url in urls.items():
        if (stored := await chain.applied(url)) != FACTS:
            raise AssertionError(f"{engine} holds {stored} applied facts, expected {FACTS}")
    limits = [(before + after) / 2 for before, after in pairwise(paho)]
    return dict(zip(gateways, zip(rates, limits, strict=True), strict=True))


async def _bare_paho(port: int, name: str, count: int) -> float:
    """Messages per second, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.bare_client", str(port), name, str(count)), stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), chain.WAIT_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    return float(out or 0)
