"""Facts of the packing room: picked, short, packed, handed over.  They commute: what arrives too early is parked.

All run in ingest's transaction, with the orders of their pick lists locked first.  What cannot be right changes no quantity; it is
rejected, and an event tells a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from controller.catalog.operations import note_unknown, sighting, waiting_for
from controller.catalog.queries import Ambiguous, Found, Resolution, SymbolKey, Unknown, resolve
from controller.events import history
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected, refused_weight
from controller.fulfilment import claims, lists
from controller.fulfilment.events import LabelRefused, PickRefused, PutBackNeeded, ShelfShort
from controller.fulfilment.late import still_promised, too_late
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.lots import in_order_for, lots_told, places_told
from controller.fulfilment.papers import recalled_by
from controller.fulfilment.parcel_codes import is_parcel_number, parcels_of
from controller.fulfilment.policies import spread
from controller.fulfilment.states import ParcelState, PickListState
from controller.fulfilment.totes import numbers_of
from controller.fulfilment.weighing import is_measured, units_of
from controller.fulfilment.work import Work
from controller.orders.flags import StoredFlag, flags, waits_for_flags
from controller.sites.models import LocationKind
from controller.sites.queries import specials
from controller.stock.operations import Move, Reason
from controller.stock.pickable import lots_now
from controller.stock.queries import booked_by
from edge_agent.wire.facts import HandedOver, Packed, Picked, PickShort, Retracted
from edge_agent.wire.pick_facts import PickDamaged

S = TypeVar("S", Picked, PickShort, PickDamaged)
OVER_PICK_CODE = "over_pick"
HELD_CODE = "order_flagged"


async def apply_picked(facts: Sequence[FactIn[Picked]]) -> list[Outcome]:
    """Goods go from their bin to packing and stay allocated.

    A wrong item, an unknown symbol, a lot that is recalled, or more than the list wants: rejected, no quantity changes.  Another
    lot than the list expects is booked as what it was, and a person is told.
    """
    now = await lists.by_number(fact.data.pick_list for fact in facts)
    items = await resolved(facts)
    work = Work()
    told = await lots_told(facts, items)
    places = await places_told(facts)
    work.promised = await still_promised(now.values())
    work.lots = await lots_now([*told, *(line.lot_id for one in now.values() for line in one.lines)])
    outcomes = [
        _pick(fact, item, now.get(fact.data.pick_list), work, (lot, place))
        for fact, item, lot, place in zip(facts, items, told, places, strict=True)
    ]
    await work.finish(now.values())
    await _note_pickers(facts, outcomes, now)
    return outcomes


async def _note_pickers(facts: Sequence[FactIn[Picked]], outcomes: Sequence[Outcome], now: Mapping[str, PickListNow]) -> None:
    seen: dict[tuple[int, str], datetime] = {}
    for fact, outcome in zip(facts, outcomes, strict=True):
        if outcome == APPLIED:
            who = (now[fact.data.pick_list].id, claims.claimer(fact.person, fact.box))
            seen[who] = max(fact.occurred_at, seen.get(who, fact.occurred_at))
    await claims.picked_by(seen, [one for one in now.values() if any(one.id == list_id for list_id, _ in seen)])


def _pick(
    fact: FactIn[Picked], item: Resolution | None, pick_list: PickListNow | None, work: Work, told: tuple[int, int]
) -> Outcome:
    """`told`: the lot and the bin, by their ids; 0: nobody told it."""
    lot, place = told
    if pick_list is None or pick_list.site != fact.site_id:
        return Rejected("unknown_pick_list", no_list(fact.data.pick_list))
    if isinstance(item, Unknown):
        return Parked("unknown_barcode", waiting_for(fact.data.symbol.text))
    if not isinstance(item, Found):
        return refuse(fact, pick_list, work, ambiguous(item))
    lines = [line for line in pick_list.lines if line.sku_id == item.sku_id]
    if not lines:
        return refuse(fact, pick_list, work, Rejected("wrong_item", f"{item.sku} is not on {pick_list.no}"))
    quantity = units_of(fact.data, item, lines[0].base_unit)
    if quantity is None:
        return refuse(fact, pick_list, work, Rejected("bad_quantity", f"not a whole number of base units of {item.sku}"))
    weighed = is_measured(fact.data, item)
    taken = spread(quantity, in_order_for(lot, place, lines), is_measured=weighed)
    if taken is None:
        still = sum(line.open for line in lines)
        return refuse(fact, pick_list, work, Rejected(OVER_PICK_CODE, f"{quantity} of {item.sku} picked, {still} still wanted"))
    recalled = next((now for line, _ in taken if (now := work.recalled(lot or line.lot_id, fact.occurred_at))), None)
    if recalled is not None:
        return refuse(fact, pick_list, work, Rejected("lot_recalled", _recalled(recalled.name, item.sku, lot)))
    for line, part in taken:
        late = too_late(line, part, work.promised)
        line.take(part - late, is_measured=weighed)
        pick_list.changed[line.id] = line
        work.pick(fact, pick_list, line, part, lot)
        if late:
            work.tell(fact, pick_list, PutBackNeeded(pick_list=pick_list.no, sku_id=item.sku_id, quantity=late))
    if pick_list.state is PickListState.WITHDRAWN:
        work.tell(fact, pick_list, PutBackNeeded(pick_list=pick_list.no, sku_id=item.sku_id, quantity=quantity))
    return APPLIED


async def apply_pick_short(facts: Sequence[FactIn[PickShort]]) -> list[Outcome]:
    """The shelf holds no more of a SKU, or of all that is still open: the rest is missing, and its bins want a count."""
    now = await lists.by_number(fact.data.pick_list for fact in facts)
    items = await resolved(facts)
    work = Work()
    places = await places_told(facts)
    outcomes = [
        _short(fact, item, now.get(fact.data.pick_list), work, place)
        for fact, item, place in zip(facts, items, places, strict=True)
    ]
    await work.finish(now.values())
    return outcomes


def _short(fact: FactIn[PickShort], item: Resolution | None, pick_list: PickListNow | None, work: Work, place: int) -> Outcome:
    if pick_list is None or pick_list.site != fact.site_id:
        return Rejected("unknown_pick_list", no_list(fact.data.pick_list))
    if fact.data.symbol is not None and isinstance(item, Unknown):
        return Parked("unknown_barcode", waiting_for(fact.data.symbol.text))
    if isinstance(item, Ambiguous):
        return refuse(fact, pick_list, work, ambiguous(item))
    lines = [line for line in pick_list.lines if not isinstance(item, Found) or line.sku_id == item.sku_id]
    if not lines:
        return refuse(fact, pick_list, work, Rejected("wrong_item", f"what is missing is not on {pick_list.no}"))
    for line in [line for line in lines if line.location_id == place] or lines:
        if line.open and not line.is_short:
            work.tell(fact, pick_list, ShelfShort(pick_list=pick_list.no, sku_id=line.sku_id, location_id=line.location_id))
        line.is_short = True
        pick_list.changed[line.id] = line
    work.touch(fact, pick_list)
    return APPLIED


async def apply_packed(facts: Sequence[FactIn[Packed]]) -> list[Outcome]:
    """What was picked is a parcel: it gets its number, its label and its receipt, and its weight is checked."""
    numbers = await numbers_of(facts)
    now = await lists.by_number(numbers)
    work = Work()
    outcomes: list[Outcome] = []
    for fact, number in zip(facts, numbers, strict=True):
        pick_list = now.get(number)
        if pick_list is None or pick_list.site != fact.site_id:
            outcomes.append(Rejected("unknown_pick_list", no_list(number)))
        elif bad := refused_weight(fact.data.weight.grams):
            outcomes.append(bad)
        elif pick_list.parcel is not None:
            outcomes.append(Rejected("already_packed", f"{pick_list.no} is packed as {pick_list.parcel.no}"))
        elif not pick_list.can_be_packed:
            outcomes.append(Parked("not_picked", pick_list.key))
        else:
            await work.pack(fact, pick_list)
            outcomes.append(APPLIED)
    await work.finish(now.values())
    return outcomes


async def apply_handed_over(facts: Sequence[FactIn[HandedOver]]) -> list[Outcome]:
    """The parcel is with its customer or carrier: its goods leave the site.  A second scan of it changes nothing.

    A flag that was set before the scan holds it up: it waits for the flag to be cleared, and a person is told.  Goods of a lot that
    was recalled before the scan stay here: refused, and a person is told.
    """
    numbers = await parcels_of(facts)
    now = await lists.by_parcel(numbers)
    held = await flags({one.order_id for one in now.values()})
    work = Work()
    outcomes: list[Outcome] = []
    for fact, number in zip(facts, numbers, strict=True):
        pick_list = now.get(number)
        lots = await recalled_by(pick_list, fact.occurred_at)
        if lots and pick_list is not None and pick_list.parcel is not None and pick_list.site == fact.site_id:
            work.tell(fact, pick_list, LabelRefused(parcel=pick_list.parcel.no, lots=lots))
            outcomes.append(Rejected("lot_recalled", _stays(pick_list.parcel.no, lots)))
        elif pick_list is not None and pick_list.site == fact.site_id:
            outcomes.append(_hand_over(fact, pick_list, held[pick_list.order_id], work))
        elif pick_list is None and is_parcel_number(number):
            outcomes.append(Parked("not_packed", f"parcel:{number}"))
        else:
            outcomes.append(Rejected("unknown_parcel", f"{number[:40]!r} is no parcel of this site, nor its carrier's label"))
    await work.finish(now.values())
    return outcomes


def _hand_over(fact: FactIn[HandedOver], pick_list: PickListNow, flagged: Sequence[StoredFlag], work: Work) -> Outcome:
    holding = [flag for flag in flagged if flag.is_set and flag.set_at <= fact.occurred_at]
    if holding and pick_list.parcel and pick_list.parcel.state is ParcelState.PACKED:
        return Parked(HELD_CODE, waits_for_flags(pick_list.order_no))
    work.hand_over(fact, pick_list)
    return APPLIED


def _stays(parcel: str, lots: Sequence[str]) -> str:
    return f"{parcel} holds {', '.join(lots)}, which is recalled: it stays here"


async def take_back_picked(fact: FactIn[Retracted], picked: Picked, occurred_at: datetime) -> Outcome | None:
    """Put back what the fact it names took, while no parcel is made of it.  None: it took nothing.

    What is in a parcel is not taken back: rejected, and a person is told.
    """
    now = await lists.by_number([picked.pick_list])
    pick_list = now.get(picked.pick_list)
    if pick_list is None or pick_list.site != fact.site_id:
        return Rejected("unknown_pick_list", no_list(picked.pick_list))
    packing = (await specials([fact.site_id]))[fact.site_id, LocationKind.PACKING]
    picks = await booked_by(fact.data.fact, Reason.PICKED, packing, occurred_at)
    work = Work()
    outcome: Outcome | None = _put_back(fact, pick_list, picks, work) if picks else None
    if isinstance(outcome, Rejected):
        refused = PickRefused(pick_list=pick_list.no, code=outcome.code, detail=outcome.detail, symbol=picked.symbol.text)
        work.tell(fact, pick_list, refused)
    await work.finish(now.values())
    return outcome


async def picks_refused(pick_list: str) -> list[UUID]:
    """The facts that were refused because the list wanted no more: one that was taken back makes room for them."""
    now = await lists.by_number([pick_list])
    found = [event for one in now.values() for event in await history(one.order_no) if event.name == PickRefused.name]
    return [UUID(event.cause) for event in found if event.cause is not None and event.data["code"] == OVER_PICK_CODE]


def _put_back(fact: FactIn[Retracted], pick_list: PickListNow, picks: Sequence[Move], work: Work) -> Outcome:
    if pick_list.parcel is not None:
        return Rejected("already_packed", f"{pick_list.no} is packed as {pick_list.parcel.no}: its pick is not taken back")
    for pick in picks:
        lines = [one for one in pick_list.lines if (one.sku_id, one.location_id) == (pick.sku_id, pick.from_location_id)]
        line = next((one for one in lines if one.picked >= pick.quantity), None)
        if line is None:
            return Rejected("not_on_list", f"{pick_list.no} holds less than its pick took")
        work.put_back(fact, pick_list, line, pick)
    return APPLIED


def _recalled(lot: str, sku: str, told: int) -> str:
    if told:
        return f"lot {lot} of {sku} is recalled: it stays here, bring it to quarantine"
    return f"lot {lot} of {sku}, which the list expects, is recalled: take another lot, and scan its lot number"


def no_list(number: str) -> str:
    return f"{number[:40]!r} is no pick list of this site"


async def resolved(facts: Sequence[FactIn[S]]) -> list[Resolution | None]:
    """What each fact's symbol names; None without a symbol.  One look-up per site.  What nobody knows is noted for linking."""
    found: list[Resolution | None] = [None] * len(facts)
    places: dict[str, list[int]] = {}
    for place, fact in enumerate(facts):
        if fact.data.symbol is not None:
            places.setdefault(fact.site_id, []).append(place)
    for site, of_site in places.items():
        keys = [_key(facts[place].data) for place in of_site]
        for place, item in zip(of_site, await resolve(keys, site_id=site), strict=True):
            found[place] = item
    await note_unknown(
        sighting(fact, fact.data.symbol, fact.data.gtin)
        for fact, item in zip(facts, found, strict=True)
        if isinstance(item, Unknown) and fact.data.symbol is not None
    )
    return found


def _key(data: Picked | PickShort | PickDamaged) -> SymbolKey:
    return SymbolKey(text=data.symbol.text if data.symbol else "", gtin=data.gtin)


def ambiguous(item: Ambiguous | None) -> Rejected:
    return Rejected("ambiguous_barcode", f"it may mean {', '.join(item.skus) if item else 'more than one SKU'}")


def refuse(fact: FactIn[S], pick_list: PickListNow, work: Work, outcome: Rejected) -> Rejected:
    symbol = fact.data.symbol.text if fact.data.symbol else ""
    work.tell(fact, pick_list, PickRefused(pick_list=pick_list.no, code=outcome.code, detail=outcome.detail, symbol=symbol))
    return outcome
