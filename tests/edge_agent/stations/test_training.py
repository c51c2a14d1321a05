"""Training touches nothing real."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.symbols.commands import Command
from edge_agent.stations import restore, say
from edge_agent.stations.station import Idle
from tests.edge_agent.stations.worker import ANNA, LI, MILK, TEA, Worker

DEEDS = st.one_of(
    st.tuples(
        st.just("scan"), st.sampled_from([MILK, TEA, "A-01", "P-1", "PAR-1", *(c for c in Command.__members__ if c != "DRILL")])
    ),
    st.tuples(st.just("press"), st.sampled_from(["undo", "quantity", "ditto", "short", "count", "nonsense"])),
    st.tuples(st.just("weigh"), st.sampled_from(["900", "0"])),
    st.tuples(st.just("badge"), st.sampled_from(["li", "anna", "nobody"])),
    st.tuples(st.just("wait"), st.just("1")),
)


def do(worker: Worker, what: str, value: str) -> None:
    match what:
        case "scan":
            worker.scans(value)
        case "press":
            worker.presses(value, number=3)
        case "weigh":
            worker.weighs(int(value))
        case "badge":
            worker.shows({"li": LI, "anna": ANNA}.get(value))
        case _:
            worker.waits(int(value))


@given(st.lists(DEEDS, max_size=40))
def test_no_fact_no_job_and_no_cancelling_whatever_is_done(deeds: list[tuple[str, str]]) -> None:
    """What is printed outside is not cancelled in it, either."""
    worker = Worker().scans("STICKER", MILK, "DONE", "RECEIVE", "D-1", MILK, "DONE", "DRILL")
    real = [one for one in worker.state.history if one.took is not None]
    worker.drafts.clear()
    for what, value in deeds:
        if not worker.state.training:
            break
        do(worker, what, value)
        assert worker.last.cancels is None
        assert worker.last.feedback is None or (worker.last.feedback.training and say(worker.last.feedback).startswith("TRAINING"))
        worker.state = restore(msgspec.json.encode(worker.state))
    assert worker.drafts == []
    if worker.state.training:
        worker.scans("DRILL")
    assert worker.drafts == []
    assert all(one in real or one.took is None for one in worker.state.history)
    assert all(not one.feedback.training for one in worker.state.history)


@pytest.mark.parametrize("end", [["DONE"], ["STOP"], ["DRILL"]])
def test_it_ends_with_its_task_and_by_its_command(end: list[str]) -> None:
    worker = Worker().scans("DRILL", "COUNT", "A-01", MILK, *end)
    assert (worker.state.training, worker.state.activity, worker.drafts) == (False, Idle(), [])
    assert say(worker.answer).startswith("TRAINING")
    worker.scans(MILK)
    assert not say(worker.answer).startswith("TRAINING")
    assert len(worker.drafts) == 1


def test_it_ends_after_the_quiet_time_though_a_count_holds_items() -> None:
    worker = Worker().scans("DRILL", "COUNT", "A-01", MILK).waits(30)
    assert (worker.code, worker.state.training, worker.state.activity) == ("drill_timed_out", False, Idle())


def test_what_is_open_is_not_mixed_with_it() -> None:
    worker = Worker().scans("COUNT", "A-01", MILK, "DRILL")
    assert (worker.code, worker.state.training) == ("drill_task_open", False)


def test_a_real_reading_is_not_taken_back_in_it() -> None:
    worker = Worker().scans("RECEIVE", "D-1", MILK, "DONE", "DRILL", "UNDO")
    assert worker.code == "nothing_to_undo"
    assert worker.scans("DRILL", "UNDO").code == "undone_received"
