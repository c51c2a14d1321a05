from __future__ import annotations

import asyncio
import threading

import pytest

from edge_agent.disk import Disk, InlineDisk, ThreadDisk


@pytest.mark.parametrize("kind", [ThreadDisk, InlineDisk])
async def test_work_runs_in_order_one_at_a_time_and_its_errors_come_back(kind: type[ThreadDisk | InlineDisk]) -> None:
    disk: Disk = kind()
    done: list[int] = []
    await asyncio.gather(*[disk.run(lambda number=number: done.append(number)) for number in range(50)])  # type: ignore[misc]  # bound at once
    assert done == list(range(50))
    with pytest.raises(ZeroDivisionError):
        await disk.run(lambda: 1 // 0)
    disk.close()


async def test_the_writer_thread_is_not_the_loops() -> None:
    disk = ThreadDisk()
    assert await disk.run(threading.get_ident) != threading.get_ident()
    disk.close()
