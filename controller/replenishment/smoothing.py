"""The recursions of exponential smoothing over many series at once, in error form.

Each runs for several sets of smoothing constants side by side: arrays are candidates x series.  What a period does not tell (not
yet offered, nothing to sell) changes nothing; a period that sold out counts only by what it sold above the forecast.

Sources: Hyndman & Athanasopoulos, Forecasting: Principles and Practice (2nd ed.), sections 7.1 to 7.3 and 12.2; Croston (1972), ORQ
23, p. 289; Syntetos & Boylan (2005), IJF 21, p. 303; Teunter, Syntetos & Babai (2011), EJOR 214, p. 606.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller.replenishment.series import Floats, Series

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Fit:
    """Candidates x series: the state after the last period, and the squared one-step errors summed up.

    `season`: candidates x series x places, the next period's first; empty without.
    """

    level: Floats
    trend: Floats
    season: Floats
    squares: Floats
    is_multiplicative: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Series (x places): where smoothing begins."""

    level: Floats
    trend: Floats
    season: Floats


def _column(values: Sequence[float] | Floats) -> Floats:
    return np.asarray(values, dtype=np.float64).reshape(-1, 1)


def _errors(series: Series, period: int, expected: Floats) -> Floats:
    """What a period sold beyond the forecast; 0 where it tells nothing."""
    error = series.demand[:, period] - expected
    error = np.where(series.short[:, period], np.maximum(error, 0.0), error)
    return np.where(series.live[:, period], error, 0.0)


def simple(series: Series, alphas: Sequence[float], start: Floats) -> Fit:
    """Simple exponential smoothing (Hyndman & Athanasopoulos, 7.1): level += alpha * error."""
    alpha = _column(alphas)
    level = np.repeat(start[None, :], len(alpha), axis=0)
    squares = np.zeros_like(level)
    for period in range(series.demand.shape[1]):
        error = _errors(series, period, level)
        squares += error * error
        level += alpha * error
    return Fit(level, np.zeros_like(level), np.zeros((*level.shape, 0)), squares)


def seasonal(
    series: Series, constants: Sequence[tuple[float, float, float]], start: Start, *, phi: float, is_multiplicative: bool
) -> Fit:
    """Holt-Winters with additive or multiplicative season and a trend damped by phi (Hyndman & Athanasopoulos, 7.2 and 7.3).

    `constants`: alpha, beta, gamma of each candidate; gamma as in the component form.  phi = 1: not damped.
    """
    alpha, beta, gamma = (_column([values[place] for values in constants]) for place in range(3))
    count, places = len(alpha), start.season.shape[1]
    level, trend = (np.repeat(part[None, :], count, axis=0) for part in (start.level, start.trend))
    season = np.repeat(start.season.T[:, None, :], count, axis=1)
    squares = np.zeros_like(level)
    for period in range(series.demand.shape[1]):
        here = season[period % places]
        base = level + phi * trend
        error = _errors(series, period, base * here if is_multiplicative else base + here)
        squares += error * error
        step = error / np.maximum(here, 0.05) if is_multiplicative else error
        before, level = level, base + alpha * step
        trend = beta * (level - before) + (1.0 - beta) * phi * trend
        here += gamma * (error / np.maximum(base, _TINY) if is_multiplicative else error)
        if is_multiplicative:
            np.clip(here, 0.0, places, out=here)
            np.maximum(level, _TINY, out=level)
    turned = np.roll(season, -(series.demand.shape[1] % places), axis=0)
    return Fit(level, trend, np.moveaxis(turned, 0, -1), squares, is_multiplicative)


@dataclass(frozen=True, slots=True)
class Sporadic:
    """Candidates x series: the mean demand per period, and the squared one-step errors summed up."""

    rate: Floats
    squares: Floats


def croston(series: Series, alphas: Sequence[float], size: Floats, interval: Floats, *, is_corrected: bool = True) -> Sporadic:
    """Croston's method, by default as Syntetos and Boylan corrected it: (1 - alpha/2) * size / interval.

    `size` and `interval`: where smoothing begins, for each series.
    """
    alpha = _column(alphas)
    factor = 1.0 - alpha / 2.0 if is_corrected else np.ones_like(alpha)
    sizes, intervals = (np.repeat(part[None, :], len(alpha), axis=0) for part in (size, interval))
    waited = np.zeros(len(size))
    squares = np.zeros_like(sizes)
    known = series.known
    for period in range(series.demand.shape[1]):
        demand, tells = series.demand[:, period], known[:, period]
        squares += np.where(tells, demand - factor * sizes / intervals, 0.0) ** 2
        waited += tells
        sold = demand > 0
        sizes += np.where(sold, alpha * (demand - sizes), 0.0)
        intervals += np.where(sold, alpha * (waited - intervals), 0.0)
        waited[sold] = 0
    return Sporadic(factor * sizes / intervals, squares)


def obsolescing(series: Series, constants: Sequence[tuple[float, float]], size: Floats, chance: Floats) -> Sporadic:
    """Teunter, Syntetos and Babai's method: the chance of demand is smoothed in every period, so that it dies out by itself.

    `constants`: of the size and of the chance; `size` and `chance`: where smoothing begins.
    """
    alpha, beta = (_column([pair[place] for pair in constants]) for place in range(2))
    sizes, chances = (np.repeat(part[None, :], len(alpha), axis=0) for part in (size, chance))
    squares = np.zeros_like(sizes)
    known = series.known
    for period in range(series.demand.shape[1]):
        demand, tells = series.demand[:, period], known[:, period]
        squares += np.where(tells, demand - sizes * chances, 0.0) ** 2
        sold = demand > 0
        sizes += np.where(sold, alpha * (demand - sizes), 0.0)
        chances += np.where(tells, beta * (sold - chances), 0.0)
    return Sporadic(sizes * chances, squares)


def path(fit: Fit, horizon: int, phi: float) -> Floats:
    """Series x periods ahead, from a fit of one candidate; never below zero."""
    steps = np.cumsum(phi ** np.arange(1, horizon + 1))
    ahead = fit.level[0][:, None] + fit.trend[0][:, None] * steps
    places = fit.season.shape[2]
    if places:
        season = fit.season[0][:, np.arange(horizon) % places]
        ahead = ahead * season if fit.is_multiplicative else ahead + season
    found: Floats = np.maximum(ahead, 0.0)
    return found
