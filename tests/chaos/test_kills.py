"""Sixty kills while a person scans and an office prints: nothing the box beeped for is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from pathlib import Path
from random import Random

from tests.chaos.history import History
from tests.chaos.nemesis import KILLS, Victim, rage
from tests.chaos.oracle import heal, judge
from tests.chaos.people import Heard, Office, Person, watch
from tests.chaos.world import World, open_world
from tests.servers import Mosquitto

PIECES = 6000


async def test_sixty_kills_lose_nothing_and_double_nothing(own_mosquitto: Mosquitto, tmp_path: Path) -> None:
    seed = int(os.environ.get("SHELFWIRE_CHAOS_SEED") or secrets.randbits(32))
    random = Random(seed)
    async with open_world(tmp_path, own_mosquitto, seed=seed, pieces=PIECES) as world:
        person, office = Person(world), Office(world, Random(random.random()))
        await person.begin()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as everybody:
            everybody.create_task(person.work(stop), name="person")
            everybody.create_task(office.work(stop), name="office")
            everybody.create_task(watch(world, stop), name="watch")
            await rage(world, random)
            world.history.note("calm")
            stop.set()
        healing = await heal(world)
        await judge(world, person, office)
        print(summary(world, person, healing))
        killed = Counter(str(event.details["victim"]) for event in world.history.of("kill"))
        assert killed == Counter({victim.value: count for victim, count in KILLS.items()})
        assert killed.total() == 60
        assert sum(heard is Heard.GOOD for heard in person.heard.values()) > 200, "too little was scanned to prove anything"


def summary(world: World, person: Person, healing: float) -> str:
    history = world.history
    heard = Counter(person.heard.values())
    killed = Counter(str(event.details["victim"]) for event in history.of("kill"))
    states = Counter(state for state, _ in world.jobs().values())
    silences = ", ".join(f"{victim} {longest(history, victim, 'stored'):.1f} s" for victim in Victim)
    return "\n".join(
        [
            f"seed {history.seed}: killed {dict(killed)} in {history.events[-1].at:.0f} s",
            f"{person.pulled} scans: {heard[Heard.GOOD]} good beeps, {heard[Heard.BAD]} bad, {heard[Heard.NOTHING]} unanswered",
            f"lost 0, doubled 0; print jobs {dict(states)}, {len(world.papers)} labels",
            f"longest from an agent's kill to the next beep {longest(history, Victim.AGENT, 'beep'):.1f} s",
            f"longest from a kill to the next fact stored {silences}; healed in {healing:.1f} s",
        ]
    )


def longest(history: History, victim: Victim, sign: str) -> float:
    """Seconds from the kill of `victim` to the next `sign` of life; kills of others in between lengthen it."""
    killed_at: float | None = None
    found = 0.0
    for event in history.events:
        if event.what == "kill" and event.details["victim"] == victim:
            killed_at = killed_at if killed_at is not None else event.at
        elif event.what == sign and killed_at is not None:
            found = max(found, event.at - killed_at)
            killed_at = None
    return found
