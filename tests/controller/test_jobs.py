from __future__ import annotations

import asyncio

import pytest

from controller.config import Retention
from controller.jobs import sweep
from controller.people.sessions import Limits


async def test_asweep_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sweeping = asyncio.create_task(sweep(Limits(), Retention()))  # no database is connected
    async with asyncio.timeout(5):
        while not any("could not be forgotten" in record.message for record in caplog.records):
            await asyncio.sleep(0)
    assert not sweeping.done()
    sweeping.cancel()
    await asyncio.wait([sweeping])
