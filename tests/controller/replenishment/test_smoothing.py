"""The recursions reproduce published tables, to the digits printed."""

from __future__ import annotations

import numpy as np
import pytest

from controller.replenishment import smoothing
from controller.replenishment.series import Series, series_of
from tests.controller.replenishment import textbook


def given(values: tuple[float, ...]) -> Series:
    """A textbook's series: every period counts, the first zeros too."""
    series = series_of([values])
    return Series(series.demand, series.short, np.ones_like(series.live))


@pytest.mark.parametrize("periods", range(1, 19))
def test_simple_smoothing_has_the_levels_of_table_7_1(periods: int) -> None:
    fit = smoothing.simple(given(textbook.OIL[:periods]), [0.8339], np.array([446.5868]))
    assert fit.level[0, 0] == pytest.approx(textbook.OIL_LEVELS[periods - 1], abs=0.005)


@pytest.mark.parametrize(
    ("constants", "start", "is_multiplicative", "published"),
    [
        (
            (0.3063, 0.0001, 0.4263),
            (32.2597, 0.7014, (9.6962, -9.3132, -1.6935, 1.3106)),
            False,
            textbook.VISITORS_ADDITIVE,
        ),
        ((0.441, 0.030, 0.002), (32.4875, 0.6974, (1.2442, 0.7704, 0.9618, 1.0237)), True, textbook.VISITORS_MULTIPLICATIVE),
    ],
)
def test_holt_winters_forecasts_tables_7_3_and_7_4(
    constants: tuple[float, float, float],
    start: tuple[float, float, tuple[float, ...]],
    is_multiplicative: bool,
    published: tuple[float, ...],
) -> None:
    level, trend, season = start
    begin = smoothing.Start(np.array([level]), np.array([trend]), np.array([season]))
    fit = smoothing.seasonal(given(textbook.VISITORS), [constants], begin, phi=1.0, is_multiplicative=is_multiplicative)
    assert smoothing.path(fit, 8, 1.0)[0] == pytest.approx(published, abs=0.015)


def test_croston_on_lubricant_sales_is_that_of_section_12_2() -> None:
    """Sizes 2, 1, 11, … and intervals 2, 2, 2, 5, … smoothed with 0.1 give 2.750 / 2.793 = 0.985; corrected, 95 % of it."""
    series, size, interval = given(textbook.LUBRICANT), np.array([2.0]), np.array([2.0])
    plain = smoothing.croston(series, [0.1], size, interval, is_corrected=False).rate[0, 0]
    assert plain == pytest.approx(0.985, abs=0.0005)
    assert smoothing.croston(series, [0.1], size, interval).rate[0, 0] == pytest.approx(0.95 * plain)


def test_the_chance_of_demand_dies_out_by_the_textbook_recursion() -> None:
    """Teunter, Syntetos & Babai, equations (2) and (3), by hand: p = 1 -> 1, 0.8, 0.64; z = 4 -> 4 + 0.1 (6 - 4) = 4.2."""
    fit = smoothing.obsolescing(given((6.0, 0.0, 0.0)), [(0.1, 0.2)], np.array([4.0]), np.array([1.0]))
    assert fit.rate[0, 0] == pytest.approx(4.2 * 0.64)


def test_a_period_without_anything_to_sell_changes_nothing() -> None:
    demand, short = [[4.0, 6.0, 5.0, 0.0, 5.0]], [[False, False, False, True, False]]
    with_gap = smoothing.simple(series_of(demand, short), [0.3], np.array([5.0])).level[0, 0]
    without = smoothing.simple(series_of([[4.0, 6.0, 5.0, 5.0]]), [0.3], np.array([5.0])).level[0, 0]
    assert with_gap == pytest.approx(without)


def test_a_day_that_sold_out_counts_only_by_what_it_sold_beyond_the_forecast() -> None:
    few = smoothing.simple(series_of([[4.0, 2.0]], [[False, True]]), [0.5], np.array([4.0])).level[0, 0]
    many = smoothing.simple(series_of([[4.0, 8.0]], [[False, True]]), [0.5], np.array([4.0])).level[0, 0]
    assert (few, many) == (4.0, 6.0)
