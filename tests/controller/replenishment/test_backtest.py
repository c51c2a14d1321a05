"""What would have happened."""

from __future__ import annotations

import numpy as np
import pytest

from controller.replenishment.backtest import Rule, walk_forward
from controller.replenishment.policies import NO_BOUND, Terms, z_of
from controller.replenishment.series import BadSeries


def terms(count: int, *, lead: float = 3.0, review: float = 1.0, service: float = 0.95) -> Terms:
    def all_of(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(count, value)

    def each(value: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.full(count, value, dtype=np.int64)

    return Terms(
        lead=all_of(lead),
        lead_sd=all_of(0.0),
        review=all_of(review),
        z=all_of(z_of(service)),
        pack=each(1),
        least=each(0),
        capacity=each(NO_BOUND),
        shelf_days=each(NO_BOUND),
        floor=each(0),
    )


def test_constant_demand_is_always_served() -> None:
    found = walk_forward(np.full((3, 120), 6.0), terms(3))
    assert found[Rule.OURS].fill == 1.0
    assert found[Rule.OURS].ordered > 0


def test_chance_is_met_about_as_often_as_asked_for_and_better_than_by_naive_rules() -> None:
    demand = np.random.default_rng(11).poisson(8, (200, 182)).astype(float)
    found = walk_forward(demand, terms(200, service=0.95))
    ours, last = found[Rule.OURS], found[Rule.LAST_CYCLE]
    assert ours.fill > 0.97
    assert ours.fill > last.fill
    assert ours.stockout_days < last.stockout_days
    assert ours.pinball < last.pinball


def test_a_weekly_season_needs_less_stock_for_the_same_service() -> None:
    week = np.array([4.0, 4.0, 4.0, 4.0, 8.0, 20.0, 16.0])
    demand = np.random.default_rng(12).poisson(np.tile(week, 26), (100, 182)).astype(float)
    found = walk_forward(demand, terms(100, lead=2.0))
    assert found[Rule.OURS].fill > found[Rule.LAST_CYCLE].fill
    assert found[Rule.OURS].pinball < min(found[Rule.LAST_CYCLE].pinball, found[Rule.MEAN].pinball)


def test_the_future_is_not_known() -> None:
    """What comes after a day changes nothing of what was ordered until then: two histories that differ at the end, one start."""
    demand = np.random.default_rng(13).poisson(5, (20, 120)).astype(float)
    other = demand.copy()
    other[:, -1] *= 50
    first, second = (walk_forward(values, terms(20), days=30)[Rule.OURS] for values in (demand, other))
    assert first.ordered <= second.ordered
    assert walk_forward(demand[:, :-1], terms(20), days=29)[Rule.OURS] == walk_forward(other[:, :-1], terms(20), days=29)[Rule.OURS]


def test_the_same_question_has_the_same_answer() -> None:
    demand = np.random.default_rng(14).poisson(1, (50, 120)).astype(float)
    assert walk_forward(demand, terms(50)) == walk_forward(demand, terms(50))


def test_nothing_sold_is_all_served() -> None:
    found = walk_forward(np.zeros((2, 90)), terms(2))
    assert (found[Rule.OURS].fill, found[Rule.OURS].stock) == (1.0, 0.0)


def test_a_history_too_short_to_look_back_is_told() -> None:
    with pytest.raises(BadSeries):
        walk_forward(np.zeros((2, 30)), terms(2), days=28)
