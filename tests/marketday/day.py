"""The whole day: orders come in batches, boxes go away and return, the controller is killed, the evening is judged."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random

import asyncpg

from tests.marketday import plan
from tests.marketday.floor import Floor
from tests.marketday.office import Office, batches
from tests.marketday.oracle import judge
from tests.marketday.outside import outside
from tests.marketday.world import World, ask_market, boxes_of, open_world
from tests.servers import Mosquitto
from tests.shopday.invariants import connected

LIVE = 600
"""Orders that are under way at once."""
ROUND_SECONDS = 0.3
SETTLE_SECONDS = 60.0
SOON = (
    "UPDATE label_purchase SET next_at = '{now}' WHERE state IN ('calling', 'asked', 'uncertain', 'voiding', 'wanted')",
    "UPDATE payment_call SET next_at = '{now}' WHERE state IN ('waiting', 'calling', 'asking')",
)
"""What waits for a clock has waited: minutes of a real day are seconds here."""


@dataclass
class Report:
    """What a day came to; `findings` empty: all held."""

    orders: int
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    cancelled_at: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    is_cut_short: bool = False

    @property
    def rate(self) -> float:
        return self.orders / self.seconds if self.seconds else 0.0


@dataclass
class Course:
    """How a day goes.  `kills`: of the controller, at random; `seconds`: when no more orders are let in."""

    seed: int
    orders: int
    kills: int
    seconds: float
    hastens: bool = True
    say: Callable[[str], None] = lambda _: None


async def play(folder: Path, broker: Mosquitto, url: str, course: Course) -> Report:
    """One day, from the first order to the judgement."""
    day = plan.day_of(course.seed, course.orders)
    report, began = Report(course.orders), time.monotonic()
    async with (
        outside(course.seed) as out,
        open_world(folder, broker, url, out, stock=4 * course.orders) as world,
        _floors(folder, broker, course.seed) as floors,
        connected(url) as query,
    ):
        office = Office(world, floors, query, Random(f"{course.seed}/office"))
        started = time.monotonic()
        report.is_cut_short = bool(await _work(world, office, day.buys, course, began))
        await _evening(world, office, course)
        report.seconds = time.monotonic() - started
        report.findings = await judge(world, office, folder)
        _tell(report, office)
    return report


@asynccontextmanager
async def _floors(folder: Path, broker: Mosquitto, seed: int) -> AsyncIterator[dict[str, Floor]]:
    floors = {site: Floor.open(folder, name, site, broker, seed) for site in plan.SITES for name in boxes_of(site)}
    try:
        for floor in floors.values():
            await floor.come_back()
        yield floors
    finally:
        for floor in floors.values():
            await floor.close()


async def _work(world: World, office: Office, buys: list[plan.Buy], course: Course, began: float) -> int:
    """Until every order ended; how many were not let in any more."""
    waiting = list(batches(buys, 100))
    at = list(accumulate(office.random.randint(4, 10) for _ in range(course.kills)))
    number, told = 0, 0
    await ask_market(world)
    while (waiting and time.monotonic() - began < course.seconds) or office.live:
        number += 1
        is_over = time.monotonic() - began >= course.seconds
        if waiting and not is_over and len(office.live) < LIVE:
            await office.take_in(waiting.pop(0))
            await ask_market(world)
        await _weather(office, number)
        works: list[Coroutine[None, None, object]] = [office.round()]
        if at and number >= at[0]:
            at.pop(0)
            works.append(_kill(world, office.random.uniform(0, 0.4)))
        await asyncio.gather(*works)
        await _floors_work(office)
        await _time_passes(world, course)
        office.is_late = (not waiting or is_over) and number % 7 == 0 and _is_evening(office)
        if len(office.ended) - told >= 1000:
            told = len(office.ended)
            course.say(f"{told} orders ended, {len(office.live)} under way, {told / (time.monotonic() - began):.1f}/s")
        if time.monotonic() - began > 2 * course.seconds + SETTLE_SECONDS:
            office.wrong += [f"{one.buy.reference} came to no end: {office.seen.get(name)}" for name, one in office.live.items()]
            break
        await asyncio.sleep(ROUND_SECONDS)
    return sum(map(len, waiting))


def _is_evening(office: Office) -> bool:
    """Whoever is still here waited long enough."""
    return all(one.rounds > 20 or one.end for one in office.live.values())


async def _kill(world: World, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await world.kill()


async def _weather(office: Office, number: int) -> None:
    """Boxes lose their network and find it again."""
    for floor in office.floors.values():
        if floor.is_online and office.random.random() < 0.12:
            await floor.go_away()
        elif not floor.is_online and office.random.random() < 0.4:
            await floor.come_back()
    if number % 10 == 0:
        await ask_market(office.world)


async def _floors_work(office: Office) -> None:
    for floor in office.floors.values():
        await floor.work()


async def _time_passes(world: World, course: Course) -> None:
    if not course.hastens:
        return
    if world.url.startswith("sqlite://"):
        now = "2020-01-01 00:00:00+00:00"
        with contextlib.closing(sqlite3.connect(world.url.removeprefix("sqlite://"), timeout=10)) as database, database:
            for sql in SOON:
                database.execute(sql.format(now=now))
        return
    connection = await asyncpg.connect(world.url)
    try:
        for sql in SOON:
            await connection.execute(sql.format(now="2020-01-01T00:00:00Z"))
    finally:
        await connection.close()


async def _evening(world: World, office: Office, course: Course) -> None:
    """Boxes are back, customers paid, providers told all; until nothing moves any more."""
    office.is_late = True
    for floor in office.floors.values():
        await floor.come_back()
    deadline = time.monotonic() + SETTLE_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        await _floors_work(office)
        await office.round()
        await _time_passes(world, course)
        quiet = quiet + 1 if await _is_quiet(world, office) else 0
        await asyncio.sleep(ROUND_SECONDS)


async def _is_quiet(world: World, office: Office) -> bool:
    """No message is under way, no follower is behind, nobody outside is waited for."""
    if any([await floor.box.waiting() for floor in office.floors.values()]):
        return False
    if any(bank.pending or bank.to_tell for bank in world.outside.banks):
        return False
    for sql in (
        "SELECT 1 AS one FROM raw_order WHERE state = 'waiting' LIMIT 1",
        "SELECT 1 AS one FROM payment_call WHERE state IN ('waiting', 'calling', 'asking') LIMIT 1",
        "SELECT 1 AS one FROM label_purchase WHERE state IN ('calling', 'asked', 'uncertain', 'voiding') LIMIT 1",
    ):
        if await office.query(sql):
            return False
    return await _followers_are_there(office)


async def _followers_are_there(office: Office) -> bool:
    newest = max((row["id"] for row in await office.query("SELECT MAX(id) AS id FROM event")), default=0)
    last = office.counts["newest event"]
    office.counts["newest event"] = newest
    return bool(last == newest)


def _tell(report: Report, office: Office) -> None:
    world, out = office.world, office.world.outside
    report.ends.update(one.end for one in office.ended.values())
    report.cancelled_at.update({f"{node} ({how})": count for (node, how), count in office.cancelled_at.items()})
    report.refused = world.refused
    report.faults.update({f"marketplace: {name}": count for name, count in out.market.faults.items()})
    for bank in out.banks:
        report.faults.update({f"provider: {name}": count for name, count in bank.faults.items()})
    report.faults.update({f"carrier: {name}": count for name, count in out.carrier.faults.items()})
    report.faults["kill -9 of the controller"] = world.kills
    report.faults["a box off-line"] = sum(floor.times_away for floor in office.floors.values())
    report.faults["messages of orders"] = office.counts["messages"]
    report.faults["callbacks of payments"] = office.counts["callbacks"]
