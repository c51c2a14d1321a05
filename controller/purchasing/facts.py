"""Deliveries received: from the supplier into the receiving place of the box's site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from controller.catalog.operations import Sighting, note_unknown, sighting, waiting_for
from controller.catalog.policies import LARGEST, Ambiguous, Found, Resolution, SymbolKey
from controller.catalog.queries import resolve
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.sites.models import LocationKind
from controller.sites.queries import specials
from controller.stock.operations import Move, Reason, move
from controller.stock.queries import booked_by
from edge_agent.wire.facts import Received, Retracted

Fact = FactIn[Received]


async def apply_received(facts: Sequence[Fact]) -> list[Outcome]:
    """Book what came in, in base units.  An unknown symbol parks its fact and is noted for linking."""
    meanings = await _resolve(facts)
    special = await specials(fact.site_id for fact in facts)
    outcomes: list[Outcome] = []
    moves: list[Move] = []
    unknown: list[Sighting] = []
    for fact, meaning in zip(facts, meanings, strict=True):
        match meaning:
            case Found():
                units = meaning.base_units(fact.data.quantity)
                if units is None:
                    outcomes.append(_not_countable(fact, meaning))
                    continue
                source = special[fact.site_id, LocationKind.SUPPLIER]
                moves.append(_arrival(fact, meaning.sku_id, units, source, special[fact.site_id, LocationKind.RECEIVING]))
                outcomes.append(APPLIED)
            case Ambiguous():
                outcomes.append(Parked("ambiguous_barcode", waiting_for(fact.data.symbol.text)))
            case _:
                unknown.append(sighting(fact, fact.data.symbol, fact.data.gtin))
                outcomes.append(Parked("unknown_barcode", waiting_for(fact.data.symbol.text)))
    await note_unknown(unknown)
    await move(moves)
    return outcomes


async def take_back_received(fact: FactIn[Retracted], occurred_at: datetime) -> Outcome | None:
    """Book back what the fact it names brought in, as of then: a count meanwhile found it without.  None: it brought in nothing."""
    receiving = (await specials([fact.site_id]))[fact.site_id, LocationKind.RECEIVING]
    booked = await booked_by(fact.data.fact, Reason.RECEIVED, receiving, occurred_at)
    if not booked:
        return None
    await move([arrival.reversed(Reason.RETRACTED, fact.id, fact.person) for arrival in booked])
    return APPLIED


async def _resolve(facts: Sequence[Fact]) -> list[Resolution]:
    by_site: dict[str, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        by_site[fact.site_id].append(index)
    found: dict[int, Resolution] = {}
    for site, indexes in by_site.items():
        keys = [SymbolKey(facts[index].data.symbol.text, facts[index].data.gtin) for index in indexes]
        found.update(zip(indexes, await resolve(keys, site_id=site), strict=True))
    return [found[index] for index in range(len(facts))]


def _arrival(fact: Fact, sku_id: int, units: int, source: int, target: int) -> Move:
    return Move(
        sku_id=sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=units,
        reason=Reason.RECEIVED,
        occurred_at=fact.occurred_at,
        document=fact.data.document,
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
    )


def _not_countable(fact: Fact, meaning: Found) -> Rejected:
    pack = f"{meaning.numerator}/{meaning.denominator}"
    return Rejected(
        "bad_quantity",
        f"{fact.data.quantity} packs of {pack} base units of {meaning.sku}: expected a whole number of base units up to {LARGEST}",
    )
