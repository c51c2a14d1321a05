"""The counter in a box, on its disk: power cuts in mid-order, two stations, a disk that is full, screens that send again."""

from __future__ import annotations

from random import Random

import pytest

from edge_agent.config import StationConfig
from edge_agent.facts import FactsDb
from edge_agent.intake import Intake
from edge_agent.stations import Item
from edge_agent.stores import Seams, Stores, open_stores
from edge_agent.wire.codec import decode_fact
from edge_agent.wire.order_facts import CounterOrder
from tests.edge_agent.conftest import IDENTITY, FixedClock, MemorySession
from tests.edge_agent.test_intake import ITEM, MILK, AtOnce, facts_of

STATIONS = [StationConfig(id="desk", receipt_printer="roll"), StationConfig(id="till", receipt_printer="roll")]


class Box:
    """Two counters that are worked at from screens.  Another one over the same stores is the box after a power cut."""

    def __init__(self, stores: Stores, clock: FixedClock, session: MemorySession, seed: int = 3) -> None:
        self.stores, self.disk = stores, AtOnce()
        self.intake = Intake(
            STATIONS, stores, Seams(clock=clock, random=Random(seed), session=session, disk=self.disk), lambda _: None
        )
        self.intake.templates = lambda: {"counter-receipt": "b" * 64}
        self.intake.look_up = self._look_up
        self.reads = 0

    async def _look_up(self, text: str, gtin: str | None) -> Item:
        del text, gtin
        return ITEM

    async def scans(self, *texts: str, at: str = "desk", post: str | None = None) -> str:
        for text in texts:
            self.reads += 1
            answer = await self.intake.read_at_screen(at, post or f"{id(self)}-{self.reads}", text)
        return answer.code

    def orders(self) -> list[CounterOrder]:
        facts = [decode_fact(envelope) for envelope in facts_of(self.stores.outbox)]
        return [fact for fact in facts if isinstance(fact, CounterOrder)]

    def receipts(self) -> int:
        """Print jobs that wait for the receipt printer."""
        return len(self.stores.journal.unfinished())


@pytest.fixture
def stores(facts: FactsDb, clock: FixedClock, session: MemorySession) -> Stores:
    return open_stores(facts, IDENTITY, Seams(clock=clock, random=Random(5), session=session, disk=AtOnce()))


@pytest.fixture
def box(stores: Stores, clock: FixedClock, session: MemorySession) -> Box:
    return Box(stores, clock, session)


async def test_a_power_cut_in_mid_order_loses_nothing_and_doubles_nothing(
    box: Box, clock: FixedClock, session: MemorySession
) -> None:
    await box.scans("SHELFXORDER", MILK, "SHELFXDUO")
    again = Box(box.stores, clock, session, seed=4)
    await again.scans(MILK, "SHELFXDONE")
    (order,) = again.orders()
    assert (order.reference, order.lines[0].quantity, order.total_minor) == (f"{IDENTITY.box}-000001", 3, 1260)
    after = Box(box.stores, clock, session, seed=5)
    assert (await after.intake.press("desk", "press-1", "done")).code == "left"
    assert (len(after.orders()), after.receipts()) == (1, 1)


async def test_done_that_a_screen_sends_again_is_one_order_and_one_receipt(box: Box) -> None:
    await box.scans("SHELFXORDER", MILK)
    presses = [await box.intake.press("desk", "press-1", "done") for _ in range(3)]
    assert {answer.code for answer in presses} == {"counter_done"}
    assert (len(box.orders()), box.receipts()) == (1, 1)


async def test_both_counters_of_a_box_count_together_through_a_restart(box: Box, clock: FixedClock, session: MemorySession) -> None:
    await box.scans("SHELFXORDER", MILK, "SHELFXDONE", at="desk")
    await box.scans("SHELFXORDER", MILK, "SHELFXDONE", at="till")
    again = Box(box.stores, clock, session, seed=4)
    await again.scans(MILK, "SHELFXDONE", at="desk")
    assert [order.reference[-6:] for order in again.orders()] == ["000001", "000002", "000003"]


async def test_an_order_that_the_disk_could_not_take_is_still_open(box: Box) -> None:
    await box.scans("SHELFXORDER", MILK)
    box.disk.is_full = True
    assert await box.scans("SHELFXDONE") == "not_saved_full"
    box.disk.is_full = False
    assert (box.orders(), box.receipts()) == ([], 0)
    assert await box.scans("SHELFXDONE") == "counter_done"
    assert (len(box.orders()), box.receipts()) == (1, 1)


async def test_training_books_and_prints_nothing(box: Box) -> None:
    await box.scans("SHELFXDRILL", "SHELFXORDER", MILK, "SHELFXDONE")
    assert (box.orders(), box.receipts()) == ([], 0)
