"""What a report is: its columns, its rows a page at a time, and one picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

Cell = str | int | float | date | None


class Unit(StrEnum):
    """How a column is shown.  MONEY: minor units of the row's `currency` column."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is its name in files and in the API; its words are in `controller/web/report_words.py`."""

    name: str
    unit: Unit = Unit.COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of which sites (`sites` None: all), SKUs and time; `first` and `last` are business days of each site.

    `q`: part of a SKU's code or name; `product`: its product's code.
    """

    first: date
    last: date
    site: str = ""
    q: str = ""
    product: str = ""
    sites: Collection[str] | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Row:
    """`key` is the cursor after which the next row comes."""

    key: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a report's picture: a day, a site, a reason, …; `label` is shown as it is."""

    label: str
    value: float


Fetch = Callable[[Asked, str, int], Awaitable[list[Row]]]
Draw = Callable[[Asked], Awaitable[list[Bar]]]


@dataclass(frozen=True, slots=True)
class Report:
    """`rows(asked, after, limit)`: in order of their keys, after one; `bars`: the picture.

    `uses_period`: it asks from when to when; `by_sku`: it can be narrowed to SKUs.
    """

    name: str
    columns: Sequence[Column]
    rows: Fetch
    bars: Draw
    uses_period: bool = True
    by_sku: bool = True
