"""What a call of `move` comes to: pure.  SKUs without lots, which are most, take a short way: only the sum of the call counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.sites.models import LocationKind
from controller.sites.queries import Place
from controller.stock.lot_policies import LotFacts, Lots, Shelf
from controller.stock.policies import Cell, Correction, Held, Move, Spot, changes, unexplained


@dataclass(frozen=True, slots=True)
class Sites:
    """The locations that a call is about, and the special ones of their sites."""

    places: Mapping[int, Place]
    special: Mapping[tuple[str, LocationKind], int]


@dataclass(slots=True)
class Booked:
    """Entries of the ledger, balances before and after, and what of a lot was turned over from other lots."""

    entries: list[Move]
    before: dict[Cell, Held]
    after: dict[Cell, Held]
    turned: dict[Cell, int] = field(default_factory=dict)


def book(
    moves: Sequence[Move], corrected: Sequence[Correction], rows: Mapping[Cell, Held], known: Mapping[int, LotFacts], sites: Sites
) -> Booked:
    """`rows`: what is there of these SKUs at these locations; `known`: the lots of `rows` and `moves`."""
    if not known:
        moves = [replace(move, lot_id=0) if move.lot_id else move for move in moves]
        return _book_plain([*moves, *(each.move for each in corrected)], rows, sites)
    with_lots = {sku for sku, _, lot in rows if lot} | {move.sku_id for move in moves if move.lot_id}
    booked = _book_plain(
        [move for move in (*moves, *(each.move for each in corrected)) if move.sku_id not in with_lots], rows, sites
    )
    spots = [spot for spot in changes(moves, sites.places) if spot[0] in with_lots]
    lots = Lots(_shelves(spots, rows), known, sites.places, _nowhere(sites))
    booked.before |= lots.held()
    lots.book(moves, corrected, with_lots)
    booked.after |= lots.held()
    booked.before |= {cell: Held() for cell in booked.after.keys() - booked.before.keys()}
    booked.entries += lots.entries
    booked.turned = dict(lots.turned)
    return booked


def _book_plain(moves: Sequence[Move], rows: Mapping[Cell, Held], sites: Sites) -> Booked:
    net = changes(moves, sites.places)
    before = {spot: rows.get((*spot, 0), Held()) for spot in net}
    after = {spot: before[spot].after(change) for spot, change in net.items()}
    lost = unexplained(moves, before, after, sites.special, sites.places)
    return Booked(
        [*moves, *lost],
        {(sku, location, 0): held for (sku, location), held in before.items()},
        {(sku, location, 0): held for (sku, location), held in after.items()},
    )


def _shelves(spots: Iterable[Spot], rows: Mapping[Cell, Held]) -> dict[Spot, Shelf]:
    shelves = {spot: Shelf() for spot in spots}
    for (sku, location, lot), held in rows.items():
        if shelf := shelves.get((sku, location)):
            shelf.lots[lot] = held.on_hand
            shelf.borrowed += held.borrowed
    return shelves


def _nowhere(sites: Sites) -> dict[int, int]:
    return {place.id: sites.special[place.site_id, LocationKind.DISCREPANCY] for place in sites.places.values()}
