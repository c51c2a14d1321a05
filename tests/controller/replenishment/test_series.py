"""What is known of a series, and what kind of demand it is."""

from __future__ import annotations

import numpy as np
import pytest

from controller.replenishment.series import BadSeries, Kind, classify, damped, series_of


def kind_of(values: list[float]) -> Kind:
    return Kind(int(classify(series_of([values])).kind[0]))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.0] * 30, Kind.NONE),
        ([5.0, 6.0, 5.0, 4.0] * 10, Kind.SMOOTH),
        ([1.0, 20.0, 2.0, 1.0] * 10, Kind.ERRATIC),
        ([3.0, 0.0, 0.0, 4.0, 0.0] * 10, Kind.INTERMITTENT),
        ([1.0, 0.0, 0.0, 40.0, 0.0, 0.0, 2.0, 0.0] * 10, Kind.LUMPY),
        ([5.0, 6.0, 4.0] * 10 + [0.0] * 30, Kind.OBSOLESCING),
    ],
)
def test_the_six_kinds(values: list[float], kind: Kind) -> None:
    assert kind_of(values) is kind


def test_the_bounds_of_interval_and_variation_are_the_published_ones() -> None:
    """132 periods with 100 demands is 1.32: intermittent; one period fewer is not.  Sizes 3 and 17 have a CV^2 of 0.49."""
    assert kind_of([1.0] * 99 + [0.0] * 32 + [1.0]) is Kind.INTERMITTENT
    assert kind_of([1.0] * 99 + [0.0] * 31 + [1.0]) is Kind.SMOOTH
    sizes = np.tile([3.0, 17.0], 20_000)
    assert classify(series_of([sizes])).cv2[0] == pytest.approx(0.49, abs=1e-4)


def test_leading_nothing_is_before_the_first_sale_and_no_history() -> None:
    classes = classify(series_of([[0.0] * 50 + [5.0, 5.0, 5.0, 5.0]]))
    assert (classes.observed[0], classes.adi[0]) == (4, 1.0)


def test_periods_out_of_stock_lengthen_no_interval() -> None:
    classes = classify(series_of([[5.0, 0.0, 0.0, 5.0]], [[False, True, True, False]]))
    assert (classes.observed[0], classes.adi[0]) == (2, 1.0)


def test_a_pause_while_there_was_nothing_to_sell_is_not_the_end() -> None:
    demand = [5.0, 6.0, 4.0] * 10 + [0.0] * 30
    classes = classify(series_of([demand], [[False] * 30 + [True] * 30]))
    assert Kind(int(classes.kind[0])) is Kind.SMOOTH


def test_a_promotion_is_cut_and_a_saturday_is_not() -> None:
    week = [10.0, 11.0, 9.0, 10.0, 12.0, 60.0, 10.0]
    values = np.array(week * 8)
    values[17] = 400.0
    calm = damped(series_of([values]), 7).demand[0]
    assert calm[17] < 60
    assert (np.delete(calm, 17) == np.delete(values, 17)).all()


def test_a_new_level_is_not_cut() -> None:
    values = np.array([10.0] * 30 + [80.0] * 20)
    assert (damped(series_of([values]), 7).demand[0] == values).all()


@pytest.mark.parametrize(
    ("demand", "short"),
    [
        ([1.0, 2.0], None),
        ([[[1.0]]], None),
        ([[1.0, float("nan")]], None),
        ([[1.0, float("inf")]], None),
        ([[1.0], [1.0, 2.0]], None),
        ([["many"]], None),
        ([[1.0, 2.0]], [[True]]),
    ],
)
def test_arrays_that_do_not_fit_are_told(demand: object, short: object) -> None:
    with pytest.raises(BadSeries):
        series_of(demand, short)
