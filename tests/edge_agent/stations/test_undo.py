"""What UNDO takes back, and what it says where it does not."""

from __future__ import annotations

from uuid import UUID

import pytest

from edge_agent.stations import Verdict, say
from edge_agent.stations.counting import Counting
from edge_agent.stations.packing import Packing
from edge_agent.stations.receiving_state import Receiving
from edge_agent.wire.facts import Counted, HandedOver, Packed, Picked, PickShort, Received, Retracted
from edge_agent.wire.pick_facts import PickClaimed
from tests.edge_agent.stations.worker import MILK, NOW, TEA, Worker


def test_a_counted_item_is_taken_off_its_line() -> None:
    worker = Worker().scans("COUNT", "A-01", MILK, TEA, MILK, "UNDO")
    assert (worker.answer.verdict, worker.code) == (Verdict.OK, "undone_counted")
    assert say(worker.answer) == f"Taken back: 1 of {MILK}. 1 left in bin A-01."
    worker.scans("UNDO")
    assert say(worker.answer) == f"Taken back: 1 of {TEA}. 0 left in bin A-01."
    (counted,) = worker.scans("DONE").booked
    assert isinstance(counted, Counted)
    assert [(line.symbol.text, line.quantity) for line in counted.lines] == [(MILK, 1)]


def test_the_line_of_a_reading_in_the_list_is_taken_off() -> None:
    worker = Worker().scans("COUNT", "A-01", MILK, TEA)
    milk = worker.state.history[1]
    assert milk.symbol == MILK
    worker.presses("undo", target=milk.id)
    activity = worker.state.activity
    assert isinstance(activity, Counting)
    assert [line.symbol.text for line in activity.lines] == [TEA]
    assert [one.is_undone for one in worker.state.history] == [False, True, False]
    assert worker.presses("undo", target=milk.id).code == "nothing_to_undo"


@pytest.mark.parametrize(
    ("begin", "kind", "code", "at_last"),
    [
        (("RECEIVE", "D-1"), "received", "undone_received", "nothing_to_undo"),
        (("PICK", "P-1"), "picked", "undone_picked", "undone_claim"),
    ],
)
def test_what_is_booked_is_taken_back_by_a_fact_that_names_it(begin: tuple[str, ...], kind: str, code: str, at_last: str) -> None:
    worker = Worker().scans(*begin, MILK, TEA)
    milk, tea = (draft for draft in worker.drafts if isinstance(draft.data, Received | Picked))
    assert (milk.data.name, tea.data.name) == (kind, kind)
    assert worker.scans("UNDO").code == code
    assert worker.booked[-1] == Retracted(fact=UUID(tea.id), kind=kind)
    assert getattr(worker.state.activity, "items", 0) == 1
    worker.scans("UNDO")
    assert len({fact.fact for fact in worker.booked if isinstance(fact, Retracted)}) == 2
    assert worker.scans("UNDO").code == at_last


def test_it_is_taken_back_after_the_task_too_and_another_task_is_left_alone() -> None:
    worker = Worker().scans("RECEIVE", "D-1", MILK, "DONE", "RECEIVE", "D-2", "UNDO")
    assert worker.answer.args["document"] == "D-1"
    assert worker.state.activity == Receiving(document="D-2")


@pytest.mark.parametrize(
    ("scans", "code", "kinds"),
    [
        (["SEND", "PAR-1", "UNDO"], "undo_handed_over", [HandedOver]),
        (["COUNT", "A-01", MILK, "DONE", "UNDO"], "undo_counted", [Counted]),
        (["COUNT", "A-01", MILK, "STOP", "UNDO"], "undo_counted", []),
        (["PICK", "P-1", "SHORT", "UNDO"], "undo_short", [PickClaimed, PickShort]),
        (["UNDO"], "nothing_to_undo", []),
    ],
)
def test_what_cannot_be_taken_back_is_refused_in_words(scans: list[str], code: str, kinds: list[type]) -> None:
    worker = Worker().scans(*scans)
    assert (worker.answer.verdict, worker.code) == (Verdict.WRONG, code)
    assert [type(fact) for fact in worker.booked] == kinds
    assert worker.scans("UNDO").code == code  # it does not slip to what was before


def test_a_packed_parcel_is_refused_and_a_list_that_waits_for_its_weight_is_put_aside() -> None:
    worker = Worker().scans("BOXUP", "P-1").weighs(900).scans("P-2", "UNDO")
    assert (worker.code, worker.state.activity) == ("undone_pack_list", Packing())
    assert worker.scans("UNDO").code == "undo_packed"
    assert [type(fact) for fact in worker.booked] == [Packed]


def test_an_undo_is_not_undone() -> None:
    worker = Worker().scans("COUNT", "A-01", MILK, "UNDO", "UNDO")
    assert worker.code == "nothing_to_undo"
    assert worker.state.activity == Counting(bin="A-01", began=NOW)
