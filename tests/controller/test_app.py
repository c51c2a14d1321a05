from __future__ import annotations

import asyncio

import pytest

from controller.app import _sweep
from controller.config import Retention
from controller.people.sessions import Limits


async def test_a_sweep_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sweep = asyncio.create_task(_sweep(Limits(), Retention()))  # no database is connected
    async with asyncio.timeout(5):
        while not any("could not be forgotten" in record.message for record in caplog.records):
            await asyncio.sleep(0)
    assert not sweep.done()
    sweep.cancel()
    await asyncio.wait([sweep])
