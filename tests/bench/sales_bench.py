"""A file of 20,000 rows of other tills' sales: from its bytes to the last line booked in the ledger, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from time import perf_counter

from controller import db
from controller.sales.imports import begin, go_on
from controller.sales.rows import HowToRead
from tests.bench import chain
from tests.bench.load import SITE, SYMBOLS
from tests.bench.report import Row, row

ROWS = 20_000
LINES_OF_A_RECEIPT = 4
BOOKED_PER_SECOND = 5_000


def measure() -> Iterator[Row]:
    with chain.work_folder() as folder, chain.engines(folder) as urls:
        for engine, url in urls.items():
            booked = asyncio.run(_booked(url))
            target = f">= {BOOKED_PER_SECOND:,} rows/s"
            name = f"sales of a file booked, {engine}"
            yield row(name, booked, "rows/s", target=target, ok=booked >= BOOKED_PER_SECOND)


async def _booked(url: str) -> float:
    """Rows per second, reading included."""
    body = _file()
    await db.connect(url)
    try:
        began = perf_counter()
        done = await go_on(await begin(body, HowToRead(site=SITE, time_zone="", currency="")))
        seconds = perf_counter() - began
        booked = await db.fetch("SELECT COUNT(*) AS n FROM stock_movement WHERE reason = 'sold'")
    finally:
        await db.close()
    if (done.booked, booked[0]["n"]) != (ROWS // LINES_OF_A_RECEIPT, ROWS):
        raise AssertionError(f"{done} with {booked[0]['n']} movements, expected {ROWS} rows")
    return ROWS / seconds


def _file() -> bytes:
    random = Random(4)
    lines = ["receipt,occurred_at,till,sku,quantity,unit_price"]
    for number in range(ROWS):
        receipt = number // LINES_OF_A_RECEIPT
        when = f"2026-{1 + receipt % 6:02}-{1 + receipt % 28:02} {8 + receipt % 12:02}:{receipt % 60:02}"
        lines.append(f"R{receipt},{when},{receipt % 3},{random.choice(SYMBOLS)},{random.randint(1, 5)},{random.randint(1, 99)}.50")
    return "\n".join(lines).encode()
