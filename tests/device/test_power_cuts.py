"""The plug is pulled while a person scans and an office prints, and what was not flushed is gone: what was beeped for is there."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from pathlib import Path
from random import Random

from tests.chaos.oracle import heal, judge
from tests.chaos.people import Heard, Office, Person
from tests.device.power import READY_SECONDS, PoweredWorld, open_powered_world
from tests.device.rig import Rig
from tests.servers import Mosquitto

CUTS = int(os.environ.get("SHELFWIRE_POWER_CUTS", "2"))
PIECES = 4000
LIVES = (2.0, 6.0)
"""Seconds of work between a boot and the cut."""


async def test_a_box_whose_plug_is_pulled_keeps_what_it_beeped_for(rig: Rig, own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    seed = int(os.environ.get("SHELFWIRE_CHAOS_SEED") or secrets.randbits(32))
    random = Random(seed)
    async with open_powered_world(rig, tmp_path, own_mosquitto, seed=seed, pieces=PIECES * max(1, CUTS // 20)) as world:
        person, office = Person(world), Office(world, Random(random.random()))
        await person.begin()
        for _ in range(CUTS):
            await _work_until_the_plug_is_pulled(world, person, office, random.uniform(*LIVES))
            await world.box.start()
            await world.box.wait_until(world.has_agent_the_scanner, READY_SECONDS)
        await heal(world)
        world.fetch_facts()
        await judge(world, person, office)
        heard = Counter(person.heard.values())
        print(
            f"seed {seed}: {CUTS} power cuts, boots {world.box.boots}; who flushed no commit lost {world.box.careless_lost} of them"
        )
        print(f"{person.pulled} scans: {dict(heard)}; jobs {Counter(state for state, _ in world.jobs().values())}")
        assert heard[Heard.GOOD] > 5 * CUTS, "too little was scanned to prove anything"
        assert world.box.careless_lost > 0, "who flushes nothing lost nothing: these cuts prove nothing"


async def _work_until_the_plug_is_pulled(world: PoweredWorld, person: Person, office: Office, seconds: float) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as everybody:
        scanning = everybody.create_task(person.work(stop), name="person")
        everybody.create_task(office.work(stop), name="office")
        await asyncio.sleep(seconds)
        await world.box.kill()
        stop.set()
        scanning.cancel()  # it may wait for a box that is dark
