"""Pure decisions of the ledger: what follows from a set of movements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from controller.sites.models import ON_HAND, PHYSICAL, LocationKind
from controller.sites.queries import Place
from controller.stock.states import MarkKind, Reason

NO_LOT = -1
"""The lot of a movement that takes what nobody knows the lot of: where lots were counted, this was not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`quantity` base units (> 0) of a SKU went from one location to another; `occurred_at` is aware UTC.

    `document` is what it belongs to (a delivery, an order, a count), `person` and `device` who and what reported it.
    `lot_id` 0: nobody said which lot; it leaves by the earliest expiry, with `NO_LOT` what nobody knows the lot of first.
    `serial`: the one piece (quantity 1) that it is.  `approved_by`: who allowed what `person` did.
    """

    sku_id: int
    from_location_id: int
    to_location_id: int
    quantity: int
    reason: Reason
    occurred_at: datetime
    document: str | None = None
    fact_id: UUID | None = None
    person: str | None = None
    device: str | None = None
    lot_id: int = 0
    serial: str | None = None
    approved_by: str | None = None

    def reversed(self, reason: Reason, fact_id: UUID, person: str | None) -> Move:
        """The same way back, as of the same time: whoever counted meanwhile is corrected as if neither had been."""
        back = replace(self, from_location_id=self.to_location_id, to_location_id=self.from_location_id)
        return replace(back, reason=reason, fact_id=fact_id, person=person, approved_by=None)


@dataclass(frozen=True, slots=True)
class Mark:
    """A location was counted at an instant: one SKU there, or (`sku_id` 0) all of which the document has no mark of their own."""

    location_id: int
    counted_at: datetime
    document: str
    sku_id: int = 0
    kind: MarkKind = MarkKind.PINS


@dataclass(frozen=True, slots=True)
class Held:
    """What a location holds; `borrowed` was booked in from `discrepancy` because facts took more than was known."""

    on_hand: int = 0
    borrowed: int = 0

    def after(self, change: int) -> Held:
        """Never below zero: what is missing is borrowed, and paid back by what comes in.  The result is the same in any order."""
        true = self.on_hand - self.borrowed + change
        return Held(max(true, 0), max(-true, 0))


Spot = tuple[int, int]
"""A SKU at a location."""
Cell = tuple[int, int, int]
"""A SKU at a location, of a lot: a row of `balance`."""
Granting = tuple[int, str]
"""A SKU at a site: a row of `availability`."""


@dataclass(frozen=True, slots=True)
class Correction:
    """`move` takes back at a count what the movement with index `cause` changed at a location that was counted after it."""

    cause: int
    location_id: int
    move: Move


@dataclass(frozen=True, slots=True)
class Change:
    """Of a row of `availability`, in base units."""

    on_hand: int = 0
    quarantined: int = 0


def corrections(moves: Sequence[Move], marks: Sequence[Mark], loss_of: Mapping[int, int]) -> list[Correction]:
    """What late facts change at counts that came after them.

    A count pins what was there at its instant.  A movement from before that instant which arrives later was already seen by the
    counting eyes, so the count's variance changes by the opposite amount.  What a count books itself corrects it by nothing.
    `loss_of`: the loss location for each counted one.
    """
    by_location: dict[int, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=lambda mark: (mark.counted_at, mark.document)):
        by_location[mark.location_id].append(mark)
    own = {(mark.location_id, mark.document, mark.sku_id) for mark in marks if mark.sku_id}
    found = []
    for index, move in enumerate(moves):
        for location in (move.from_location_id, move.to_location_id):
            later = (mark for mark in by_location.get(location, ()) if _pins(mark, move, own))
            if not (first := next(later, None)):
                continue
            came = location == move.to_location_id
            opposite = replace(
                move,
                from_location_id=location if came else loss_of[location],
                to_location_id=loss_of[location] if came else location,
                reason=Reason.COUNT_CORRECTED,
                document=first.document,
                occurred_at=first.counted_at,
                serial=None,  # where a piece is, facts say
            )
            found.append(Correction(index, location, opposite))
    return found


def _pins(mark: Mark, move: Move, own: AbstractSet[tuple[int, str, int]]) -> bool:
    if mark.kind is not MarkKind.PINS or mark.counted_at < move.occurred_at:
        return False
    if move.reason is Reason.COUNTED and move.document == mark.document:
        return False
    if mark.sku_id:
        return mark.sku_id == move.sku_id
    return (mark.location_id, mark.document, move.sku_id) not in own


def changes(moves: Iterable[Move], places: Mapping[int, Place]) -> dict[Spot, int]:
    """The net change at each physical spot."""
    net: dict[Spot, int] = defaultdict(int)
    for move in moves:
        if places[move.from_location_id].kind in PHYSICAL:
            net[move.sku_id, move.from_location_id] -= move.quantity
        if places[move.to_location_id].kind in PHYSICAL:
            net[move.sku_id, move.to_location_id] += move.quantity
    return dict(net)


def level_changes(
    before: Mapping[Cell, Held], after: Mapping[Cell, Held], places: Mapping[int, Place], blocked: AbstractSet[int]
) -> dict[Granting, Change]:
    """The change of on hand, and of what of it is never granted, for each SKU and site; `blocked` lots are."""
    on_hand: dict[Granting, int] = defaultdict(int)
    quarantined: dict[Granting, int] = defaultdict(int)
    for cell, held in after.items():
        sku, location, lot = cell
        place = places[location]
        if place.kind in ON_HAND:
            change = held.on_hand - before[cell].on_hand
            on_hand[sku, place.site_id] += change
            if place.kind is LocationKind.QUARANTINE or lot in blocked:
                quarantined[sku, place.site_id] += change
    return {grant: Change(change, quarantined.get(grant, 0)) for grant, change in on_hand.items()}


def unexplained(
    moves: Sequence[Move],
    before: Mapping[Spot, Held],
    after: Mapping[Spot, Held],
    special: Mapping[tuple[str, LocationKind], int],
    places: Mapping[int, Place],
) -> list[Move]:
    """The movements from and to `discrepancy` that keep every location at zero or above."""
    wrong = [(spot, missing) for spot, held in after.items() if (missing := held.borrowed - before[spot].borrowed)]
    if not wrong:
        return []
    cause = {(move.sku_id, location): move for move in moves for location in (move.from_location_id, move.to_location_id)}
    found = []
    for (sku, location), missing in wrong:
        nowhere = special[places[location].site_id, LocationKind.DISCREPANCY]
        source, target = (nowhere, location) if missing > 0 else (location, nowhere)
        found.append(
            replace(
                cause[sku, location],
                from_location_id=source,
                to_location_id=target,
                quantity=abs(missing),
                reason=Reason.UNEXPLAINED,
            )
        )
    return found
