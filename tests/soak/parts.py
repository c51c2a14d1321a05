"""The parts of a soak.  Each ends by itself: after its count, or after its time."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.episodes import Side, episode, open_network
from tests.chaos.failpoints import FULL, PIECES, PLACES, Mode, Users, marked_in_the_code, strike
from tests.chaos.mqtt_proxy import Fault
from tests.chaos.nemesis import Victim, rage
from tests.chaos.oracle import heal, judge
from tests.chaos.people import Heard, Office, Person, watch
from tests.chaos.prints import open_counter
from tests.chaos.syscalls import every, try_all
from tests.chaos.test_kills import longest
from tests.chaos.world import World, open_world, until
from tests.servers import running_mosquitto
from tests.sim.mutants import MUTANTS
from tests.sim.run import notice_all, play_all, write_template
from tests.soak.outcome import Outcome, percentile
from tests.soak.tiers import Tier

FROZEN_SECONDS = 5.0
RECOVERED_WITHIN = 5.0
KILLS_AT_ONCE = 60
"""In one shop; then it heals, is judged, and another opens."""


@dataclass
class Soak:
    """What all parts are given."""

    tier: Tier
    folder: Path
    random: Random
    deadline: float
    """On the monotonic clock: when the part that runs must be over."""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.deadline

    def place(self, name: str) -> Path:
        number = 0
        while (folder := self.folder / f"{name}-{number}").exists():
            number += 1
        folder.mkdir()
        return folder


@asynccontextmanager
async def shop(soak: Soak, name: str, *, pieces: int = 6000, limits: dict[str, object] | None = None) -> AsyncIterator[World]:
    folder = soak.place(name)
    (folder / "broker").mkdir()
    with running_mosquitto(folder / "broker") as broker:
        async with open_world(folder, broker, seed=soak.random.getrandbits(32), pieces=pieces, limits=limits) as world:
            yield world


async def simulation(soak: Soak, outcome: Outcome) -> None:
    """Seeds of a hostile world under a virtual clock."""
    template = await asyncio.to_thread(write_template, soak.folder / "template.db")
    first = soak.random.getrandbits(30)

    def play() -> None:
        for seed, violations in play_all(range(first, first + soak.tier.seeds), template):
            outcome.seeds += 1
            if violations:
                raise AssertionError(f"SHELFWIRE_SEED={seed}: {violations}")
            if soak.is_over:
                outcome.is_cut_short = True
                return

    await asyncio.to_thread(play)


async def mutants(soak: Soak, outcome: Outcome) -> None:
    """Rules taken out: each must be noticed."""
    if not soak.tier.mutant_seeds:
        return
    template = await asyncio.to_thread(write_template, soak.folder / "mutants.db")
    outcome.noticed = await asyncio.to_thread(notice_all, MUTANTS, template, range(soak.tier.mutant_seeds))
    missed = [name for name, seeds in outcome.noticed.items() if seeds is None]
    if missed:
        raise AssertionError(f"not noticed: {', '.join(missed)}")


async def kills(soak: Soak, outcome: Outcome) -> None:
    """SIGKILL to agent, controller and broker while people scan and print."""
    tier = soak.tier
    left = Counter({Victim.AGENT: tier.agent_kills, Victim.CONTROLLER: tier.controller_kills})
    left += Counter({Victim.BROKER: (tier.broker_kills + 1) // 2, Victim.BROKER_WIPED: tier.broker_kills // 2})
    while left.total() and not soak.is_over:
        plan = Counter(soak.random.sample(sorted(left.elements()), min(KILLS_AT_ONCE, left.total())))
        left -= plan
        async with shop(soak, "kills") as world:
            person, office, stop = Person(world), Office(world, Random(soak.random.random())), asyncio.Event()
            await person.begin()
            async with asyncio.TaskGroup() as everybody:
                everybody.create_task(person.work(stop))
                everybody.create_task(office.work(stop))
                everybody.create_task(watch(world, stop))
                await rage(world, soak.random, dict(plan))
                stop.set()
            await _settle(world, person, office, outcome)
            outcome.injected.update({f"kill -9 {victim.value}": count for victim, count in plan.items()})
            outcome.stalled = max(outcome.stalled, *(longest(world.history, victim, "stored") for victim in Victim))
    outcome.is_cut_short = left.total() > 0


async def prints(soak: Soak, outcome: Outcome) -> None:
    """SIGKILL to a box while it prints, cables pulled at any byte; the paper is counted."""
    left = soak.tier.print_kills
    while left > 0 and not soak.is_over:
        seed = soak.random.getrandbits(32)
        random = Random(seed)
        async with open_counter(soak.place("prints")) as counter:
            await counter.rage(random, min(left, KILLS_AT_ONCE), lambda: soak.is_over)
            await counter.finish(random)
            left -= counter.killed
            outcome.injected["kill -9 while it prints"] += counter.killed
            outcome.prints += len(counter.wanted)
            if wrong := counter.judge():
                raise AssertionError(f"SHELFWIRE_CHAOS_SEED={seed}: " + "\n".join(wrong))
    outcome.is_cut_short = left > 0


async def recoveries(soak: Soak, outcome: Outcome) -> None:
    """How long the agent needs from kill -9 to the next answered scan, one at a time."""
    async with shop(soak, "recovery") as world:
        person, office = Person(world), Office(world, Random(0))
        await person.begin()
        for _ in range(soak.tier.recoveries):
            if soak.is_over:
                outcome.is_cut_short = True
                break
            for _ in range(soak.random.randint(1, 8)):
                await person.scan_next()
            began = time.monotonic()
            await world.agent.kill()
            await world.start_agent(waits=False)
            await until("the agent listens to the scanner", world.has_agent_the_scanner)
            listens = asked = time.monotonic()
            while await person.scan_next() is not Heard.GOOD:
                asked = time.monotonic()  # what came in the instant of opening is forgotten; a person then waits and pulls again
            outcome.recoveries.append(listens - began + time.monotonic() - asked)
            outcome.injected["kill -9 agent, timed"] += 1
        await _settle(world, person, office, outcome)
    slow = percentile(outcome.recoveries, 0.99)
    if slow > RECOVERED_WITHIN:
        raise AssertionError(f"recovery p99 is {slow:.1f} s, its limit {RECOVERED_WITHIN:g} s")


async def network(soak: Soak, outcome: Outcome) -> None:
    """Each fault of the network, at the box, at the controller, at both."""
    plan = [(fault, side) for fault in Fault for side in Side] * soak.tier.rounds_of_network
    soak.random.shuffle(plan)
    while plan and not soak.is_over:
        async with open_network(soak.place("network"), soak.random, pieces=6000) as shop_:
            while plan and not soak.is_over and shop_.person.pulled < 5000:
                fault, side = plan.pop()
                try:
                    await episode(shop_, fault, side)
                except Exception as error:
                    error.add_note(f"in the episode {fault} at {side}")
                    raise
            outcome.injected.update({fault.value: count for fault, count in shop_.injected().items()})
            outcome.healed = max([outcome.healed, *shop_.healing])
            _count(shop_.world, shop_.person, outcome)
    outcome.is_cut_short = bool(plan)


async def failpoints(soak: Soak, outcome: Outcome) -> None:
    """Each marked place of the code: crash, hang, exception."""
    marked = marked_in_the_code()
    plan = [(place, mode) for mode in Mode for place in PLACES if place.name in marked]
    while plan and not soak.is_over:
        async with shop(soak, "failpoints", pieces=PIECES, limits={"facts_bytes": FULL}) as world:
            users = Users(world)
            await users.person.begin()
            while plan and not soak.is_over and users.person.pulled < PIECES - 300:
                place, mode = plan.pop(0)
                try:
                    await strike(users, place, mode)
                except Exception as error:
                    error.add_note(f"at the failpoint {place.name}: {mode}")
                    raise
                outcome.injected[f"failpoint: {mode}"] += 1
            _count(world, users.person, outcome)
    outcome.is_cut_short = bool(plan)


async def syscalls(soak: Soak, outcome: Outcome) -> None:
    """The Nth call to the disk fails, for each N."""
    plan = list(every(soak.tier.syscalls))
    for first in range(0, len(plan), 40):
        if soak.is_over:
            outcome.is_cut_short = True
            return
        report = await try_all(soak.place("syscalls"), plan[first : first + 40])
        outcome.injected["a call to the disk fails"] += report.runs
        if report.wrong:
            raise AssertionError("\n".join(report.wrong[:20]))


async def freezes(soak: Soak, outcome: Outcome) -> None:
    """SIGSTOP: the agent stands still, and goes on."""
    async with shop(soak, "freezes") as world:
        person, office = Person(world), Office(world, Random(0))
        await person.begin()
        for _ in range(soak.tier.freezes):
            if soak.is_over:
                outcome.is_cut_short = True
                break
            world.agent.send_signal(signal.SIGSTOP)
            answer = asyncio.create_task(person.scan_next())
            await asyncio.sleep(FROZEN_SECONDS)
            world.agent.send_signal(signal.SIGCONT)
            if await answer is not Heard.GOOD:
                raise AssertionError("a box that was frozen did not answer after it")
            outcome.injected["SIGSTOP 5 s"] += 1
        await _settle(world, person, office, outcome)


async def full_disks(soak: Soak, outcome: Outcome) -> None:
    """Facts until the box refuses more; then there is room again."""
    for _ in range(soak.tier.full_disks):
        if soak.is_over:
            outcome.is_cut_short = True
            return
        async with shop(soak, "full", pieces=4000, limits={"facts_bytes": 1 << 20}) as world:
            person, office = Person(world), Office(world, Random(0))
            await person.begin()
            await heal(world)
            await world.kill_broker(wipe=True)
            while await person.scan_next() is Heard.GOOD:
                pass
            await world.start_broker()
            await heal(world)
            outcome.injected["outbox full"] += 1
            await _settle(world, person, office, outcome)


async def _settle(world: World, person: Person, office: Office, outcome: Outcome) -> None:
    outcome.healed = max(outcome.healed, await heal(world))
    await judge(world, person, office)
    _count(world, person, outcome)


def _count(world: World, person: Person, outcome: Outcome) -> None:
    outcome.acknowledged += sum(heard is Heard.GOOD for heard in person.heard.values())
    outcome.prints += len(world.jobs())


Part = Callable[[Soak, Outcome], Awaitable[None]]
PARTS: dict[str, tuple[Part, float]] = {
    "syscalls": (syscalls, 0.06),
    "failpoints": (failpoints, 0.18),
    "network": (network, 0.2),
    "recoveries": (recoveries, 0.06),
    "freezes": (freezes, 0.06),
    "full disks": (full_disks, 0.04),
    "kills": (kills, 0.14),
    "prints": (prints, 0.08),
    "mutants": (mutants, 0.08),
    "simulation": (simulation, 0.14),
}
"""Each with its share of the time; what one leaves goes to those after it."""
