"""Putting away: the item, how many, the bin; where most of it lies is told, and another bin is fine."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from edge_agent.stations import Verdict, say
from edge_agent.stations.put_away import PuttingAway
from edge_agent.wire.facts import PutAway, Retracted
from tests.edge_agent.stations.worker import ITEM, MILK, TEA, Worker

SHELVED = replace(ITEM, bins=(("A-02", 6), ("A-01", 3)))


def shelver() -> Worker:
    worker = Worker()
    worker.bins = frozenset({"A-01", "A-02", "B-01"})
    return worker.scans("STORE")


def put(worker: Worker) -> list[tuple[str, str, int]]:
    return [(fact.bin, fact.symbol.text, fact.quantity) for fact in worker.booked if isinstance(fact, PutAway)]


def test_an_item_a_bin_and_it_is_booked() -> None:
    worker = shelver().scans(MILK, item=SHELVED)
    assert say(worker.answer) == "Milk 1 L / 牛奶 1 升, 1: put it into bin A-02 and scan it."
    worker.scans("A-02")
    assert (worker.code, put(worker)) == ("put", [("A-02", MILK, 1)])
    assert worker.state.activity == PuttingAway(items=1)


def test_more_of_it_by_scans_by_digits_before_and_by_digits_after() -> None:
    worker = shelver().scans(MILK, MILK, MILK).scans("A-01").scans("ONE", "DUO").scans(TEA).scans("A-01")
    worker.scans(MILK).scans("SEVEN", "A-01")
    assert put(worker) == [("A-01", MILK, 3), ("A-01", TEA, 12), ("A-01", MILK, 7)]


def test_another_bin_is_taken_and_said() -> None:
    worker = shelver().scans(MILK, item=SHELVED).scans("B-01")
    assert (worker.answer.verdict, worker.code, put(worker)) == (Verdict.OK, "put_other", [("B-01", MILK, 1)])
    assert "A-02" in say(worker.answer)
    assert shelver().scans(MILK, item=SHELVED).scans("A-01").code == "put", "one of those where it lies"


def test_a_code_that_is_no_bin_is_asked_for_once_more() -> None:
    worker = shelver().scans(MILK).scans("X-9", item=None)
    assert (worker.code, put(worker)) == ("bin_unknown", [])
    assert put(worker.scans("X-9", item=None)) == [("X-9", MILK, 1)]


def test_another_item_in_between_and_a_bin_first_are_refused() -> None:
    worker = shelver().scans("A-01")
    assert worker.code == "put_need_item"
    worker.scans(MILK).scans(TEA)
    assert (worker.code, put(worker)) == ("put_bin_first", [])


def test_goods_in_hand_are_not_left_in_silence() -> None:
    worker = shelver().scans(MILK, "DONE")
    assert worker.code == "put_open"
    assert worker.scans("A-01", "DONE").code == "put_done"


def test_undo_puts_down_what_is_in_hand_and_takes_back_what_is_booked() -> None:
    worker = shelver().scans(MILK, MILK, "UNDO")
    assert (worker.code, worker.answer.args["quantity"]) == ("undone_taken_up", 1)
    worker.scans("A-01", "UNDO")
    (booked,) = (draft for draft in worker.drafts if isinstance(draft.data, PutAway))
    assert worker.booked[-1] == Retracted(fact=UUID(booked.id), kind="put_away")
