"""Which lots a movement takes: pure.  What a fact says is judged per SKU and location; which lots it was is the best that is known.

A movement that names no lot takes what expires first.  One that names a lot of which too little is known turns the rest over from
others, by a pair of entries through `discrepancy`.  What is missing altogether is borrowed, as for goods without lots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date

from controller.sites.models import PHYSICAL
from controller.sites.queries import Place
from controller.stock.policies import NO_LOT, Cell, Correction, Held, Move, Spot
from controller.stock.states import Reason


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What the ledger needs to know of a lot."""

    expiry: date | None = None
    blocked: bool = False


@dataclass(slots=True)
class Shelf:
    """A SKU at a location: base units by lot, and what was borrowed."""

    lots: dict[int, int] = field(default_factory=dict)
    borrowed: int = 0

    def change(self, lot: int, quantity: int) -> None:
        self.lots[lot] = self.lots.get(lot, 0) + quantity


def first_expired(lots: Iterable[int], known: Mapping[int, LotFacts]) -> list[int]:
    """In the order in which they should go: what is blocked last, before it what has no expiry, and no lot after any lot."""

    def rank(lot: int) -> tuple[bool, bool, date, bool, int]:
        facts = known.get(lot, LotFacts())
        return facts.blocked, facts.expiry is None, facts.expiry or date.max, lot == 0, lot

    return sorted(lots, key=rank)


@dataclass(slots=True)
class Lots:
    """Books movements one after another onto shelves; `entries` is what the ledger gets, `turned` the lots that did not fit."""

    shelves: dict[Spot, Shelf]
    known: Mapping[int, LotFacts]
    places: Mapping[int, Place]
    nowhere_of: Mapping[int, int]
    """The `discrepancy` of each physical location's site."""
    entries: list[Move] = field(default_factory=list)
    turned: dict[Cell, int] = field(default_factory=lambda: defaultdict(int))

    def book(self, moves: Sequence[Move], corrections: Sequence[Correction], skus: AbstractSet[int]) -> None:
        """Those of `skus`.  What comes in before what goes on and out, so that nothing is borrowed that this very call brings."""
        after: dict[int, list[Correction]] = defaultdict(list)
        for correction in corrections:
            after[correction.cause].append(correction)
        mine = [index for index, move in enumerate(moves) if move.sku_id in skus]
        for index in sorted(mine, key=lambda index: self._rank(moves[index])):
            self._book(moves[index], after.get(index, []))

    def _rank(self, move: Move) -> int:
        return 2 * self._holds(move.from_location_id) - self._holds(move.to_location_id)

    def _holds(self, location: int) -> bool:
        return self.places[location].kind in PHYSICAL

    def _book(self, move: Move, corrections: Sequence[Correction]) -> None:
        """A location that was counted since has seen the movement: it and its correction leave the shelf as it is."""
        seen = {correction.location_id for correction in corrections}
        source, target = move.from_location_id, move.to_location_id
        pieces = {max(move.lot_id, 0): move.quantity}
        if self._holds(source) and source not in seen:
            pieces = self._take(move)
        for lot, quantity in pieces.items():
            self.entries.append(replace(move, lot_id=lot, quantity=quantity))
            self.entries += [replace(each.move, lot_id=lot, quantity=quantity) for each in corrections]
            if self._holds(target) and target not in seen:
                self._put(move, lot, quantity)

    def _take(self, move: Move) -> dict[int, int]:
        shelf = self.shelves[move.sku_id, move.from_location_id]
        pieces = self._named(shelf, move) if move.lot_id > 0 else self._earliest(shelf, move)
        for lot, quantity in pieces.items():
            shelf.change(lot, -quantity)
        return pieces

    def _named(self, shelf: Shelf, move: Move) -> dict[int, int]:
        missing = move.quantity - shelf.lots.get(move.lot_id, 0)
        others = first_expired((lot for lot, left in shelf.lots.items() if left and lot not in (0, move.lot_id)), self.known)
        for lot in (0, *others):  # what nobody knows the lot of is the likeliest to have been it
            if missing <= 0:
                break
            if quantity := min(missing, shelf.lots.get(lot, 0)):
                self._turn_over(shelf, move, lot, quantity)
                missing -= quantity
        if missing > 0:
            self._borrow(shelf, move, move.lot_id, missing)
        return {move.lot_id: move.quantity}

    def _earliest(self, shelf: Shelf, move: Move) -> dict[int, int]:
        pieces: dict[int, int] = {}
        missing = move.quantity
        order = first_expired((lot for lot, left in shelf.lots.items() if left), self.known)
        for lot in sorted(order, key=bool) if move.lot_id == NO_LOT else order:
            if missing <= 0:
                break
            pieces[lot] = min(missing, shelf.lots[lot])
            missing -= pieces[lot]
        if missing > 0:
            self._borrow(shelf, move, 0, missing)
            pieces[0] = pieces.get(0, 0) + missing
        return pieces

    def _turn_over(self, shelf: Shelf, move: Move, lot: int, quantity: int) -> None:
        self._out(move, lot, quantity, Reason.LOT_CORRECTED)
        self._in(move, move.lot_id, quantity, Reason.LOT_CORRECTED)
        shelf.change(lot, -quantity)
        shelf.change(move.lot_id, quantity)
        self.turned[move.sku_id, move.from_location_id, move.lot_id] += quantity

    def _borrow(self, shelf: Shelf, move: Move, lot: int, quantity: int) -> None:
        self._in(move, lot, quantity, Reason.UNEXPLAINED)
        shelf.change(lot, quantity)
        shelf.borrowed += quantity

    def _put(self, move: Move, lot: int, quantity: int) -> None:
        shelf = self.shelves[move.sku_id, move.to_location_id]
        back = min(shelf.borrowed, quantity)
        shelf.change(lot, quantity - back)
        shelf.borrowed -= back
        if back:
            nowhere = self.nowhere_of[move.to_location_id]
            self._enter(replace(move, from_location_id=move.to_location_id, to_location_id=nowhere), lot, back, Reason.UNEXPLAINED)

    def _in(self, move: Move, lot: int, quantity: int, reason: Reason) -> None:
        source = move.from_location_id
        self._enter(replace(move, from_location_id=self.nowhere_of[source], to_location_id=source), lot, quantity, reason)

    def _out(self, move: Move, lot: int, quantity: int, reason: Reason) -> None:
        self._enter(replace(move, to_location_id=self.nowhere_of[move.from_location_id]), lot, quantity, reason)

    def _enter(self, move: Move, lot: int, quantity: int, reason: Reason) -> None:
        self.entries.append(replace(move, lot_id=lot, quantity=quantity, reason=reason, serial=None))

    def held(self) -> dict[Cell, Held]:
        """What is there now, by lot; what is borrowed stands with lot 0."""
        found: dict[Cell, Held] = {}
        for (sku, location), shelf in self.shelves.items():
            for lot in {0, *shelf.lots}:
                found[sku, location, lot] = Held(shelf.lots.get(lot, 0), shelf.borrowed if lot == 0 else 0)
        return found
