"""Each failpoint of the product, once: the program dies there while it is used, and starts again: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.chaos.failpoints import FULL, PIECES, PLACES, Mode, Place, Users, marked_in_the_code, strike
from tests.chaos.world import open_world
from tests.servers import running_mosquitto
from tests.shopday.programs import ROOT

ELSEWHERE = {
    "ctl.consumer_after_effect",
    "ctl.label_bought_before_commit",
    "ctl.label_bought_before_store",
    "ctl.label_claimed_before_call",
    "ctl.order_sent_before_commit",
    "ctl.payment_called_before_commit",
    "people.counted_before_judged",
    "print.before_lease",
    "print.after_lease",
    "print.after_doubt",
}
"""Crashed by the tests of their own parts."""
LEAST = 25
WORLDS = 3


def test_every_failpoint_of_the_code_is_crashed() -> None:
    found = marked_in_the_code()
    assert found == {place.name for place in PLACES} | ELSEWHERE
    assert len(found) >= LEAST
    tests = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]
    forgotten = {name for name in ELSEWHERE if not any(name in text for text in tests)}
    assert not forgotten


async def test_the_program_dies_at_each_failpoint(tmp_path: Path) -> None:
    """Some worlds beside each other, each with a share of the places."""
    marked = marked_in_the_code()
    places = tuple(place for place in PLACES if place.name in marked)
    async with asyncio.TaskGroup() as worlds:
        for number in range(WORLDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            worlds.create_task(strike_all(folder, places[number::WORLDS], Mode.CRASH))


async def strike_all(folder: Path, places: tuple[Place, ...], mode: Mode) -> None:
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with AsyncExitStack() as stack:
            world = await stack.enter_async_context(open_world(folder, broker, pieces=PIECES, limits={"facts_bytes": FULL}))
            users = Users(world)
            await users.person.begin()
            for place in places:
                await strike(users, place, mode)
