"""Demand as arrays: one query for many SKUs of a site, and what each day's stock tells about it."""

# ruff: noqa: S608 -- what is put into the texts is ours; values are parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller import db
from controller.db import Engine
from controller.replenishment.series import Bools, Floats, Ints

WRONG_RECORD = 0.1
"""Share of days with sales that went below what was known to be there, from which on a stock of 0 says nothing."""

_WRITTEN = "group_concat(day || ' ' || (sold - returned) || ' ' || net || ' ' || found, ' ')"
_PACKED = "string_agg(int8send(day) || int8send(sold - returned) || int8send(net) || int8send(found), CAST('' AS bytea))"
"""All days of a SKU in one value: a row for each would cost more than everything else of a run.  PostgreSQL's in eight bytes each,
most significant first, which is half the work of writing digits and reading them again; SQLite has no such function.
"""


@dataclass(frozen=True, slots=True)
class History:
    """SKUs x days of a site.  `demand`: base units sold less returned; `short`: nothing was left at the end of the day.

    `last_sold`: business day of the last sale in it, 0: none.
    """

    demand: Floats
    short: Bools
    last_sold: Ints


async def history(site_id: str, skus: Sequence[int], on_hand: Sequence[int], *, first: int, days: int) -> History:
    """Days `first` to `first + days - 1` (date.toordinal()) of SKUs in ascending order, with what is on hand of them now."""
    is_packed = db.engine() is Engine.POSTGRES
    rows = await db.fetch(
        f"SELECT sku_id, COUNT(*) AS days, {_PACKED if is_packed else _WRITTEN} AS told "
        "FROM demand_day WHERE site_id = ? AND sku_id >= ? AND sku_id <= ? AND day >= ? GROUP BY sku_id",
        *(site_id, skus[0] if skus else 0, skus[-1] if skus else -1, first),
    )
    places = {sku: place for place, sku in enumerate(skus)}
    rows = [row for row in rows if row["sku_id"] in places]
    told = [row["told"] for row in rows]
    flat = np.frombuffer(b"".join(told), ">i8").astype(np.float64) if is_packed else np.fromstring(" ".join(told), sep=" ")
    numbers = flat.reshape(-1, 4)
    at = np.repeat([places[row["sku_id"]] for row in rows], [row["days"] for row in rows]).astype(np.int64)
    return arranged(numbers, at, np.asarray(on_hand, dtype=np.float64), first=first, days=days)


def arranged(numbers: Floats, at: Ints, on_hand: Floats, *, first: int, days: int) -> History:
    """Rows of (day, sold, net, found) of the series `at`, as arrays.  What changed after the last day is taken off of on hand."""
    count = len(on_hand)
    demand, net = np.zeros((count, days)), np.zeros((count, days))
    day = numbers[:, 0].astype(np.int64) - first
    inside = day < days
    demand[at[inside], day[inside]] = numbers[inside, 1]
    net[at[inside], day[inside]] = numbers[inside, 2]
    later = np.bincount(at[~inside], weights=numbers[~inside, 2], minlength=count)
    closing = (on_hand - later)[:, None] - (np.cumsum(net[:, ::-1], axis=1)[:, ::-1] - net)
    sold = inside & (numbers[:, 1] > 0)
    sales = np.bincount(at[sold], minlength=count)
    below = np.bincount(at[sold & (numbers[:, 3] > 0)], minlength=count)
    short = (closing <= 0) & (below <= WRONG_RECORD * sales)[:, None]
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, at[sold], day[sold] + first)
    return History(np.maximum(demand, 0.0), short, last)
