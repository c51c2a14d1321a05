"""Facts of the dock: goods that came in, the delivery that was checked whole, goods that went from the dock into a bin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from controller.facts import APPLIED, FactIn, Outcome, Parked
from controller.purchasing.reading import Goods, read_goods
from controller.sites.models import LocationKind
from controller.sites.queries import Place, bins, special, specials
from controller.stock.operations import Move, Reason, move
from controller.stock.queries import booked_by
from edge_agent.wire.facts import PutAway, ReceiptClosed, Received, Retracted


async def apply_received(facts: Sequence[FactIn[Received]]) -> list[Outcome]:
    """Book what came in, in base units.  An unknown symbol parks its fact and is noted for linking."""
    outcomes: list[Outcome] = []
    moves: list[Move] = []
    special = await specials(fact.site_id for fact in facts)
    for fact, goods in zip(facts, await read_goods(facts), strict=True):
        if isinstance(goods, Goods):
            source = special[fact.site_id, LocationKind.SUPPLIER]
            target = special[fact.site_id, LocationKind.RECEIVING]
            moves.append(_moved(fact, goods, source, target, Reason.RECEIVED))
            outcomes.append(APPLIED)
        else:
            outcomes.append(goods)
    await move(moves)
    return outcomes


async def apply_receipt_closed(facts: Sequence[FactIn[ReceiptClosed]]) -> list[Outcome]:
    """A delivery was checked whole."""
    return [APPLIED for _ in facts]


async def apply_put_away(facts: Sequence[FactIn[PutAway]]) -> list[Outcome]:
    """Book goods from the receiving place into their bin.  An unknown bin or symbol parks its fact."""
    outcomes: list[Outcome] = []
    moves: list[Move] = []
    special = await specials(fact.site_id for fact in facts)
    places = await _bins(facts)
    for fact, goods in zip(facts, await read_goods(facts), strict=True):
        if not isinstance(goods, Goods):
            outcomes.append(goods)
            continue
        place = places.get((fact.site_id, fact.data.bin))
        if place is None:
            outcomes.append(Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512]))
            continue
        source = special[fact.site_id, LocationKind.RECEIVING]
        if place.id != source:
            moves.append(_moved(fact, goods, source, place.id, Reason.RELOCATED))
        outcomes.append(APPLIED)
    await move(moves)
    return outcomes


async def take_back_received(fact: FactIn[Retracted], occurred_at: datetime) -> Outcome | None:
    """Book back what the fact it names brought in, as of then: a count meanwhile found it without.  None: it brought in nothing."""
    receiving = await special(fact.site_id, LocationKind.RECEIVING)
    return await _booked_back(fact, await booked_by(fact.data.fact, Reason.RECEIVED, receiving, occurred_at))


async def take_back_put_away(fact: FactIn[Retracted], data: PutAway, occurred_at: datetime) -> Outcome | None:
    """The goods went back to the receiving place, as of then.  None: the fact it names moved nothing."""
    place = (await bins(fact.site_id, [data.bin])).get(data.bin)
    if place is None:
        return None
    if place.kind is LocationKind.RECEIVING:  # it stayed where it was
        return APPLIED
    return await _booked_back(fact, await booked_by(fact.data.fact, Reason.RELOCATED, place.id, occurred_at))


async def _bins(facts: Sequence[FactIn[PutAway]]) -> dict[tuple[str, str], Place]:
    by_site: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        by_site[fact.site_id].add(fact.data.bin)
    return {(site, code): place for site, codes in by_site.items() for code, place in (await bins(site, sorted(codes))).items()}


async def _booked_back(fact: FactIn[Retracted], booked: Sequence[Move]) -> Outcome | None:
    if not booked:
        return None
    await move([each.reversed(Reason.RETRACTED, fact.id, fact.person) for each in booked])
    return APPLIED


def _moved(fact: FactIn[Received] | FactIn[PutAway], goods: Goods, source: int, target: int, reason: Reason) -> Move:
    return Move(
        sku_id=goods.sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=goods.units,
        reason=reason,
        occurred_at=fact.occurred_at,
        document=fact.data.document,
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
    )
