"""What orders ask of features to their right: where goods come from, whether a person has to look, verbs for many at once.

The composition (`controller/app.py`) puts them in; without them only orders that name their site are placed, and all are approved.
They are kept with the connected database, and gone with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

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


Source = Callable[[SourceRequest], Awaitable[Sequence[Portion]]]
"""Where it comes from; less than all of it when there is not enough anywhere.  In the caller's transaction."""
Judge = Callable[[int], Awaitable[bool]]
"""Whether the order (id) is approved without a person looking; it may set flags.  In the transaction that places it, at its end."""
Verb = Callable[[str, str], Awaitable[object]]
"""What is done to each order (by its number) of many, and why."""


async def _nowhere(_: SourceRequest) -> Sequence[Portion]:
    raise NotSourced


async def _approved(_: int) -> bool:
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
