"""How stations ask their scale, and what of its weights may be booked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import TypeVar

import pytest

from drivers.devices import Symbol, Weight
from edge_agent.config import StationConfig
from edge_agent.device_events import DeviceEvent, Scanned, WeightChanged
from edge_agent.errors import OutboxFull
from edge_agent.facts import FactsDb
from edge_agent.intake import Intake
from edge_agent.outbox import Outbox
from edge_agent.stations import Feedback, Item, Missing
from edge_agent.stores import Seams, Stores, open_stores
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession

T = TypeVar("T")
DESK = StationConfig(id="desk", scanner="scanner", scale="scale")


class AtOnce:
    """A disk that works in the loop; full if it is told."""

    def __init__(self) -> None:
        self.is_full = False

    async def run(self, work: Callable[[], T]) -> T:
        if self.is_full:
            raise OutboxFull("full")
        return work()

    def close(self) -> None:
        """Nothing is open."""


class Desk:
    """A packing station with a scale that is asked on demand."""

    def __init__(self, stores: Stores, clock: FixedClock, session: MemorySession, config: StationConfig = DESK) -> None:
        self.disk = AtOnce()
        self.asked: list[tuple[str, bool]] = []
        self.answers: list[str] = []
        self._at_ms = 0
        seams = Seams(clock=clock, random=Random(3), session=session, disk=self.disk)
        self.intake = Intake([config], stores, seams, lambda _: None)
        self.intake.outlets.append(self._answer)
        self.intake.weigh = lambda scale, wanted: self.asked.append((scale, wanted))
        self.intake.ask_scales()

    async def scan(self, text: str) -> None:
        self._at_ms += 1000
        await self.intake.take(DeviceEvent("scanner", self._at_ms, Scanned(Symbol(text.encode()))))

    async def weigh(self, weight: Weight, *, is_settled: bool = True) -> None:
        self._at_ms += 1000
        await self.intake.take(DeviceEvent("scale", self._at_ms, WeightChanged(weight, is_settled)))

    def _answer(self, station: str, feedback: Feedback) -> None:
        assert station == "desk"
        self.answers.append(feedback.code)


@pytest.fixture
def stores(facts: FactsDb, clock: FixedClock, session: MemorySession) -> Stores:
    return open_stores(facts, IDENTITY, Seams(clock=clock, random=Random(5), session=session, disk=AtOnce()))


@pytest.fixture
def outbox(stores: Stores) -> Outbox:
    return stores.outbox


@pytest.fixture
def desk(stores: Stores, clock: FixedClock, session: MemorySession) -> Desk:
    return Desk(stores, clock, session)


def grams(number: int, *, stable: bool = True, raw: bytes = b"frame") -> Weight:
    return Weight(Decimal(number), stable=stable, raw=raw)


async def test_a_scale_is_asked_while_a_parcel_is_waited_for(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    assert desk.asked[-1] == ("scale", False)
    await desk.scan("PL-1")
    assert desk.asked[-1] == ("scale", True)
    await desk.weigh(grams(576))
    assert (desk.asked[-1], desk.answers[-1]) == (("scale", False), "packed")


async def test_a_task_that_is_left_asks_no_more(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    await desk.scan("SHELFXSTOP")
    assert desk.asked[-1] == ("scale", False)


async def test_it_is_asked_again_after_a_crash(desk: Desk, stores: Stores, clock: FixedClock, session: MemorySession) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    assert Desk(stores, clock, session).asked == [("scale", True)]


async def test_a_weight_that_could_not_be_stored_is_asked_for_again(desk: Desk) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    desk.asked.clear()
    desk.disk.is_full = True
    await desk.weigh(grams(576))
    assert (desk.asked[-1], desk.answers[-1]) == (("scale", True), "not_saved_full")


@pytest.mark.parametrize(
    ("weight", "is_settled"),
    [(grams(576), False), (grams(576, stable=False), True), (grams(576, raw=b""), True), (grams(0), True), (grams(-5), True)],
)
async def test_only_a_settled_and_legal_weight_is_booked(desk: Desk, outbox: Outbox, weight: Weight, is_settled: bool) -> None:
    await desk.scan("SHELFXBOXUP")
    await desk.scan("PL-1")
    before = outbox.backlog()
    await desk.weigh(weight, is_settled=is_settled)
    assert outbox.backlog() == before
    assert "packed" not in desk.answers
    assert ("pack_empty_scale" in desk.answers) == (weight.grams <= 0)


def test_a_station_without_a_scale_asks_none(stores: Stores, clock: FixedClock, session: MemorySession) -> None:
    assert Desk(stores, clock, session, StationConfig(id="desk", scanner="scanner")).asked == []


async def test_only_a_station_that_looks_up_asks_what_an_item_is(desk: Desk) -> None:
    asked: list[tuple[str, str | None]] = []

    async def look_up(text: str, gtin: str | None) -> Item | Missing:
        asked.append((text, gtin))
        return Missing.UNKNOWN

    desk.intake.look_up = look_up
    await desk.scan("6901234567892")
    await desk.scan("SHELFXLOOKUP")
    assert asked == []
    await desk.scan("6901234567892")
    await desk.scan("SHELFXDONE")
    await desk.scan("6901234567892")
    assert asked == [("6901234567892", "06901234567892")]
    assert desk.answers == ["scanned", "lookup_item", "lookup_unknown", "left", "scanned"]


async def test_a_box_without_a_replica_says_so(desk: Desk) -> None:
    await desk.scan("SHELFXLOOKUP")
    await desk.scan("A")
    assert desk.answers[-1] == "lookup_no_catalogue"
