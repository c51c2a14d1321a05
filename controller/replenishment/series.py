"""Many demand series at once, as arrays of series x periods: what is known of them, and what kind of demand each is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ADI_BOUND = 1.32
"""Mean periods between demands, from which on demand is intermittent (Syntetos, Boylan & Croston 2005, JORS 56, p. 495-503)."""
CV2_BOUND = 0.49
"""Squared coefficient of variation of the sizes, from which on they are erratic (the same)."""
GONE = 0.01
"""A pause since the last demand that had so small a chance is the end of it, unless it is shorter than `SHORTEST_PAUSE`."""
SHORTEST_PAUSE = 14
_FAR_OUT = 3.0
"""Times the distance of the quartiles above the upper one: Tukey's far out (Exploratory Data Analysis, 1977, section 2D)."""
_ENOUGH_TO_JUDGE = 8


class Kind(IntEnum):
    """What demand is like; decides the method (DOMAIN 6)."""

    NONE = 0
    SMOOTH = 1
    ERRATIC = 2
    INTERMITTENT = 3
    LUMPY = 4
    OBSOLESCING = 5


class BadSeries(ValueError):
    """Arrays that do not fit: not two dimensions, shapes that differ, or values that are no numbers."""


@dataclass(frozen=True, slots=True)
class Series:
    """`demand`: base units of each series and period, none below zero.  `short`: there was nothing (left) to sell, so that demand
    was at least this.  `live`: from the first period on in which it was sold; before that, it was not offered.
    """

    demand: Floats
    short: Bools
    live: Bools

    @property
    def known(self) -> Bools:
        """Periods that tell how much demand there was, or at least that there was some."""
        known: Bools = self.live & (~self.short | (self.demand > 0))
        return known


@dataclass(frozen=True, slots=True)
class Classes:
    """For each series: its kind, mean periods between demands (0: never), squared coefficient of variation of the sizes, known
    periods, known periods since the last demand.
    """

    kind: Ints
    adi: Floats
    cv2: Floats
    observed: Ints
    pause: Ints


def series_of(demand: object, short: object | None = None) -> Series:
    """Check and arrange.  Returns beyond sales count as none sold.  Raises BadSeries."""
    values = _floats(demand)
    if values.ndim != 2:
        raise BadSeries(f"demand has {values.ndim} dimensions, expected 2: series x periods")
    if not np.isfinite(values).all():
        raise BadSeries("demand holds values that are no finite numbers")
    mask = np.zeros(values.shape, dtype=bool) if short is None else np.asarray(short, dtype=bool)
    if mask.shape != values.shape:
        raise BadSeries(f"short has the shape {mask.shape}, expected that of demand, {values.shape}")
    values = np.maximum(values, 0.0)
    return Series(values, mask, np.logical_or.accumulate(values > 0, axis=1))


def _floats(values: object) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadSeries(f"demand is no array of numbers: {error}") from error


def classify(series: Series) -> Classes:
    """Syntetos, Boylan & Croston (2005): the mean interval between demands and the variation of their sizes.

    Periods without anything to sell are left out of both.  Obsolescing: nothing was sold for longer than chance explains.
    """
    known, sold = series.known, series.demand > 0
    observed = known.sum(axis=1)
    demands = sold.sum(axis=1)
    adi = np.divide(observed, demands, out=np.zeros(len(observed)), where=demands > 0)
    cv2 = _variation(series.demand, sold, demands)
    pause = np.where(demands > 0, (known & ~_seen_later(sold)).sum(axis=1), 0)
    kind = np.select(
        [demands == 0, _is_gone(adi, pause), (adi < ADI_BOUND) & (cv2 < CV2_BOUND), adi < ADI_BOUND, cv2 < CV2_BOUND],
        [Kind.NONE, Kind.OBSOLESCING, Kind.SMOOTH, Kind.ERRATIC, Kind.INTERMITTENT],
        default=Kind.LUMPY,
    )
    return Classes(kind.astype(np.int64), adi, cv2, observed.astype(np.int64), pause.astype(np.int64))


def _variation(demand: Floats, sold: Bools, demands: Ints) -> Floats:
    count = np.maximum(demands, 1)
    mean = demand.sum(axis=1) / count
    relative = np.divide(demand, mean[:, None], out=np.ones_like(demand), where=mean[:, None] > 0)
    found: Floats = (np.where(sold, relative - 1.0, 0.0) ** 2).sum(axis=1) / np.maximum(demands - 1, 1)
    return found


def _seen_later(sold: Bools) -> Bools:
    """Whether something was sold in this period or in a later one."""
    later: Bools = np.logical_or.accumulate(sold[:, ::-1], axis=1)[:, ::-1]
    return later


def _is_gone(adi: Floats, pause: Ints) -> Bools:
    quiet = 1.0 - np.divide(1.0, adi, out=np.ones_like(adi), where=adi > 0)
    gone: Bools = (pause >= SHORTEST_PAUSE) & (quiet ** np.minimum(pause, 10_000) < GONE)
    return gone


def damped(series: Series, season: int) -> Series:
    """One-off peaks (a promotion, a bulk buyer) cut down to the far out fence of the series' own sizes.

    What is high in each season at the same place (each Saturday) is no peak, nor is what is high so often that it is not out.
    Series of fewer than 8 demands stay as they are.
    """
    demand, sold = series.demand, series.demand > 0
    judged = np.flatnonzero(sold.sum(axis=1) >= _ENOUGH_TO_JUDGE)
    if not len(judged):
        return series
    sizes = np.sort(np.where(sold[judged], demand[judged], np.inf), axis=1)
    counts = sold[judged].sum(axis=1)
    lower, upper = _at(sizes, counts, 0.25), _at(sizes, counts, 0.75)
    fence = np.maximum(upper + _FAR_OUT * (upper - lower), 2.0 * upper)
    allowed = np.maximum(fence[:, None], _usual(demand[judged], season))
    cut = demand.copy()
    cut[judged] = np.minimum(demand[judged], allowed)
    return Series(cut, series.short, series.live)


def _at(ordered: Floats, counts: Ints, share: float) -> Floats:
    """The value at a share of the first `counts` ones of each row."""
    place = np.minimum((share * counts).astype(np.int64), counts - 1)
    found: Floats = ordered[np.arange(len(ordered)), place]
    return found


def _usual(demand: Floats, season: int) -> Floats:
    """Twice what is usual (the median) at each place of the season; nothing where the history holds fewer than three of them."""
    periods = demand.shape[1]
    whole = periods // season
    if season < 2 or whole < 3:
        return np.zeros((len(demand), 1))
    by_season = demand[:, periods - whole * season :].reshape(len(demand), whole, season)
    usual = 2.0 * np.median(by_season, axis=1)
    places = (np.arange(periods) - (periods - whole * season)) % season
    found: Floats = usual[:, places]
    return found
