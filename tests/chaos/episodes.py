"""Episodes of a bad network: a fault between a box and its broker, between controller and broker, or both, while people work.

After each the network is well again, everything settles, and all is judged.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from tests.chaos.mqtt_proxy import AT_CONNECTING, Fault, Proxy, running_proxy
from tests.chaos.oracle import heal, judge
from tests.chaos.people import Office, Person
from tests.chaos.world import World, open_world
from tests.servers import running_mosquitto

EPISODE_SECONDS = 1.0
RECONNECTING_SECONDS = 3.0
"""A lost connection is tried again after 1 to 2 s."""


class Side(StrEnum):
    """Where the fault is."""

    BOX = "box"
    CONTROLLER = "controller"
    BOTH = "both"


@dataclass
class Network:
    """A shop whose two connections to the broker go through proxies."""

    world: World
    box: Proxy
    controller: Proxy
    person: Person
    office: Office
    healing: list[float] = field(default_factory=list)

    def on(self, side: Side) -> list[Proxy]:
        return {Side.BOX: [self.box], Side.CONTROLLER: [self.controller], Side.BOTH: [self.box, self.controller]}[side]

    def injected(self) -> Counter[Fault]:
        return self.box.injected + self.controller.injected


@asynccontextmanager
async def open_network(folder: Path, random: Random, *, pieces: int) -> AsyncIterator[Network]:
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with (
            running_proxy(broker.port, Random(random.random())) as box,
            running_proxy(broker.port, Random(random.random())) as controller,
            open_world(folder, broker, pieces=pieces, ports=(box.port, controller.port)) as world,
        ):
            person = Person(world)
            await person.begin()
            yield Network(world, box, controller, person, Office(world, Random(random.random())))


async def episode(network: Network, fault: Fault, side: Side, seconds: float | None = None) -> None:
    """Raises AssertionError, NotWithin with what did not hold."""
    seconds = seconds or (RECONNECTING_SECONDS if fault in AT_CONNECTING else EPISODE_SECONDS)
    history = network.world.history
    history.note("episode", fault=fault, side=side, stored=network.world.stored_facts())
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as people:
        people.create_task(network.person.work(stop), name="person")
        people.create_task(network.office.work(stop), name="office")
        for proxy in network.on(side):
            proxy.begin(fault)
        await asyncio.sleep(seconds)
        for proxy in network.on(side):
            proxy.calm()
        stop.set()
    network.healing.append(await heal(network.world))
    await judge(network.world, network.person, network.office)


async def episodes(folder: Path, faults: Sequence[tuple[Fault, Side]], random: Random, *, pieces: int = 2000) -> Network:
    """All of them, one after the other, in one shop."""
    async with open_network(folder, random, pieces=pieces) as network:
        for fault, side in faults:
            try:
                await episode(network, fault, side)
            except Exception as error:
                error.add_note(f"in the episode {fault} at {side}")
                raise
        return network
