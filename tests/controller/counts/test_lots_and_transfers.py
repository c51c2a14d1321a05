"""Counts that tell lots, beside arrivals of lots and transfers that leave: the same books whatever is told first."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller import db
from controller.counts.sessions import refresh
from controller.proofs.proving import reconcile
from controller.sites.models import LocationKind
from controller.sites.operations import create_bin, create_site
from controller.sites.queries import location, special
from controller.stock.lots import lot_of
from controller.stock.operations import move
from tests.controller.counts.counting import a_shop, accept_everything, all_sessions, line, part, take
from tests.controller.goods import Shop, numbers
from tests.controller.transfers.two_sites import fact, sent, tell

LOTS = ("L1", "L2", None)
Step = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Moved:
    """So many came (of a lot), or left for the other shop (below zero)."""

    minute: int
    change: int
    lot: str | None


@dataclass(frozen=True)
class Counted:
    """What was found of each lot, all of it scanned in one minute; the bin was done in the next."""

    minute: int
    found: dict[str, int]


@dataclass(frozen=True)
class Story:
    moved: list[Moved]
    counted: list[Counted]

    @property
    def there(self) -> int:
        """The latest count, and what moved after it; never below zero."""
        last = max(self.counted, key=lambda count: count.minute, default=None)
        since = last.minute if last else -1
        base = sum(last.found.values()) if last else 0
        return max(0, base + sum(each.change for each in self.moved if each.minute > since))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    minutes = iter(draw(st.permutations(range(1, 30))))
    changes = st.integers(-5, 9).filter(bool)
    moved = [Moved(next(minutes) * 2, draw(changes), draw(st.sampled_from(LOTS))) for _ in range(draw(st.integers(1, 5)))]
    found = st.dictionaries(st.sampled_from(("L1", "L2")), st.integers(1, 9), min_size=1, max_size=2)
    counted = [Counted(next(minutes) * 2, draw(found)) for _ in range(draw(st.integers(0, 2)))]
    return Story(moved, counted)


@cache
def _shops() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


async def furnished() -> Path:
    made = Path(_shops().name, "controller.db")
    if not made.exists():
        await db.connect(f"sqlite://{made}", create_schema=True)
        await a_shop("milk")
        await create_site("s2", name="Shop 2")
        await create_bin("s2", "B-1")
        await db.close()
    return made


async def again() -> Shop:
    """The shop that was made before."""
    shop = Shop()
    shop.bin = (await location("s1", "A-1")).id
    shop.supplier = await special("s1", LocationKind.SUPPLIER)
    return shop


async def steps_of(story: Story, shop: Shop, sku: int) -> list[Step]:
    steps: list[Step] = []
    for number, each in enumerate(story.moved):
        if each.change > 0:
            lot = await lot_of(sku, each.lot) if each.lot else 0
            steps.append(partial(move, [replace(shop.arrival(sku, each.change, minute=each.minute), lot_id=lot)]))
        else:
            data = sent(f"TR-{900 + number}", "MILK", -each.change, to="s2", bin_="A-1")
            told = data if each.lot is None else msgspec.structs.replace(data, lot=each.lot)
            steps.append(partial(tell, [fact(told, "s1", each.minute)]))
    for count in story.counted:
        lines = [line("milk", quantity, count.minute, lot=lot) for lot, quantity in count.found.items()]
        steps.append(partial(take, part(lines, done=count.minute + 1, began=count.minute)))
    return steps


async def _approve() -> None:
    for number in await all_sessions():
        await db.in_transaction(partial(refresh, number))
        await accept_everything(number)


async def play(story: Story, order: list[int], approve_after: int) -> tuple[int, int]:
    """On hand at the end, at both shops."""
    made = await furnished()
    with TemporaryDirectory() as folder:
        await db.connect(f"sqlite://{shutil.copy(made, folder)}")
        try:
            shop = await again()
            (row,) = await db.fetch("SELECT id FROM sku WHERE code = 'milk'")
            steps = await steps_of(story, shop, row["id"])
            for place, index in enumerate(sorted(range(len(steps)), key=lambda index: (order[index % len(order)], index))):
                await steps[index]()
                if place == approve_after:
                    await _approve()
            for _ in range(2):  # what is accepted in one count changes what another, later in time, expected
                await _approve()
            assert set((await all_sessions()).values()) <= {"booked"}
            assert await reconcile() == []
            (incoming,) = await db.fetch("SELECT COALESCE(SUM(incoming), 0) AS n FROM availability WHERE site_id = 's2'")
            return (await numbers(row["id"]))[0], int(incoming["n"])
        finally:
            await db.close()


@given(stories(), st.permutations(range(7)), st.integers(0, 7))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)
def test_the_books_follow_counts_of_lots_and_transfers_in_any_order(story: Story, order: list[int], approve_after: int) -> None:
    left = -sum(each.change for each in story.moved if each.change < 0)
    assert asyncio.run(play(story, order, approve_after)) == (story.there, left)
