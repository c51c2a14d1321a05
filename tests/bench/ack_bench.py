"""From the scan to the controller's ack on the box's disk: real Mosquitto, the controller as a process, the agent's `Box` in here.

One scan after the other, each after the ack of the one before, as a person scans.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from tests.bench import chain, load
from tests.bench.box import BenchBox, running_box
from tests.bench.report import Row, percentile, row

SCANS = 400
WARM_UP = 20
TARGETS_MS = {50: 10.0, 99: 40.0}


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.broker(folder) as broker, chain.engines(folder) as urls:
        for engine, url in urls.items():
            samples = asyncio.run(_samples(folder, engine.lower(), url, broker.port))
            for percent, target in TARGETS_MS.items():
                value = percentile(samples, percent)
                yield row(
                    f"scan -> acked at the box, {engine} (p{percent})", value, "ms", target=f"<= {target:g} ms", ok=value <= target
                )


async def _samples(folder: Path, name: str, url: str, port: int) -> list[float]:
    """Milliseconds of each scan."""
    place = folder / f"box-{name}"
    program = chain.controller(folder, name, url, port)
    async with chain.listening(port) as listener:
        try:
            await chain.started(program, listener)
            async with running_box(place, port, connects=True) as box:
                await box.until_linked()
                for number in range(WARM_UP):
                    await _scan(box, number)
                return [await _scan(box, number) for number in range(WARM_UP, WARM_UP + SCANS)]
        finally:
            await program.stop()


async def _scan(box: BenchBox, number: int) -> float:
    began = box.scan(load.SYMBOLS[number % len(load.SYMBOLS)])
    return (await box.until_acked() - began) * 1000
