"""Facts of the dock: goods that came in, the delivery that was checked whole, goods that went from the dock into a bin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from controller.catalog.policies import storable
from controller.catalog.reading import Read, read
from controller.facts import APPLIED, FactIn, Outcome, Parked
from controller.purchasing.costs import price_receipts
from controller.purchasing.documents import document_of
from controller.purchasing.judging import judge
from controller.purchasing.numbers import RECEIPTS
from controller.purchasing.receipts import (
    Key,
    Part,
    close,
    note_arrivals,
    note_short,
    receipts_for,
    recount_notices,
    recount_orders,
    take_out,
)
from controller.sites.models import LocationKind
from controller.sites.policies import BusinessDays
from controller.sites.queries import Place, bins, site, specials
from controller.stock.lots import code_told, lot_told, lots_of
from controller.stock.operations import Move, Reason, move
from controller.stock.quarantining import from_where_it_lies
from controller.stock.queries import booked_by
from edge_agent.wire.facts import PutAway, ReceiptClosed, Received, Retracted
from edge_agent.wire.goods_facts import Condition

Dock = FactIn[Received] | FactIn[PutAway]
MAX_REASON = 200


async def apply_received(facts: Sequence[FactIn[Received]]) -> list[Outcome]:
    """Book what came in, in base units, under its receipt.  An unknown symbol parks its fact and is noted for linking.

    What cannot be as said (no such order, not ordered, too much, expired, …) is booked and becomes a task.
    """
    readings = await read([(fact, fact.data, fact.data.quantity) for fact in facts])
    good = [(fact, goods) for fact, goods in zip(facts, readings, strict=True) if isinstance(goods, Read)]
    if good:
        await _receive(good)
    return [APPLIED if isinstance(goods, Read) else goods for goods in readings]


async def _receive(arrivals: Sequence[tuple[FactIn[Received], Read]]) -> None:
    keys = await _keys([fact for fact, _ in arrivals])
    began: dict[Key, datetime] = {}
    for (fact, _), key in zip(arrivals, keys, strict=True):
        began[key] = min(began.get(key, fact.occurred_at), fact.occurred_at)
    receipts = await receipts_for(began)
    places = await specials(key[0] for key in keys)
    lots = await _lots(arrivals)
    numbers = {key: RECEIPTS.number(row["id"]) for key, row in receipts.items()}
    came = defaultdict[Part, int](int)
    moves = []
    for (fact, goods), key, lot in zip(arrivals, keys, lots, strict=True):
        came[_part(fact.data, key, goods.sku_id, lot)] += goods.units
        target = places[key[0], _kind_of(fact.data.condition)]
        moves.append(_moved(fact, goods, places[key[0], LocationKind.SUPPLIER], target, lot, numbers[key], Reason.RECEIVED))
    await move(moves)
    await note_arrivals(came, receipts)
    await recount_orders(row["order_id"] for row in receipts.values() if row["order_id"] is not None)
    await recount_notices(row["notice_id"] for row in receipts.values() if row["notice_id"] is not None)
    ids = [row["id"] for row in receipts.values()]
    units = defaultdict[tuple[int, int], int](int)
    for part, quantity in came.items():
        units[receipts[part.key]["id"], part.sku_id] += quantity
    await price_receipts(ids, came=units)
    await judge(ids)


async def apply_receipt_closed(facts: Sequence[FactIn[ReceiptClosed]]) -> list[Outcome]:
    """A delivery was checked whole.  Goods of it that are told later are welcome: they join it, checked as it is."""
    keys = await _keys(facts)
    began: dict[Key, datetime] = {}
    for fact, key in zip(facts, keys, strict=True):
        began[key] = min(began.get(key, fact.occurred_at), fact.occurred_at)
    await close([(fact.id, key, fact.occurred_at, fact.person) for fact, key in zip(facts, keys, strict=True)])
    receipts = await receipts_for(began)
    shorts = [(fact, line, key) for fact, key in zip(facts, keys, strict=True) for line in fact.data.short]
    readings = await read([(fact, line, 1) for fact, line, _ in shorts])
    lacking = [
        (receipts[key]["id"], goods.sku_id, storable(line.reason or "")[:MAX_REASON])
        for (_, line, key), goods in zip(shorts, readings, strict=True)
        if isinstance(goods, Read)
    ]
    await note_short(lacking)
    await judge([row["id"] for row in receipts.values()])
    return [APPLIED for _ in facts]


async def apply_put_away(facts: Sequence[FactIn[PutAway]]) -> list[Outcome]:
    """Book goods from the receiving place into their bin.  An unknown bin or symbol parks its fact."""
    outcomes: list[Outcome] = []
    special = await specials(fact.site_id for fact in facts)
    places = await _bins(facts)
    moved: list[tuple[FactIn[PutAway], Read, int]] = []
    for fact, goods in zip(facts, await read([(fact, fact.data, fact.data.quantity) for fact in facts]), strict=True):
        place = places.get((fact.site_id, fact.data.bin))
        if not isinstance(goods, Read):
            outcomes.append(goods)
        elif place is None:
            outcomes.append(Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512]))
        else:
            outcomes.append(APPLIED)
            if place.kind is not LocationKind.RECEIVING:
                moved.append((fact, goods, place.id))
    lots = await _lots([(fact, goods) for fact, goods, _ in moved])
    moves = [
        _moved(
            fact,
            goods,
            special[fact.site_id, LocationKind.RECEIVING],
            place,
            lot,
            document_of(fact.data.document),
            Reason.RELOCATED,
        )
        for (fact, goods, place), lot in zip(moved, lots, strict=True)
    ]
    await move(await from_where_it_lies(moves, {place.id for place in places.values() if place.kind is LocationKind.QUARANTINE}))
    return outcomes


async def take_back_received(fact: FactIn[Retracted], data: Received, occurred_at: datetime) -> Outcome | None:
    """Book back what the fact it names brought in, as of then: a count meanwhile found it without.  None: it brought in nothing."""
    target = (await specials([fact.site_id]))[fact.site_id, _kind_of(data.condition)]
    booked = await booked_by(fact.data.fact, Reason.RECEIVED, target, occurred_at)
    if not booked:
        return None
    key = (fact.site_id, document_of(data.document), (await _days(fact.site_id)).day_of(occurred_at))
    receipts = await receipts_for({key: occurred_at})
    await move([each.reversed(Reason.RETRACTED, fact.id, fact.person) for each in booked])
    row = receipts[key]
    for each in booked:
        await take_out(row["id"], _part(data, key, each.sku_id, each.lot_id), each.quantity)
    await recount_orders([row["order_id"]] if row["order_id"] is not None else [])
    await recount_notices([row["notice_id"]] if row["notice_id"] is not None else [])
    await price_receipts([row["id"]])
    await judge([row["id"]])
    return APPLIED


async def take_back_put_away(fact: FactIn[Retracted], data: PutAway, occurred_at: datetime) -> Outcome | None:
    """The goods went back to the receiving place, as of then.  None: the fact it names moved nothing."""
    place = (await bins(fact.site_id, [data.bin])).get(data.bin)
    if place is None:
        return None
    if place.kind is LocationKind.RECEIVING:  # it stayed where it was
        return APPLIED
    booked = await booked_by(fact.data.fact, Reason.RELOCATED, place.id, occurred_at)
    if not booked:
        return None
    await move([each.reversed(Reason.RETRACTED, fact.id, fact.person) for each in booked])
    return APPLIED


async def _bins(facts: Sequence[FactIn[PutAway]]) -> dict[tuple[str, str], Place]:
    by_site: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        by_site[fact.site_id].add(fact.data.bin)
    return {(site, code): place for site, codes in by_site.items() for code, place in (await bins(site, sorted(codes))).items()}


async def _keys(facts: Sequence[FactIn[Received]] | Sequence[FactIn[ReceiptClosed]]) -> list[Key]:
    days = {site_id: await _days(site_id) for site_id in {fact.site_id for fact in facts}}
    return [(fact.site_id, document_of(fact.data.document), days[fact.site_id].day_of(fact.occurred_at)) for fact in facts]


async def _days(site_id: str) -> BusinessDays:
    row = await site(site_id)
    return BusinessDays(row.time_zone, row.day_starts)


async def _lots(arrivals: Sequence[tuple[Dock, Read]]) -> list[int]:
    """The lot of each; by site, as a dispute about an expiry is the site's."""
    found = [0] * len(arrivals)
    by_site: dict[str, list[int]] = defaultdict(list)
    for index, (fact, _) in enumerate(arrivals):
        if fact.data.lot or fact.data.expiry:
            by_site[fact.site_id].append(index)
    for site_id, indexes in sorted(by_site.items()):
        seen = [lot_told(goods.sku_id, fact.data.lot, fact.data.expiry) for fact, goods in (arrivals[index] for index in indexes)]
        for index, lot in zip(indexes, await lots_of(seen, site=site_id), strict=True):
            found[index] = lot
    return found


def _part(data: Received, key: Key, sku_id: int, lot: int) -> Part:
    reason = storable(data.reason or "")[:MAX_REASON] if data.condition is Condition.DAMAGED else ""
    return Part(key=key, sku_id=sku_id, lot_id=lot, condition=data.condition, reason=reason)


def _kind_of(condition: Condition) -> LocationKind:
    return LocationKind.QUARANTINE if condition is Condition.DAMAGED else LocationKind.RECEIVING


def _moved(fact: Dock, goods: Read, source: int, target: int, lot: int, document: str, reason: Reason) -> Move:
    return Move(
        sku_id=goods.sku_id,
        from_location_id=source,
        to_location_id=target,
        lot_id=lot,
        serial=code_told(fact.data.serial) if goods.units == 1 else None,
        quantity=goods.units,
        reason=reason,
        occurred_at=fact.occurred_at,
        document=document or None,
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
    )
