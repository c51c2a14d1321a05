"""Counts against a dict, whatever comes first: parts, movements, retractions and approvals in every order."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller import db
from controller.counts.sessions import refresh
from controller.proofs.proving import reconcile
from controller.stock import queries
from controller.stock.operations import Move, Reason, move
from tests.controller.counts.counting import a_shop, accept_everything, all_sessions, line, part, planned, take
from tests.controller.goods import Shop, at, numbers

SKUS = ("milk", "rice")
LENGTH = 60
"""Minutes of the story."""


@dataclass(frozen=True)
class Movement:
    sku: str
    minute: int
    change: int
    retracted: bool


@dataclass(frozen=True)
class Bundle:
    """A bin counted by one or two people: what each found of each SKU, and in which minute."""

    begins: int
    parts: list[dict[str, int]]
    scans: list[dict[str, int]]
    done: list[int]

    def found(self, sku: str) -> tuple[int, int]:
        """How many, and the minute that it holds for."""
        seen = [scan[sku] for scan in self.scans if sku in scan]
        return sum(found.get(sku, 0) for found in self.parts), max(seen, default=max(self.done))


@dataclass
class Story:
    movements: list[Movement] = field(default_factory=list)
    counts: list[Bundle] = field(default_factory=list)

    def there(self, sku: str) -> int:
        """The latest count of the SKU, and what moved after it; never below zero."""
        counted, since = max(((*count.found(sku)[::-1],) for count in self.counts), default=(-1, 0))[::-1]
        return max(0, counted + sum(m.change for m in self.movements if m.sku == sku and m.minute > since and not m.retracted))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    minutes = draw(st.permutations(range(1, LENGTH)))
    story = Story()
    spent = iter(minutes[:8])
    for minute in spent:
        sku, change = draw(st.sampled_from(SKUS)), draw(st.integers(-5, 9).filter(bool))
        story.movements.append(Movement(sku, minute, change, retracted=draw(st.integers(0, 3)) == 0))
    free = minutes[8:]
    for _ in range(draw(st.integers(1, 2))):
        people = draw(st.integers(1, 2)) if not story.counts else 1
        parts, scans, done = [], [], []
        for _ in range(people):
            first, second, third = sorted(free[:3])
            free = free[3:]
            found = {sku: draw(st.integers(1, 9)) for sku in SKUS if draw(st.booleans())}
            parts.append(found)
            scans.append(dict(zip(found, (first, second), strict=False)))
            done.append(third)
        story.counts.append(
            Bundle(min(min(scan.values(), default=d) for scan, d in zip(scans, done, strict=True)), parts, scans, done)
        )
    return story


Step = Callable[[], Awaitable[object]]


async def steps_of(story: Story, shop: Shop, skus: dict[str, int]) -> list[Step]:
    steps: list[Step] = []
    for each in story.movements:
        sku, fact = skus[each.sku], uuid4()
        make = shop.arrival if each.change > 0 else shop.sale
        booked = make(sku, abs(each.change), minute=each.minute)
        steps.append(lambda booked=booked: move([booked]))  # type: ignore[misc]  # mypy on defaults
        if each.retracted:
            steps.append(lambda booked=booked, fact=fact: _take_back(booked, fact))  # type: ignore[misc]  # the same
    for count in story.counts:
        number = await planned("A-1", counters=len(count.parts)) if len(count.parts) > 1 else None
        for index, (found, scan, done) in enumerate(zip(count.parts, count.scans, count.done, strict=True)):
            lines = [line(sku, quantity, scan[sku]) for sku, quantity in found.items()]
            fact_in = part(lines, done=done, began=count.begins, person=f"p{index}", session=number)
            steps += [lambda fact_in=fact_in: take(fact_in)] * 2  # type: ignore[misc]  # twice: the same scan counts once
    return steps


async def _take_back(booked: Move, fact: UUID) -> None:
    await move([booked.reversed(Reason.RETRACTED, fact, None)])


async def _approve() -> None:
    for number in await all_sessions():
        await db.in_transaction(lambda number=number: refresh(number))  # type: ignore[misc]  # mypy on defaults
        await accept_everything(number)


async def tell(story: Story, order: list[int], approvals: set[int]) -> None:
    shop, skus = await a_shop(*SKUS)
    steps = await steps_of(story, shop, skus)
    for place, index in enumerate(sorted(range(len(steps)), key=lambda index: (order[index % len(order)], index))):
        await steps[index]()
        if place in approvals:
            await _approve()
    for _ in range(2):  # what is accepted in one count changes what another, later in time, expected
        await _approve()
    assert set((await all_sessions()).values()) <= {"booked"}
    for sku, sku_id in skus.items():
        assert (await numbers(sku_id))[0] == story.there(sku), sku
        for count in story.counts:
            counted, minute = count.found(sku)
            assert (await queries.as_of(shop.bin, at(minute))).get(sku_id, 0) == counted, (sku, minute)
    assert await reconcile() == []


@given(stories(), st.permutations(range(24)), st.sets(st.integers(0, 24), max_size=4))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)
def test_what_is_there_follows_from_what_was_counted_and_moved_in_whatever_order_it_is_told(
    story: Story, order: list[int], approvals: set[int]
) -> None:
    async def told() -> None:
        with tempfile.TemporaryDirectory(prefix="shelfwire-counts-") as folder:
            await db.connect(f"sqlite://{folder}/controller.db", create_schema=True)
            try:
                await tell(story, order, approvals)
            finally:
                await db.close()

    asyncio.run(told())
