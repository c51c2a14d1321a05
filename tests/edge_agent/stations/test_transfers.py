"""Both ends of a transfer: the right direction, how many of how many, damaged ones, the end of each."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from msgspec.structs import replace

from edge_agent.stations import Missing, Verdict, say, transfer_out
from edge_agent.stations.model import Known
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import Condition, TransferClosed, TransferEnd, TransferReceived, TransferSent
from edge_agent.wire.open_work import ExpectedLine, OpenTransfer
from tests.edge_agent.stations.worker import ITEM, MILK, Worker

LINES = [ExpectedLine(sku="milk", name_en="Milk 1 L", name_zh="牛奶 1 升", symbol=MILK, expected=3)]


def at(*, is_outgoing: bool) -> Worker:
    worker = Worker()
    worker.bins = frozenset({"A-01"})
    worker.known = Known(document=OpenTransfer(id=1, number="TR-1", partner="Shop 2", is_outgoing=is_outgoing, lines=LINES))
    return worker


def test_goods_leave_from_a_bin_and_the_end_is_told() -> None:
    worker = at(is_outgoing=True).scans("OUTBOUND", "tr-1")
    assert say(worker.answer) == "TR-1 to Shop 2: 3 pieces of 1 article to go. Scan each item."
    worker.scans("A-01", MILK)
    assert say(worker.answer) == "Milk 1 L / 牛奶 1 升 — 1 of 3 sent."
    worker.scans("DUO", MILK, "DONE")
    sent = [fact for fact in worker.booked if isinstance(fact, TransferSent)]
    assert [(fact.document, fact.bin, fact.quantity) for fact in sent] == [("TR-1", "A-01", 1), ("TR-1", "A-01", 2)]
    assert worker.booked[-1] == TransferClosed(document="TR-1", end=TransferEnd.SENT)


def test_a_transfer_that_nobody_announced_can_say_where_it_goes() -> None:
    worker = Worker()
    worker.known = Known(sites=(("s2", "Shop 2"), ("s3", "Shop 3")))
    worker.scans("OUTBOUND", "TR-9")
    assert isinstance(worker.state.activity, transfer_out.Sending)
    (segment,) = transfer_out.shows(worker.state.activity, worker.known)
    assert [(line.name.en, line.symbol) for line in segment.lines] == [("Shop 2", "s2"), ("Shop 3", "s3")]
    worker.scans("S3", item=None)
    assert say(worker.answer) == "It goes to Shop 3. Scan each item."
    worker.scans(MILK)
    assert [(fact.document, fact.to) for fact in worker.booked if isinstance(fact, TransferSent)] == [("TR-9", "s3")]


def test_goods_that_are_tracked_are_asked_for_their_lot_when_they_come() -> None:
    worker = at(is_outgoing=False).scans("INBOUND", "TR-1")
    worker.scans(MILK, item=replace(ITEM, tracking="lot"))
    assert (worker.code, worker.booked) == ("ask_lot", [])
    assert worker.scans("DONE").code == "ask_lot"
    worker.scans("L-77", item=None).scans("2027-03-31", item=None)
    (fact,) = worker.booked
    assert isinstance(fact, TransferReceived)
    assert (fact.lot, fact.expiry) == ("L-77", date(2027, 3, 31))
    worker.scans(MILK, item=replace(ITEM, tracking="lot")).scans("NOTHING", "NOTHING")
    assert len(worker.booked) == 2, "it says nothing on it"
    worker.scans(MILK, item=replace(ITEM, tracking="lot")).scans("UNDO")
    assert (worker.code, len(worker.booked)) == ("undone_asked", 2)


def test_goods_come_and_broken_ones_are_kept_apart() -> None:
    worker = at(is_outgoing=False).scans("INBOUND", "TR-1", MILK, "BROKEN", MILK, MILK, MILK)
    assert say(worker.answer).startswith("Milk 1 L / 牛奶 1 升 — 4 of 3: 1 too many.")
    came = [(fact.condition, fact.reason) for fact in worker.booked if isinstance(fact, TransferReceived)]
    assert came == [(Condition.GOOD, None), (Condition.DAMAGED, "broken"), (Condition.GOOD, None), (Condition.GOOD, None)]
    assert worker.scans("DONE").booked[-1] == TransferClosed(document="TR-1", end=TransferEnd.RECEIVED)


@pytest.mark.parametrize(("task", "is_outgoing", "code"), [("OUTBOUND", True, "send_short"), ("INBOUND", False, "receipt_short")])
def test_what_is_missing_is_told_before_the_end(task: str, is_outgoing: bool, code: str) -> None:
    worker = at(is_outgoing=is_outgoing).scans(task, "TR-1", MILK, "DONE")
    assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, code)
    assert "Milk 1 L (2)" in say(worker.answer)
    assert isinstance(worker.scans("DONE").booked[-1], TransferClosed)


@pytest.mark.parametrize(
    ("task", "is_outgoing", "code"), [("OUTBOUND", False, "transfer_comes"), ("INBOUND", True, "transfer_goes")]
)
def test_the_other_direction_is_said(task: str, is_outgoing: bool, code: str) -> None:
    worker = at(is_outgoing=is_outgoing).scans(task, "TR-1")
    assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, code)
    assert "Shop 2" in say(worker.answer)


@pytest.mark.parametrize("task", ["OUTBOUND", "INBOUND"])
def test_a_number_that_nobody_knows_is_taken_and_another_code_is_not(task: str) -> None:
    worker = Worker().scans(task, "A-01")
    assert worker.code == "wrong_document"
    worker.scans("TR-9", MILK, "DONE")
    assert {fact.document for fact in worker.booked if isinstance(fact, TransferSent | TransferReceived)} == {"TR-9"}
    assert isinstance(worker.booked[-1], TransferClosed)


@pytest.mark.parametrize(
    ("task", "is_outgoing", "kind"), [("OUTBOUND", True, "transfer_sent"), ("INBOUND", False, "transfer_received")]
)
def test_undo_names_what_was_booked(task: str, is_outgoing: bool, kind: str) -> None:
    worker = at(is_outgoing=is_outgoing).scans(task, "TR-1", MILK, "UNDO")
    (booked,) = (draft for draft in worker.drafts if isinstance(draft.data, TransferSent | TransferReceived))
    assert worker.booked[-1] == Retracted(fact=UUID(booked.id), kind=kind)
    assert "1 of 3" in say(worker.scans(MILK).answer)


def test_what_nobody_knows_goes_along() -> None:
    worker = at(is_outgoing=True).scans("OUTBOUND", "TR-1").scans("???", item=Missing.UNKNOWN)
    assert (worker.answer.verdict, len(worker.booked)) == (Verdict.UNKNOWN, 1)
    other = at(is_outgoing=True).scans("OUTBOUND", "TR-1").scans("x", item=replace(ITEM, sku="other"))
    assert other.code == "sent"
