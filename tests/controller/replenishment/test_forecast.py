"""Properties of forecasts that hold for any series, and what each kind of demand gets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from controller.replenishment.forecast import Forecasts, Method, forecast, interval
from controller.replenishment.series import BadSeries, Floats

ANY = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 40)), elements=st.floats(0, 1e300, allow_subnormal=True))
COUNTS = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 60)), elements=st.integers(0, 50))


def all_finite(found: Forecasts) -> bool:
    return all(np.isfinite(part).all() for part in (found.path, found.sd, found.alpha, found.adi, found.cv2))


@given(ANY, st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_nothing_makes_it_say_no_number(demand: Floats, horizon: int) -> None:
    found = forecast(demand, horizon=horizon)
    assert all_finite(found)
    assert (found.path >= 0).all()
    assert (found.sd >= 0).all()
    assert found.path.shape == (len(demand), horizon)


@given(COUNTS, st.sampled_from([0.001, 0.5, 3.0, 1000.0]))
@settings(max_examples=80, deadline=None)
def test_a_series_in_other_units_has_the_same_forecast_in_these(counts: Floats, factor: float) -> None:
    here, there = forecast(counts, horizon=10), forecast(counts * factor, horizon=10)
    assert (here.method == there.method).all()
    assert there.path == pytest.approx(here.path * factor, rel=1e-6, abs=1e-9 * factor)
    assert there.sd == pytest.approx(here.sd * factor, rel=1e-6, abs=1e-6 * factor)


@given(COUNTS)
@settings(max_examples=60, deadline=None)
def test_a_series_has_its_forecast_whatever_stands_beside_it(counts: Floats) -> None:
    together = forecast(counts, horizon=5)
    for row in range(len(counts)):
        assert forecast(counts[row : row + 1], horizon=5).path[0] == pytest.approx(together.path[row], rel=1e-9, abs=1e-12)


@given(st.integers(1, 10_000), st.integers(1, 120))
@settings(max_examples=60, deadline=None)
def test_a_constant_series_goes_on(value: int, periods: int) -> None:
    found = forecast([[float(value)] * periods], horizon=8)
    assert found.path[0] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("demand", "method"),
    [
        ([0.0] * 40, Method.NONE),
        ([3.0, 0.0, 5.0], Method.MEAN),
        ([7.0], Method.MEAN),
        ([5.0, 6.0, 4.0, 5.0, 5.0, 6.0, 4.0, 4.0, 6.0] * 8, Method.SIMPLE),
        ([4.0, 0.0, 0.0, 3.0, 0.0] * 12, Method.SBA),
        ([5.0, 6.0, 4.0] * 10 + [0.0] * 30, Method.TSB),
    ],
)
def test_each_kind_has_its_method(demand: list[float], method: Method) -> None:
    assert Method(int(forecast([demand], horizon=7).method[0])) is method


@pytest.mark.parametrize("season", [7, 52])
def test_a_season_is_found_once_the_history_holds_two_of_it(season: int) -> None:
    shape = 10.0 + 8.0 * np.sin(2 * np.pi * np.arange(season) / season)
    noise = np.random.default_rng(5).normal(0, 0.4, 3 * season)
    found = forecast([np.tile(shape, 3) + noise], horizon=season, season=season)
    assert Method(int(found.method[0])) in (Method.SEASONAL_ADDITIVE, Method.SEASONAL_MULTIPLICATIVE)
    assert found.path[0] == pytest.approx(shape, abs=1.6)
    once = forecast([np.tile(shape, 2)[: 2 * season - 1]], horizon=3, season=season)
    assert Method(int(once.method[0])) not in (Method.SEASONAL_ADDITIVE, Method.SEASONAL_MULTIPLICATIVE)


def test_a_season_that_grows_with_the_level_is_multiplicative() -> None:
    week = np.array([0.5, 0.6, 0.8, 1.0, 1.2, 1.7, 1.2])
    level = np.repeat(np.linspace(20, 100, 20), 7)
    found = forecast([level * np.tile(week, 20)], horizon=7)
    assert Method(int(found.method[0])) is Method.SEASONAL_MULTIPLICATIVE
    assert found.path[0] == pytest.approx(102 * week, rel=0.1)


def test_days_out_of_stock_are_no_demand_of_zero() -> None:
    demand = np.full((1, 60), 10.0)
    demand[0, 20:40] = 0.0
    short = np.zeros((1, 60), dtype=bool)
    short[0, 20:40] = True
    assert forecast(demand, horizon=1, short=short).path[0, 0] == pytest.approx(10.0, rel=1e-6)
    assert forecast(demand, horizon=1).path[0, 0] < 9.9


def test_a_single_promotion_moves_little() -> None:
    calm = np.random.default_rng(3).poisson(10, (1, 90)).astype(float)
    loud = calm.copy()
    loud[0, 84] = 300.0
    found = forecast(loud, horizon=7)
    assert found.is_cut[0]
    assert found.mean(7)[0] == pytest.approx(forecast(calm, horizon=7).mean(7)[0], rel=0.25)


def test_what_was_never_sold_has_its_categorys_mean_or_nothing() -> None:
    found = forecast(np.zeros((3, 30)), horizon=4, prior=[2.5, np.nan, 0.0])
    assert list(found.method) == [Method.CATEGORY, Method.NONE, Method.NONE]
    assert found.path[:, 0].tolist() == [2.5, 0.0, 0.0]
    assert found.sd[0] >= np.sqrt(2.5)


def test_the_mean_over_a_horizon_is_each_series_own() -> None:
    found = forecast([[4.0] * 30, [0.0] * 30], horizon=9)
    assert found.mean(np.array([9, 3])).tolist() == pytest.approx([4.0, 0.0])


def test_no_series_is_no_forecast() -> None:
    assert forecast(np.zeros((0, 10)), horizon=3).path.shape == (0, 3)
    assert forecast(np.zeros((2, 0)), horizon=3).path.tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize(("horizon", "season", "prior"), [(0, 7, None), (3, 0, None), (3, 7, [1.0, 2.0])])
def test_what_makes_no_sense_is_told(horizon: int, season: int, prior: object) -> None:
    with pytest.raises(BadSeries):
        forecast([[1.0, 2.0]], horizon=horizon, season=season, prior=prior)


def test_an_interval_is_never_below_zero() -> None:
    low, high = interval(np.array([[1.0, 5.0]]), np.array([2.0]), 1.0)
    assert (low.tolist(), high.tolist()) == ([[0.0, 3.0]], [[3.0, 7.0]])
