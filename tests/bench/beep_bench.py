"""The beep: from the event of the scanner's thread to the decided answer, after the commit on this disk.

Beside each scan, in turn, as many bytes as a scan's commit puts into the WAL are written to a file of their own with one fdatasync.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from tests.bench import chain
from tests.bench.box import BenchBox, running_box
from tests.bench.raw_file import RawFile
from tests.bench.report import Row, percentile, row

SCANS = 1500
WARM_UP = 20
"""The first scans load code; also few enough that the WAL only grows, so that a commit's size can be read from it."""
LIMIT_MS = 5.0
TIMES_OF_A_WRITE = 5


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder:
        beeps, raw = asyncio.run(_samples(folder))
    value, limit = percentile(beeps, 99), percentile(raw, 99)
    yield row(
        "scan read -> on disk, beep (p99)",
        value,
        "ms",
        limit=limit,
        target=f"<= {LIMIT_MS:g} ms or {TIMES_OF_A_WRITE} x one fdatasync",
        ok=value <= max(LIMIT_MS, TIMES_OF_A_WRITE * limit),
    )


async def _samples(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each scan, and of each raw write."""
    async with running_box(folder, 9, connects=False) as box:
        before = _wal_bytes(box)
        for number in range(WARM_UP):
            await _scan(box, number)
        with RawFile(folder / "raw", (_wal_bytes(box) - before) // WARM_UP) as raw:
            pairs = [(await _scan(box, number), raw.write()) for number in range(WARM_UP, WARM_UP + SCANS)]
    return [beep for beep, _ in pairs], [write for _, write in pairs]


async def _scan(box: BenchBox, number: int) -> float:
    began = box.scan(f"{4_006_381_000_000 + number}")
    return (await box.until_beep() - began) * 1000


def _wal_bytes(box: BenchBox) -> int:
    return box.facts.path.with_name(box.facts.path.name + "-wal").stat().st_size
