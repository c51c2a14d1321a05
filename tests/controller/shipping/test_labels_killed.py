"""The buyer dies at each place around the carrier's answer: the label is bought once, and nothing is left in doubt for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from controller import db
from controller.shipping.carriers import Kind
from controller.shipping.states import ShipmentState
from tests.controller.customers.keys import open_test_keys
from tests.controller.shipping.desk import Desk
from tests.controller.shipping.stand_in import StandIn, stand_in

BUYER = """
import asyncio, sys
from pathlib import Path
from controller import db
from controller.shipping.labels import work_once
from tests.controller.customers.keys import open_test_keys
from tests.controller.shipping.desk import QuickApis

async def main():
    await db.connect(sys.argv[1])
    await open_test_keys()
    await work_once(QuickApis(Path(sys.argv[2])))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("place", "sold_before"),
    [
        ("ctl.label_claimed_before_call", 0),
        ("ctl.label_bought_before_store", 1),
        ("ctl.label_bought_before_commit", 1),
    ],
)
async def test_a_label_is_bought_once_wherever_the_buyer_dies(
    tmp_path: Path, schema_file: Path, place: str, sold_before: int
) -> None:
    url = f"sqlite://{tmp_path}/controller.db"
    (tmp_path / "controller.db").write_bytes(schema_file.read_bytes())
    await db.connect(url)
    async with stand_in() as carrier:
        desk = await Desk.open(tmp_path)
        await desk.carrier("fast", Kind.HTTP, address=carrier.address)
        await desk.packed()
        await db.close()
        await _die(url, tmp_path, place)
        assert sum(map(len, carrier.sold.values())) == sold_before
        await db.connect(url)
        try:
            await _come_back(desk, carrier)
        finally:
            await db.close()


async def _die(url: str, folder: Path, place: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BUYER, url, str(folder), env=os.environ | {"SHELFWIRE_FAILPOINTS": f"{place}=crash"}
    )
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL


async def _come_back(desk: Desk, carrier: StandIn) -> None:
    await open_test_keys()
    assert await desk.purchase() == "calling"
    await desk.work()
    assert await desk.purchase() == "calling", "whoever asked may still be at it"
    await desk.due()
    await desk.work()
    assert await desk.purchase() == "uncertain"
    for _ in range(2):
        await desk.due()
        await desk.work()
    one = await desk.newest()
    assert (await desk.purchase(), one.state, one.tracking_no) == ("bought", ShipmentState.LABELLED, "TN00000001")
    assert [len(numbers) for numbers in carrier.sold.values()] == [1], "nobody pays twice"
