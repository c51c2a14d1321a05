"""What is no death: a frozen agent, a full disk, a cable pulled in the middle of a scan, a second controller."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.chaos.oracle import heal, judge
from tests.chaos.people import Heard, Person
from tests.chaos.world import World, open_world, until
from tests.servers import Mosquitto, free_port
from tests.shopday.programs import Program, children_of, toml

FROZEN_SECONDS = 5.0
SMALLEST = 1 << 20
"""Bytes: the smallest `facts_bytes`; a quarter of it is kept for acks and results."""
FILLS_WITHIN = 3000
"""Scans."""


async def test_an_agent_that_is_frozen_for_5_s_answers_late_and_goes_on(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with open_world(tmp_path, own_mosquitto) as world:
        person = Person(world)
        await person.begin()
        assert await person.scan_next() is Heard.GOOD
        world.agent.send_signal(signal.SIGSTOP)
        answer = asyncio.create_task(person.scan_next())
        await asyncio.sleep(FROZEN_SECONDS)
        assert not answer.done(), "a frozen box beeped"
        world.agent.send_signal(signal.SIGCONT)
        assert await answer is Heard.GOOD
        assert [await person.scan_next() for _ in range(20)] == [Heard.GOOD] * 20
        await heal(world)
        await judge(world, person)


async def test_a_full_outbox_refuses_scans_and_takes_them_again_when_acks_made_room(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with open_world(tmp_path, own_mosquitto, pieces=FILLS_WITHIN, limits={"facts_bytes": SMALLEST}) as world:
        person = Person(world)
        await person.begin()
        await heal(world)
        await world.kill_broker(wipe=True)
        while (heard := await person.scan_next()) is Heard.GOOD:
            pass
        assert heard is Heard.BAD, "a box with a full disk did not say so"
        assert [await person.scan_next() for _ in range(5)] == [Heard.BAD] * 5
        good = list(person.heard.values()).count(Heard.GOOD)
        assert good > 100, f"the outbox was full after {good} scans"
        await world.agent.kill()  # full, and started again while it is
        await world.start_agent()
        assert await person.scan_next() is Heard.BAD
        await world.start_broker()
        await until("the outbox is empty", lambda: world.waiting() == 0)
        assert [await person.scan_next() for _ in range(20)] == [Heard.GOOD] * 20
        await heal(world)
        await judge(world, person)
        print(f"full after {good} scans; every one of them was stored in the end")


async def test_a_scanner_that_is_pulled_out_in_the_middle_of_a_scan_is_used_again(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with open_world(tmp_path, own_mosquitto) as world:
        person = Person(world)
        await person.begin()
        for _ in range(2):
            await world.scanner.do({"do": "fault", "name": "slow", "on": True})
            await world.scanner.do({"do": "scan", "text": "NEVER-WHOLE", "aim": "]C0"})
            await asyncio.sleep(0.2)  # four of its bytes are out
            await world.scanner.do({"do": "fault", "name": "unplug", "on": True})
            await world.scanner.do({"do": "fault", "name": "slow", "on": False})
            await until("the agent lets go of the scanner", lambda: not world.has_agent_the_scanner())
            await world.scanner.do({"do": "fault", "name": "unplug", "on": False})
            await until("the agent has the scanner again", world.has_agent_the_scanner)
            await until("a scan is answered", lambda: _is_heard(person))
        assert [await person.scan_next() for _ in range(5)] == [Heard.GOOD] * 5
        await heal(world)
        await judge(world, person)


async def _is_heard(person: Person) -> bool:
    """A scan in the moment of opening may go under: the port's old input is thrown away."""
    return await person.scan_next() is Heard.GOOD


async def test_a_second_controller_on_the_same_database_is_refused_and_the_first_goes_on(
    own_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with open_world(tmp_path, own_mosquitto) as world:
        person = Person(world)
        await person.begin()
        second = await _second_controller(world)
        assert second.process is not None
        try:
            assert await asyncio.wait_for(second.process.wait(), 20) == 1
        finally:
            await second.kill()
        assert "Stop that controller first" in second.tail()
        assert await person.scan_next() is Heard.GOOD
        await heal(world)
        await judge(world, person)


async def test_the_embedded_broker_and_its_controller_may_be_killed(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    async with open_world(tmp_path, Mosquitto(folder, free_port()), embedded=True) as world:
        person = Person(world)
        await person.begin()
        for _ in range(3):
            assert await person.scan_next() is Heard.GOOD
            await world.controller.kill()
            assert await person.scan_next() is Heard.GOOD
            await world.start_controller()  # at once: the broker of the one before is just ending
            await heal(world)
            (broker,) = children_of(world.controller.pid)
            os.kill(broker, signal.SIGKILL)
            assert await person.scan_next() is Heard.GOOD
            await until("another broker", partial(_has_another_broker, world, broker))
            await heal(world)
        await judge(world, person)


def _has_another_broker(world: World, before: int) -> bool:
    return any(child != before for child in children_of(world.controller.pid))


async def _second_controller(world: World) -> Program:
    config = world.folder / "second.toml"
    document: list[tuple[str, Mapping[str, object]]] = [
        ("", {"data": world.folder / "controller"}),
        ("[http]", {"port": 0}),
        ("[broker]", {"host": "127.0.0.1", "port": world.broker.port}),
    ]
    config.write_text(toml(document), encoding="utf-8")
    second = Program("second", ("controller", "--config", str(config), "serve"), world.folder / "second.log")
    await second.start()
    return second
