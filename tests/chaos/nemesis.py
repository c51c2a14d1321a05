"""Who kills: SIGKILL to agent, controller and broker at random moments; half of the brokers wake up without their memory."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from random import Random

from tests.chaos.world import PATIENCE, World

PAUSE = (0.2, 2.0)
"""Seconds between two kills, at least and at most: some hit programs that are still starting."""


class Victim(StrEnum):
    AGENT = "agent"
    CONTROLLER = "controller"
    BROKER = "broker"
    BROKER_WIPED = "broker_wiped"


KILLS = {Victim.AGENT: 38, Victim.CONTROLLER: 12, Victim.BROKER: 5, Victim.BROKER_WIPED: 5}


async def rage(world: World, random: Random, kills: dict[Victim, int] | None = None) -> None:
    """All kills, in a random order; each victim is started again at once.

    A controller that was killed as it started is let come up before the next time: on a busy machine it would never be there.
    """
    is_hit_starting = False
    plan = [victim for victim, count in (kills or KILLS).items() for _ in range(count)]
    random.shuffle(plan)
    for victim in plan:
        await asyncio.sleep(random.uniform(*PAUSE))
        if victim is Victim.CONTROLLER:
            if is_hit_starting:
                await world.controller.wait_until(world.is_controller_ready, PATIENCE)
            is_hit_starting = not await world.is_controller_ready()
        world.history.note("kill", victim=victim, stored=world.stored_facts())
        await _kill(world, victim)


async def _kill(world: World, victim: Victim) -> None:
    match victim:
        case Victim.AGENT:
            await world.agent.kill()
            await world.start_agent(waits=False)
        case Victim.CONTROLLER:
            await world.controller.kill()
            await world.start_controller(waits=False)
        case Victim.BROKER | Victim.BROKER_WIPED:
            await world.kill_broker(wipe=victim is Victim.BROKER_WIPED)
            await world.start_broker()
