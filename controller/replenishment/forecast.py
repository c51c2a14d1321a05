"""What will be asked for: a method for each series by its kind, constants by a small grid on the one-step error.

Pure arithmetic over arrays of series x periods, thousands at once.  Nothing in it depends on the order of the series, and a series
in other units (grams for kilograms) has the same forecast in these.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from itertools import product

import numpy as np

from controller.replenishment import smoothing
from controller.replenishment.series import BadSeries, Bools, Classes, Floats, Ints, Kind, Series, classify, damped, series_of

SEASON_DAYS = 7
SEASON_WEEKS = 52
TREND_DAMPING = 0.9
"""A trend that goes on for ever orders too much (Gardner & McKenzie 1985, Management Science 31, p. 1237)."""
FEW_PERIODS = 14
"""Known periods below which a mean is all that can be said."""
BLOCK = 2048
"""Series worked on at once: what a core's cache holds of the candidates."""
_ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.4)
_SEASONAL = tuple(product((0.02, 0.1, 0.3), (0.0, 0.05), (0.02, 0.15)))
_SPORADIC = (0.05, 0.1, 0.2)
_OBSOLESCING = tuple(product((0.1, 0.2), (0.05, 0.1, 0.2)))
_CLEARLY = 2.0
"""By how much a longer model must be better (in Akaike's criterion) before it is taken: Burnham & Anderson 2002, section 2.6."""


class Method(IntEnum):
    NONE = 0
    MEAN = 1
    SIMPLE = 2
    SEASONAL_ADDITIVE = 3
    SEASONAL_MULTIPLICATIVE = 4
    SBA = 5
    TSB = 6
    CATEGORY = 7
    YEARLY_ADDITIVE = 8
    YEARLY_MULTIPLICATIVE = 9


@dataclass(frozen=True, slots=True)
class Forecasts:
    """For each series: what it is like, the method and its constants (0: none), the forecast (series x periods ahead, base units),
    and the standard deviation of the error of one period.
    """

    kind: Ints
    method: Ints
    path: Floats
    sd: Floats
    alpha: Floats
    beta: Floats
    gamma: Floats
    adi: Floats
    cv2: Floats
    observed: Ints
    is_cut: Bools

    def mean(self, periods: Ints | int, *, after: int = 0) -> Floats:
        """Mean demand per period over so many periods ahead, of each series; `after`: beginning so many periods later."""
        path = self.path[:, after:]
        ahead = np.clip(np.broadcast_to(np.asarray(periods, dtype=np.int64), self.sd.shape), 1, path.shape[1])
        total = np.cumsum(path, axis=1)[np.arange(len(self.sd)), ahead - 1]
        mean: Floats = total / ahead
        return mean


def forecast(
    demand: object, *, horizon: int, season: int = SEASON_DAYS, short: object | None = None, prior: object | None = None
) -> Forecasts:
    """Forecast each series.  `short`: periods with nothing (left) to sell; `prior`: what to say of a series that was never sold
    (the mean of its category; NaN or None: nothing).

    A season needs a history of two of them.  Raises BadSeries.
    """
    series = series_of(demand, short)
    count = len(series.demand)
    if horizon < 1 or season < 1:
        raise BadSeries(f"horizon {horizon} and season {season}: expected 1 or more periods")
    priors = np.full(count, np.nan) if prior is None else np.asarray(prior, dtype=np.float64)
    if priors.shape != (count,):
        raise BadSeries(f"prior has the shape {priors.shape}, expected {(count,)}")
    blocks = [
        _block(_rows(series, slice(first, first + BLOCK)), priors[first : first + BLOCK], horizon, season)
        for first in range(0, count, BLOCK)
    ]
    return _joined(blocks) if blocks else _nothing(0, horizon)


def _rows(series: Series, wanted: slice | Ints | Bools) -> Series:
    return Series(series.demand[wanted], series.short[wanted], series.live[wanted])


def _joined(blocks: list[Forecasts]) -> Forecasts:
    return Forecasts(*(np.concatenate([getattr(block, part.name) for block in blocks]) for part in fields(Forecasts)))


def _nothing(count: int, horizon: int) -> Forecasts:
    kind, method, observed = np.zeros((3, count), dtype=np.int64)
    sd, alpha, beta, gamma, adi, cv2 = np.zeros((6, count))
    path, cut = np.zeros((count, horizon)), np.zeros(count, dtype=bool)
    return Forecasts(kind, method, path, sd, alpha, beta, gamma, adi, cv2, observed, cut)


def _block(raw: Series, prior: Floats, horizon: int, season: int) -> Forecasts:
    count = len(raw.demand)
    largest = raw.demand.max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest, 1.0)
    scaled = Series(raw.demand / scale[:, None], raw.short, raw.live)
    calm = damped(scaled, season)
    classes = classify(calm)
    found = _nothing(count, horizon)
    found.kind[:], found.adi[:], found.cv2[:], found.observed[:] = classes.kind, classes.adi, classes.cv2, classes.observed
    found.is_cut[:] = (calm.demand < scaled.demand).any(axis=1)
    few = (classes.kind != Kind.NONE) & (classes.observed < FEW_PERIODS)
    steady = np.isin(classes.kind, (Kind.SMOOTH, Kind.ERRATIC)) & ~few
    sporadic = np.isin(classes.kind, (Kind.INTERMITTENT, Kind.LUMPY)) & ~few
    gone = (classes.kind == Kind.OBSOLESCING) & ~few
    _fill_few(found, calm, np.flatnonzero(few))
    _fill_steady(found, calm, np.flatnonzero(steady), season)
    _fill_sporadic(found, calm, classes, np.flatnonzero(sporadic))
    _fill_obsolescing(found, calm, classes, np.flatnonzero(gone))
    found.path[:] *= scale[:, None]
    found.sd[:] *= scale
    fill_unknown(found, prior)
    return found


def fill_unknown(found: Forecasts, prior: Floats) -> None:
    """Never sold: the category's mean, with the spread of rare single demands (Poisson), or nothing."""
    known = (found.kind == Kind.NONE) & np.isfinite(prior) & (prior > 0)
    found.method[known] = Method.CATEGORY
    found.path[known] = prior[known][:, None]
    found.sd[known] = np.maximum(prior[known], np.sqrt(prior[known]))


def _fill_few(found: Forecasts, series: Series, rows: Ints) -> None:
    """A mean of few periods; they are taken to spread at least as single demands of the usual size do."""
    if not len(rows):
        return
    mean, size, spread = _moments(_rows(series, rows))
    found.method[rows] = Method.MEAN
    found.path[rows] = mean[:, None]
    found.sd[rows] = np.maximum(spread, np.sqrt(mean * size))


def _moments(series: Series) -> tuple[Floats, Floats, Floats]:
    """Of the known periods: the mean, the mean of those in which something was sold, the standard deviation."""
    known = series.known
    periods = np.maximum(known.sum(axis=1), 1)
    total = series.demand.sum(axis=1)
    mean = total / periods
    size = total / np.maximum((series.demand > 0).sum(axis=1), 1)
    spread = np.sqrt((np.where(known, series.demand - mean[:, None], 0.0) ** 2).sum(axis=1) / np.maximum(periods - 1, 1))
    return mean, size, spread


def _fill_steady(found: Forecasts, series: Series, rows: Ints, season: int) -> None:
    if not len(rows):
        return
    chosen = _rows(series, rows)
    mean = _moments(chosen)[0]
    periods = np.maximum(chosen.known.sum(axis=1), 1)
    simple = smoothing.simple(chosen, _ALPHAS, mean)
    best = simple.squares.argmin(axis=0)
    taken = _take(simple, best)
    squares = taken.squares[0]
    found.method[rows] = Method.SIMPLE
    found.alpha[rows] = np.asarray(_ALPHAS)[best]
    found.path[rows] = smoothing.path(taken, found.path.shape[1], 1.0)
    found.sd[rows] = np.sqrt(squares / periods)
    two = np.flatnonzero(chosen.live.sum(axis=1) >= 2 * season) if season > 1 else np.zeros(0, dtype=np.int64)
    if len(two):
        _fill_seasonal(found, _rows(chosen, two), rows[two], squares[two], season)


def _fill_seasonal(found: Forecasts, series: Series, rows: Ints, squares: Floats, season: int) -> None:
    """Where a season says clearly more than a level alone; multiplicative only where all of it is positive."""
    periods = np.maximum(series.known.sum(axis=1), 1)
    criterion = _criterion(squares, periods, 2) - _CLEARLY
    for method in (Method.SEASONAL_ADDITIVE, Method.SEASONAL_MULTIPLICATIVE):
        is_multiplicative = method is Method.SEASONAL_MULTIPLICATIVE
        start, usable = _season_start(series, season, is_multiplicative=is_multiplicative)
        fit = smoothing.seasonal(series, _SEASONAL, start, phi=TREND_DAMPING, is_multiplicative=is_multiplicative)
        lengths = np.array([season + 2 + 2 * (beta > 0) for _, beta, _ in _SEASONAL])
        scores = _criterion(fit.squares, periods[None, :], lengths[:, None])
        best = scores.argmin(axis=0)
        score = scores[best, np.arange(len(best))]
        better = np.flatnonzero(usable & (score < criterion))
        if not len(better):
            continue
        taken = _take(fit, best, better)
        at, constants = rows[better], np.asarray(_SEASONAL)[best[better]]
        criterion[better] = score[better]
        found.method[at] = method
        found.alpha[at], found.beta[at], found.gamma[at] = constants.T
        found.path[at] = smoothing.path(taken, found.path.shape[1], TREND_DAMPING)
        found.sd[at] = np.sqrt(taken.squares[0] / periods[better])


def _criterion(squares: Floats, periods: Ints | Floats, length: int | Ints) -> Floats:
    """Akaike's, corrected for short histories (Hurvich & Tsai 1989, Biometrika 76, p. 297): the smaller, the better."""
    size = np.asarray(periods, dtype=np.float64)
    spare = np.maximum(size - np.asarray(length) - 1.0, 0.5)
    score: Floats = size * np.log(np.maximum(squares, 1e-18) / size) + 2.0 * length + 2.0 * length * (length + 1.0) / spare
    return score


def _take(fit: smoothing.Fit, best: Ints, rows: Ints | None = None) -> smoothing.Fit:
    """The best candidate of each series (among `rows`), as the only one."""
    at = np.arange(fit.level.shape[1]) if rows is None else rows
    chosen = best[at]
    level, trend, season, squares = (part[chosen, at][None] for part in (fit.level, fit.trend, fit.season, fit.squares))
    return smoothing.Fit(level, trend, season, squares, fit.is_multiplicative)


def _season_start(series: Series, season: int, *, is_multiplicative: bool) -> tuple[smoothing.Start, Bools]:
    """Level, and the mean of each place of the season against it, over the whole seasons of known periods.

    Periods that tell nothing are left out; a place of which nothing is known is as the mean.  Usable: all places are known twice,
    and, for a multiplicative one, positive.
    """
    known = series.known
    periods = series.demand.shape[1]
    places = np.arange(periods) % season
    level = _moments(series)[0]
    sums, counts = np.zeros((len(level), season)), np.zeros((len(level), season))
    for place in range(season):
        at = places == place
        sums[:, place] = np.where(known[:, at], series.demand[:, at], 0.0).sum(axis=1)
        counts[:, place] = known[:, at].sum(axis=1)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), level[:, None])
    usable: Bools = np.all(counts >= 2, axis=1)
    if is_multiplicative:
        usable = usable & np.all(mean > 0.02 * level[:, None], axis=1)
        shape = np.where(usable[:, None], mean / np.maximum(level, 1e-12)[:, None], 1.0)
    else:
        shape = mean - level[:, None]
    return smoothing.Start(level, np.zeros_like(level), shape), usable


def _fill_sporadic(found: Forecasts, series: Series, classes: Classes, rows: Ints) -> None:
    if not len(rows):
        return
    chosen = _rows(series, rows)
    _, size, _ = _moments(chosen)
    fit = smoothing.croston(chosen, _SPORADIC, size, classes.adi[rows])
    _fill_rates(found, fit, rows, np.asarray(_SPORADIC), classes)
    found.method[rows] = Method.SBA


def _fill_obsolescing(found: Forecasts, series: Series, classes: Classes, rows: Ints) -> None:
    if not len(rows):
        return
    chosen = _rows(series, rows)
    _, size, _ = _moments(chosen)
    fit = smoothing.obsolescing(chosen, _OBSOLESCING, size, np.minimum(1.0 / classes.adi[rows], 1.0))
    _fill_rates(found, fit, rows, np.asarray([alpha for alpha, _ in _OBSOLESCING]), classes)
    found.beta[rows] = np.asarray([beta for _, beta in _OBSOLESCING])[fit.squares.argmin(axis=0)]
    found.method[rows] = Method.TSB


def _fill_rates(found: Forecasts, fit: smoothing.Sporadic, rows: Ints, alphas: Floats, classes: Classes) -> None:
    best = fit.squares.argmin(axis=0)
    at = np.arange(len(rows))
    found.alpha[rows] = alphas[best]
    found.path[rows] = fit.rate[best, at][:, None]
    found.sd[rows] = np.sqrt(fit.squares[best, at] / np.maximum(classes.observed[rows], 1))


def interval(path: Floats, sd: Floats, z: float) -> tuple[Floats, Floats]:
    """What a period's demand lies between, at z standard deviations; never below zero."""
    spread = z * sd[:, None]
    return np.maximum(path - spread, 0.0), path + spread
