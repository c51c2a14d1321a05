"""A network that does all it may, and more: each fault three times, at the box, at the controller, at both; judged after each."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter
from pathlib import Path
from random import Random

from tests.chaos.episodes import Side, episodes
from tests.chaos.mqtt_proxy import Fault

WORLDS = 3


async def test_no_fault_of_the_network_loses_or_doubles_anything(tmp_path: Path) -> None:
    seed = int(os.environ.get("SHELFWIRE_CHAOS_SEED") or secrets.randbits(32))
    random = Random(seed)
    plan = [(fault, side) for fault in Fault for side in Side]
    random.shuffle(plan)
    async with asyncio.TaskGroup() as worlds:
        running = []
        for number in range(WORLDS):
            folder = tmp_path / str(number)
            folder.mkdir()
            running.append(worlds.create_task(episodes(folder, plan[number::WORLDS], Random(random.random()))))
    networks = [each.result() for each in running]
    injected = sum((network.injected() for network in networks), Counter[Fault]())
    healing = sorted(seconds for network in networks for seconds in network.healing)
    print(
        f"seed {seed}: {dict(injected)}; {len(healing)} episodes, healed in {healing[len(healing) // 2]:.1f} to {healing[-1]:.1f} s"
    )
    assert set(injected) == set(Fault), "a fault that never happened proves nothing"
    assert len(healing) == len(plan)
