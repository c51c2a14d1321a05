"""A recalled lot at every station: not picked, not sent, no label; what came is kept apart; only quarantine takes it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge_agent.stations import Item, Paper, Rules, Verdict, say
from edge_agent.stations.model import Known
from edge_agent.wire.facts import Fact, Picked, PrintRequested, PutAway, Received
from edge_agent.wire.goods_facts import Condition, TransferReceived, TransferSent
from edge_agent.wire.pick_facts import PickClaimed
from tests.edge_agent.stations.worker import ITEM, MILK, TEA, Worker, read_of

BAD = replace(ITEM, recalled=("L-9", "L-10", "L-11", "L-12"))
PAPER = Paper(printer="labels", templates={"shelf-label": "a" * 64, "lot-label": "b" * 64})


class Reader(Worker):
    """Reads symbols that tell their lot."""

    def __init__(self) -> None:
        super().__init__(Rules(paper=PAPER))
        self.quarantine: str | None = None

    @property
    def moved(self) -> list[Fact]:
        """What was booked of goods: who has a list in hand moves none."""
        return [fact for fact in self.booked if not isinstance(fact, PickClaimed)]

    def lot(self, text: str, lot: str | None, *, item: Item = BAD) -> Reader:
        self.at_ms += 1000
        self.reads(replace(read_of(text, self.at_ms, self.reading(), item=item), lot=lot))
        return self

    def place(self, text: str) -> Reader:
        """A code that is no article."""
        self.at_ms += 1000
        is_bin = text in self.bins if self.bins is not None else None
        known = Known(is_bin=is_bin, is_quarantine=text == self.quarantine)
        self.does(replace(read_of(text, self.at_ms, self.reading(), item=None), known=known))
        return self


@pytest.mark.parametrize("begin", [("PICK", "PL-1"), ("OUTBOUND", "TR-1"), ("STICKER",), ("LOOKUP",)])
def test_it_is_refused_and_nothing_is_booked(begin: tuple[str, ...]) -> None:
    worker = Reader()
    worker.scans(*begin)
    worker.lot(MILK, "L-9")
    assert (worker.answer.verdict, worker.code, worker.moved) == (Verdict.WRONG, "recalled_refused", [])
    assert "RECALLED" in say(worker.answer)
    assert "已召回" in say(worker.answer, "zh-CN")
    worker.lot(MILK, "L-1")
    assert (worker.answer.verdict, len(worker.moved)) == (Verdict.OK, begin != ("LOOKUP",)), "another lot of it is as good as ever"


@pytest.mark.parametrize(
    ("begin", "fact"), [(("PICK", "PL-1"), Picked), (("OUTBOUND", "TR-1"), TransferSent), (("RECEIVE", "RC-1"), Received)]
)
def test_goods_that_do_not_say_their_lot_are_booked_and_the_person_is_told_to_look(begin: tuple[str, ...], fact: type) -> None:
    worker = Reader()
    worker.scans(*begin)
    worker.lot(MILK, None)
    assert (worker.answer.verdict, worker.code) == (Verdict.UNKNOWN, "recalled_look")
    assert "L-9, L-10, L-11 +1" in say(worker.answer)
    assert [type(each) for each in worker.moved] == [fact]


@pytest.mark.parametrize(("begin", "fact"), [(("RECEIVE", "RC-1"), Received), (("INBOUND", "TR-1"), TransferReceived)])
def test_what_came_is_kept_apart_with_its_reason(begin: tuple[str, ...], fact: type) -> None:
    worker = Reader()
    worker.scans(*begin)
    worker.lot(MILK, "L-9")
    assert (worker.answer.verdict, worker.code) == (Verdict.UNKNOWN, "recalled_came")
    (told,) = worker.booked
    assert isinstance(told, Received | TransferReceived)
    assert isinstance(told, fact)
    assert (told.condition, told.reason, told.lot) == (Condition.DAMAGED, "recalled", "L-9")


def test_what_came_gets_no_label() -> None:
    worker = Reader()
    worker.scans("RECEIVE", "RC-1")
    worker.lot(MILK, "L-9").scans("STICKER")
    assert worker.code == "recalled_refused"
    worker.lot(MILK, "L-1").scans("STICKER")
    assert [fact.request.template for fact in worker.booked if isinstance(fact, PrintRequested)] == ["lot-label"]


def test_a_label_is_not_repeated_after_one_that_was_refused() -> None:
    worker = Reader()
    worker.scans("STICKER", TEA)
    worker.lot(MILK, "L-9").scans("DITTO")
    assert worker.code == "label_nothing_before"


class TestPuttingAway:
    @pytest.fixture
    def worker(self) -> Reader:
        worker = Reader()
        worker.bins, worker.quarantine = frozenset({"A-01", "quarantine"}), "quarantine"
        worker.scans("STORE")
        return worker.lot(MILK, "L-9")

    def test_it_goes_to_quarantine_and_nowhere_else(self, worker: Reader) -> None:
        assert (worker.answer.verdict, worker.code) == (Verdict.UNKNOWN, "recalled_in_hand")
        for place in ("A-01", "A-01", "X-1", "X-1", "X-1"):
            worker.place(place)
            assert (worker.answer.verdict, worker.booked) == (Verdict.WRONG, [])
        worker.place("quarantine")
        assert [(fact.bin, fact.lot) for fact in worker.booked if isinstance(fact, PutAway)] == [("quarantine", "L-9")]

    def test_where_the_bins_are_not_known_it_is_asked_for_once_more(self, worker: Reader) -> None:
        worker.bins = worker.quarantine = None
        worker.place("Q")
        assert (worker.code, worker.booked) == ("recalled_no_bin", [])
        worker.place("Q")
        assert [fact.bin for fact in worker.booked if isinstance(fact, PutAway)] == ["Q"]
