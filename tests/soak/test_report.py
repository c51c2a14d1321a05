"""The page says what was found, and hides nothing."""

from __future__ import annotations

from collections import Counter

from tests.soak.outcome import Outcome, percentile
from tests.soak.report import render

ABOUT = {"command": "make soak ARGS=t0", "commit": "abc1234"}


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (51.0, 100.0, 100.0)
    assert percentile([], 0.5) == 0.0


def test_a_run_in_which_all_held() -> None:
    kills = Outcome(
        "kills", injected=Counter({"kill -9 agent": 150}), acknowledged=4321, prints=12, recoveries=[1.0, 2.0], stalled=3.0
    )
    rules = Outcome("mutants", noticed={"dedupe off": 4})
    page = render([kills, rules], ABOUT)
    for said in (
        "| result | all held |",
        "| 4,321 |",
        "| kill -9 agent | 150 |",
        "| dedupe off | 4 |",
        "| commit | abc1234 |",
        "2.00 s",
    ):
        assert said in page


def test_what_did_not_hold_is_said_and_nothing_is_called_zero() -> None:
    page = render([Outcome("network", failure="AssertionError: I1: lost", is_cut_short=True)], ABOUT)
    assert "1 part(s) did not hold" in page
    assert "I1: lost" in page
    assert "0 / 0" not in page


def test_a_part_that_ran_out_of_time_says_so() -> None:
    assert "its time was over" in render([Outcome("kills", is_cut_short=True)], ABOUT)
