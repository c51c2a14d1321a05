"""The sender dies after the supplier has the order and before that is noted: it is sent again, as the same message."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from controller import db
from controller.purchasing import operations
from controller.purchasing.policies import Channel
from controller.purchasing.states import SendingState
from tests.controller.purchasing.buying import BuyingShop
from tests.controller.purchasing.test_sending import config, due_now, reached_by, state_of, work

PLACE = "ctl.order_sent_before_commit"
SENDER = """
import asyncio, sys
from pathlib import Path
from random import Random
from controller import db
from controller.purchasing.config import Purchasing
from controller.purchasing.sending import send_next

async def main():
    await db.connect(sys.argv[1])
    await send_next(Purchasing(company="Example Stores", folder=Path(sys.argv[2])), Random(1))

asyncio.run(main())
"""


async def test_an_order_that_was_sent_and_not_noted_is_the_same_order_again(tmp_path: Path) -> None:
    url, drop = f"sqlite://{tmp_path}/controller.db", tmp_path / "drop"
    await db.connect(url, create_schema=True)
    shop = await BuyingShop.open()
    await reached_by(Channel.FILE, "dairy")
    no = await shop.ordered(("milk", 2), ("tea", 1))
    await operations.send(no)
    await db.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, url, str(drop), env=os.environ | {"SHELFWIRE_FAILPOINTS": f"{PLACE}=crash"}
    )
    async with asyncio.timeout(30):
        assert await process.wait() == -signal.SIGKILL
    told = {path.name: path.read_bytes() for path in (drop / "dairy").iterdir()}
    assert told, "the supplier has it"
    await db.connect(url)
    try:
        assert (await state_of(no))[1] is SendingState.WAITING
        await due_now()
        for _ in range(2):
            await work(config(folder=drop))
        assert (await state_of(no))[1] is SendingState.SENT
        assert {path.name for path in (drop / "dairy").iterdir()} == set(told), "under the same names"
    finally:
        await db.close()
