"""Each place of the product that is marked `failpoint("…")`: how a program is brought there, and what is expected of it after.

`strike()` does one: the program is started with the place armed, used until it gets there, and then it dies (crash), stands still
for a while (hang) or fails (raise).  What is left of it is started again, as its unit would, and nothing may be lost or doubled.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from paho.mqtt import publish
from paho.mqtt.enums import MQTTProtocolVersion

from edge_agent.wire.codec import encode
from edge_agent.wire.messages import TwinDesired
from edge_agent.wire.topics import BoxTopic, Family
from tests.chaos.oracle import heal, judge
from tests.chaos.people import BEEP_SECONDS, HAND_SECONDS, Heard, Office, Person
from tests.chaos.world import BOX, SITE, SKUS, World, until
from tests.shopday.programs import ROOT, Program

COMES_WITHIN = 30.0
HANG_SECONDS = 2.0
PIECES = 2000
FULL = 8 << 20
"""Bytes that facts.db may hold."""


class Mode(StrEnum):
    CRASH = "crash"
    HANG = "hang"
    RAISE = "raise"


class Users:
    """Who drives a program to its failpoint."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person = Person(world)
        self.office = Office(world, Random(0))
        self.commands: list[str] = []
        self.orders = 0
        self.unknown = 0
        self.twin_version = 0
        self.enough = asyncio.Event()
        """The program was where it was to come: who drives it ends what they are doing, and stops."""

    async def scan(self) -> None:
        while not self.enough.is_set():
            await self.person.scan_next()
            await asyncio.sleep(HAND_SECONDS)

    async def print_label(self) -> None:
        await self.office.print_label()
        await self.enough.wait()

    async def command(self) -> None:
        sent = await self.world.insist(f"/boxes/{BOX}/commands", {"name": "identify"}, f"command-{len(self.commands)}")
        self.commands.append(str(sent["id"]))
        await self.enough.wait()

    async def order(self) -> None:
        self.orders += 1
        lines = [{"sku": SKUS[0], "quantity": 1, "unit_price_minor": 100}]
        wanted: dict[str, object] = {"site": SITE, "channel": "web", "reference": f"web-{self.orders}", "currency": "CNY"}
        await self.world.insist("/orders", wanted | {"lines": lines}, f"order-{self.orders}")
        await self.enough.wait()

    async def name_the_unknown(self) -> None:
        """A code that nobody knows is received; then the catalogue learns it, and the fact that waits is tried again."""
        code = f"LATE-{self.unknown:04d}"
        self.unknown += 1
        self.person.pulled += 1
        heard = await self.person.scan(code)
        # A box that has the catalogue says that nobody knows the code, and keeps the scan all the same.
        self.person.heard[code] = Heard.GOOD if heard is Heard.BAD else heard
        await until("it is parked", lambda: self.world.parked() > 0)
        await self.world.api.import_catalogue(f"sku,name_en,name_zh,barcode\n{SKUS[0]},Tea,茶,{code}\n")
        await self.enough.wait()

    async def configure(self) -> None:
        """Somebody wants another configuration of the box: the same stations, scans twice within less time."""
        self.twin_version += 1
        document = self.world.twin_document(double_read_ms=100 + self.twin_version)
        topic = str(BoxTopic(site=SITE, box=BOX, family=Family.TWIN, name="desired"))
        payload = encode(TwinDesired(version=self.twin_version, document=document))
        port = self.world.broker.port
        await asyncio.to_thread(publish.single, topic, payload, 1, True, "127.0.0.1", port, protocol=MQTTProtocolVersion.MQTTv5)
        await self.enough.wait()

    async def nothing(self) -> None:
        """It comes there as it starts, or by itself."""
        await self.enough.wait()


Drive = Callable[[Users], Awaitable[None]]
Prepare = Callable[[World], None]


def leave_alone(_: World) -> None:
    """Nothing is to be prepared."""


def damage(world: World) -> None:
    """As if the agent had found its file damaged."""
    world.facts_db.with_name("facts.db.damaged").touch()


def take_ballast(world: World) -> None:
    world.facts_db.with_name("facts.db.ballast").unlink()


def fill(world: World) -> None:
    """The file is as large as it may be."""
    world.on_box("CREATE TABLE IF NOT EXISTS filler (bytes BLOB)", f"INSERT INTO filler VALUES (zeroblob({FULL - 80 * 4096}))")


def make_room(world: World) -> None:
    world.on_box("DROP TABLE IF EXISTS filler", "VACUUM")


@dataclass(frozen=True)
class Place:
    """A failpoint, who brings the program there, and what is done to its files before and after."""

    name: str
    drive: Drive
    prepare: Prepare = leave_alone
    tidy: Prepare = leave_alone

    @property
    def is_of_agent(self) -> bool:
        return not self.name.startswith("ctl.")


PLACES = (
    Place("box.after_insert", Users.scan),
    Place("box.after_append", Users.scan),
    Place("box.after_station_commit", Users.scan),
    Place("box.before_publish", Users.scan),
    Place("box.after_publish", Users.scan),
    Place("box.before_ack_delete", Users.scan),
    Place("box.after_ack_delete", Users.scan),
    Place("box.epoch_opening", Users.nothing),
    Place("box.inbox_persisted", Users.command),
    Place("command.after_effect", Users.command),
    Place("box.salvage_copied", Users.nothing, damage),
    Place("box.salvage_ready", Users.nothing, damage),
    Place("box.salvage_moving_aside", Users.nothing, damage),
    Place("box.ballast_restoring", Users.nothing, take_ballast),
    Place("box.ballast_given_up", Users.scan, fill, make_room),
    Place("print.after_accept", Users.print_label),
    Place("print.before_sending_persisted", Users.print_label),
    Place("print.after_sending_persisted", Users.print_label),
    Place("print.after_first_byte", Users.print_label),
    Place("print.after_last_byte", Users.print_label),
    Place("print.after_sent_persisted", Users.print_label),
    Place("print.before_printed_persisted", Users.print_label),
    Place("twin.after_persist_before_apply", Users.configure),
    Place("twin.after_apply_before_persist", Users.configure),
    Place("twin.after_apply_before_report", Users.configure),
    Place("ctl.migrating", Users.nothing),
    Place("ctl.after_receive", Users.scan),
    Place("ctl.before_commit", Users.scan),
    Place("ctl.after_commit_before_ack", Users.scan),
    Place("ctl.acks_sent", Users.scan),
    Place("ctl.news_noted", Users.nothing),
    Place("ctl.requests_claimed", Users.print_label),
    Place("ctl.requests_published", Users.command),
    Place("ctl.reserved_before_order_commit", Users.order),
    Place("ctl.parked_retried", Users.name_the_unknown),
)


def marked_in_the_code() -> set[str]:
    """The names of all failpoints."""
    return {
        name
        for package in ("edge_agent", "controller", "drivers", "provisioning")
        for file in (ROOT / package).rglob("*.py")
        for name in re.findall(r'\bfailpoint\("([^"]+)"\)', file.read_text(encoding="utf-8"))
    }


async def strike(users: Users, place: Place, mode: Mode) -> None:
    """Once; on return all is healed and judged.  Raises AssertionError, NotWithin."""
    world = users.world
    program = world.agent if place.is_of_agent else world.controller
    start = world.start_agent if place.is_of_agent else world.start_controller
    await heal(world)
    await program.stop()
    place.prepare(world)
    began = program.log.stat().st_size
    await start(waits=False, failpoints=f"{place.name}={mode}", hang=HANG_SECONDS)
    await _come_there(users, program, place, mode, began)
    if mode is Mode.CRASH or place.tidy is not leave_alone:
        await program.kill()
        place.tidy(world)
    await _heal_with_restarts(users, program, start)
    await judge(world, users.person, users.office)


async def _come_there(users: Users, program: Program, place: Place, mode: Mode, began: int) -> None:
    """Drive it until the log says that it was there; after a crash it must be dead, of that."""
    users.enough.clear()
    driving = asyncio.ensure_future(place.drive(users))
    try:
        await until(
            f"{program.name} comes to {place.name}", lambda: _was_there(program, place, began) or driving.done(), COMES_WITHIN
        )
        if driving.done():
            await driving
        if mode is Mode.CRASH:
            assert program.process is not None
            async with asyncio.timeout(COMES_WITHIN):
                code = await program.process.wait()
            assert code == -signal.SIGKILL, f"{program.name} ended with {code} instead of dying at {place.name}"
    finally:
        users.enough.set()  # a scan that nobody waited for would be answered for the next one
        await asyncio.wait([driving], timeout=BEEP_SECONDS if place.drive is Users.scan else 0)
        driving.cancel()
        await asyncio.wait([driving])
    if not driving.cancelled():
        driving.result()
    users.world.history.note("struck", program=program.name, failpoint=place.name, mode=mode)


def _was_there(program: Program, place: Place, began: int) -> bool:
    with program.log.open("rb") as log:
        log.seek(began)
        return f"failpoint {place.name}: ".encode() in log.read()


async def _heal_with_restarts(users: Users, program: Program, start: Callable[..., Awaitable[None]]) -> None:
    """A program that ended of it is started again, as its unit does."""
    healing = asyncio.ensure_future(_heal(users))
    while not healing.done():
        await asyncio.wait([healing], timeout=0.05)
        if not program.is_running and not healing.done():
            await start(waits=False)
    await healing


async def _heal(users: Users) -> None:
    await heal(users.world)
    await until("the commands are answered", lambda: _are_commands_answered(users))
    await until("nothing is parked", lambda: users.world.parked() == 0)
    await until("a scan is answered", lambda: _is_answered(users.person))
    await heal(users.world)


async def _is_answered(person: Person) -> bool:
    return await person.scan_next() is Heard.GOOD


async def _are_commands_answered(users: Users) -> bool:
    states = [(await users.world.api.get(f"/commands/{command}"))["state"] for command in users.commands]
    return "requested" not in states
