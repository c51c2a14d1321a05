"""Each failpoint of the product, once: the program dies there while it is used, and starts again: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from tests.chaos.oracle import heal, judge
from tests.chaos.people import HAND_SECONDS, Office, Person
from tests.chaos.world import BOX, World, open_world, until
from tests.servers import Mosquitto
from tests.shopday.programs import ROOT, Program

DIES_WITHIN = 30.0
PIECES = 2000


class Users:
    """Who drives a program to its failpoint."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person = Person(world)
        self.office = Office(world, Random(0))
        self.commands: list[str] = []

    async def scan(self) -> None:
        while True:
            await self.person.scan_next()
            await asyncio.sleep(HAND_SECONDS)

    async def print_label(self) -> None:
        await self.office.print_label()
        await asyncio.Event().wait()

    async def command(self) -> None:
        sent = await self.world.insist(f"/boxes/{BOX}/commands", {"name": "identify"}, f"command-{len(self.commands)}")
        self.commands.append(str(sent["id"]))
        await asyncio.Event().wait()


Drive = Callable[[Users], Awaitable[None]]
AGENT: dict[str, Drive] = {
    "box.after_append": Users.scan,
    "box.after_publish": Users.scan,
    "box.before_ack_delete": Users.scan,
    "box.inbox_persisted": Users.command,
    "print.after_sending_persisted": Users.print_label,
    "print.after_first_byte": Users.print_label,
    "print.after_last_byte": Users.print_label,
    "print.before_printed_persisted": Users.print_label,
}
CONTROLLER: dict[str, Drive] = {
    "ctl.after_receive": Users.scan,
    "ctl.before_commit": Users.scan,
    "ctl.after_commit_before_ack": Users.scan,
}


def test_every_failpoint_of_the_code_is_crashed_here() -> None:
    found = {
        name
        for package in ("edge_agent", "controller", "drivers", "provisioning")
        for file in (ROOT / package).rglob("*.py")
        for name in re.findall(r'\bfailpoint\("([^"]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert found == {*AGENT, *CONTROLLER}


async def dies(users: Users, program: Program, name: str, drive: Drive) -> None:
    """Drive a program that was started with the failpoint armed, until it is dead."""
    driving = asyncio.ensure_future(drive(users))
    try:
        async with asyncio.timeout(DIES_WITHIN):
            assert program.process is not None
            await asyncio.wait([driving, asyncio.ensure_future(program.process.wait())], return_when=asyncio.FIRST_COMPLETED)
            if driving.done():
                await driving
            code = await program.process.wait()
    except TimeoutError as error:
        raise AssertionError(f"{program.name} did not come to {name} within {DIES_WITHIN:g} s") from error
    finally:
        driving.cancel()
        await asyncio.wait([driving])
    users.world.history.note("died", program=program.name, failpoint=name, code=code)
    assert code == -signal.SIGKILL, f"{program.name} ended with {code} instead of dying at {name}"


async def are_commands_answered(users: Users) -> bool:
    states = [(await users.world.api.get(f"/commands/{command}"))["state"] for command in users.commands]
    return "requested" not in states


async def test_the_agent_dies_at_each_of_its_failpoints(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with open_world(tmp_path, own_mosquitto, pieces=PIECES) as world:
        users = Users(world)
        await users.person.begin()
        for name, drive in AGENT.items():
            await world.agent.stop()
            await world.start_agent(waits=False, failpoints=f"{name}=crash")
            await dies(users, world.agent, name, drive)
            await world.start_agent(waits=False)
            await heal(world)
            await until("the commands are answered", lambda: are_commands_answered(users))
            await judge(world, users.person, users.office)


async def test_the_controller_dies_at_each_of_its_failpoints(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with open_world(tmp_path, own_mosquitto, pieces=PIECES) as world:
        users = Users(world)
        await users.person.begin()
        for name, drive in CONTROLLER.items():
            await heal(world)
            await world.controller.stop()
            await world.start_controller(waits=False, failpoints=f"{name}=crash")
            await dies(users, world.controller, name, drive)
            await world.start_controller(waits=False)
            await heal(world)
            await judge(world, users.person, users.office)
