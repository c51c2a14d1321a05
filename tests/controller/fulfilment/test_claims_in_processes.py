"""Two pickers claim the same two hundred lists at once, told to two controllers that are processes of their own.

SQLite serves one controller and refuses a second: there both are told to the one process, at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process

from controller import db
from controller.fulfilment.numbers import PICK_LISTS
from controller.fulfilment.operations import release
from controller.orders.operations import place
from tests.controller.boxes import register
from tests.controller.orders_shop import OrderShop

ORDERS, ATTEMPTS = 20, 10
BOXES = ("b1", "b2")
CONTROLLER = """
import asyncio, json, sys
from random import Random
from controller import db
from controller.ingest import ingest
from edge_agent.wire.pick_facts import PickClaimed
from tests.controller.boxes import WireBox
from tests.controller.fulfilment.test_claims import Picker

async def tell(name, numbers):
    random = Random(name)
    random.shuffle(numbers)
    picker = Picker(WireBox(box=name, site="s1", random=random), f"p-{name}")
    claims = {number: picker.tells(PickClaimed(pick_list=number)) for number in numbers}
    for start in range(0, len(numbers), 8):  # a box that was offline tells many at once
        await ingest([picker.box.message(claims[number]) for number in numbers[start:start + 8]])
    return {number: str(claim.id) for number, claim in claims.items()}

async def main():
    await db.connect(sys.argv[1])
    numbers = json.loads(sys.stdin.readline())
    print("ready", flush=True)
    sys.stdin.readline()
    told = await asyncio.gather(*(tell(name, list(numbers)) for name in sys.argv[2:]))
    print(json.dumps(dict(zip(sys.argv[2:], told))), flush=True)
    await db.close()

asyncio.run(main())
"""


async def test_each_list_is_in_one_pair_of_hands_whichever_process_is_told_first(schema_url: str) -> None:
    await db.connect(schema_url)
    numbers = await _lists()
    await db.close()
    shared = schema_url.startswith("sqlite")
    claims = await _told_at_once(schema_url, [BOXES] if shared else [(box,) for box in BOXES], numbers)
    await db.connect(schema_url)
    try:
        codes = {str(row["id"]): row["code"] or row["outcome"] for row in await db.fetch("SELECT id, outcome, code FROM fact")}
        rows = await db.fetch("SELECT id, claimed_box, claimed_by FROM pick_list")
    finally:
        await db.close()
    assert len(rows) == len(numbers) == ORDERS * ATTEMPTS
    winners: dict[str, int] = dict.fromkeys(BOXES, 0)
    for row in rows:
        said = {box: codes[claims[box][PICK_LISTS.number(row["id"])]] for box in BOXES}
        assert sorted(said.values()) == ["applied", "claimed_by_other"]
        assert said[row["claimed_box"]] == "applied"
        assert row["claimed_by"] == f"person:p-{row['claimed_box']}"
        winners[row["claimed_box"]] += 1
    assert all(winners.values()), "they were at it at the same time"


async def _lists() -> list[str]:
    """Of some orders, each with many attempts: what a claim is about is the list, not its goods."""
    shop = await OrderShop.open()
    await register("b2", "s1")
    await shop.stock("tea", ORDERS)
    for _ in range(ORDERS):
        await release(await place(shop.order(("tea", 1))))
    for attempt in range(2, ATTEMPTS + 1):
        await db.execute(
            "INSERT INTO pick_list (order_id, site, attempt, state, released_at) "
            "SELECT order_id, site, ?, state, released_at FROM pick_list WHERE attempt = 1",
            attempt,
        )
    return [PICK_LISTS.number(row["id"]) for row in await db.fetch("SELECT id FROM pick_list ORDER BY id")]


async def _told_at_once(url: str, groups: list[tuple[str, ...]], numbers: list[str]) -> dict[str, dict[str, str]]:
    """The ids of the claims, by box and list: a process for each group of boxes."""
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", CONTROLLER, url, *group, stdin=PIPE, stdout=PIPE)
        for group in groups
    ]
    try:
        async with asyncio.timeout(120):
            for process in processes:
                await _tell(process, json.dumps(numbers))
                assert await _line(process) == "ready"
            for process in processes:
                await _tell(process, "go")
            told = [json.loads(await _line(process)) for process in processes]
            assert [await process.wait() for process in processes] == [0] * len(groups)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return {box: claims for one in told for box, claims in one.items()}


async def _tell(process: Process, text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n".encode())
    await process.stdin.drain()


async def _line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()
