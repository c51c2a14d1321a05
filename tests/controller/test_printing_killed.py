"""The consumer that makes print jobs of wishes dies after its effect and before its place is noted: one wish, one job."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from controller import db, printing
from controller.documents.events import DocumentWanted
from controller.documents.operations import store_builtin
from controller.events import record
from tests.controller.boxes import register

PLACE = "ctl.consumer_after_effect"
CONSUMER = """
import asyncio, sys
from controller import db, printing

async def main():
    await db.connect(sys.argv[1])
    await printing.catch_up()

asyncio.run(main())
"""


async def test_a_wish_is_one_job_when_its_consumer_is_killed_in_the_middle(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/controller.db"
    await db.connect(url, create_schema=True)
    await register()
    await store_builtin()
    await db.execute(
        "INSERT INTO device (box, id, kind, model, address, state, faults, described) "
        "VALUES ('b1', 'labels', 'label_printer', 'zpl', 'tcp:127.0.0.1:1', 'ready', '[]', true)"
    )
    wish = DocumentWanted(key="wish-1", template="shelf-label", box="b1", document="D-1", data={"name": "Tea"}, copy=False)
    async with db.transaction():
        await record(wish, subject="D-1")
    await db.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CONSUMER, url, env=os.environ | {"SHELFWIRE_FAILPOINTS": f"{PLACE}=crash"}
    )
    async with asyncio.timeout(30):
        assert await process.wait() == -signal.SIGKILL
    await db.connect(url)
    try:
        for _ in range(2):
            await printing.catch_up()
        assert [row["document"] for row in await db.fetch("SELECT document FROM print_job")] == ["D-1"]
    finally:
        await db.close()
