"""What orders ask of features to their right: where goods come from, whether a person has to look, verbs for many at once.

The composition (`controller/app.py`) puts them in; without them only orders that name their site are placed, and all are approved.
They are kept with the connected database, and gone with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.db import memory
from controller.errors import Conflict
from controller.orders.states import Bulk


class NotSourced(Conflict):
    """The order names no site, and nothing here decides where its goods come from."""

    code = "not_sourced"

    def __init__(self) -> None:
        super().__init__("the order names no site, and no sourcing is set up: name a site")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """So many base units of a SKU, for the line at `position`; `amount_minor` is what they cost, in minor units."""

    position: int
    sku_id: int
    quantity: int
    amount_minor: int
    presale: bool = False


@dataclass(frozen=True, slots=True)
class Portion:
    """So many base units of a line come from a site."""

    position: int
    site: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """What is to be sourced; `order_id` is stored already, in the same transaction.

    `refused`: sites that turned out to have too little, as pairs of SKU id and site; what they are to give is not asked again.
    `is_waiting`: it waits for goods since it was placed, and they may have arrived.
    """

    order_id: int
    channel: str
    currency: str
    region: str | None
    lines: Sequence[WantedLine]
    refused: frozenset[tuple[int, str]] = frozenset()
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A line as it was just written; `catalogued_…`: what the catalogue says by itself that one of it costs."""

    sku_id: int
    sku: str
    base_unit: str
    quantity: int
    unit_price_minor: int
    price_per: int
    presale: bool
    catalogued_minor: int
    catalogued_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JustPlaced:
    """An order as it was written a moment ago in the same transaction, without discounts: nobody has to read it again."""

    id: int
    site: str | None
    region: str | None
    channel: str
    currency: str
    total_minor: int
    delivery: str
    customer_id: int | None
    placed_at: datetime
    lines: Sequence[PlacedLine]


Source = Callable[[SourceRequest], Awaitable[Sequence[Portion]]]
"""Where it comes from; less than all of it when there is not enough anywhere.  In the caller's transaction."""
Judge = Callable[[int, JustPlaced | None], Awaitable[bool]]
"""Whether the order (id, and what was just written of it) is approved without a person looking; it may set flags.

In the transaction that places it, at its end."""
Verb = Callable[[str, str], Awaitable[object]]
"""What is done to each order (by its number) of many, and why."""


async def _nowhere(_: SourceRequest) -> Sequence[Portion]:
    raise NotSourced


async def _approved(_: int, __: JustPlaced | None) -> bool:
    return True


@dataclass(slots=True)
class Seams:
    """One per connected database; set once, before the first order."""

    source: Source = field(default=_nowhere)
    judge: Judge = field(default=_approved)
    bulk: dict[Bulk, Verb] = field(default_factory=dict)


def seams() -> Seams:
    """Those of this process.  Raises RuntimeError before the database is connected."""
    return memory("orders.seams", Seams)
