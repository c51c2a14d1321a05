"""Counts without closing the store: expected is the ledger as of the instant at which the bin was counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from controller import db, events
from controller.catalog.operations import Sighting, note_unknown, sighting, waiting_for
from controller.catalog.policies import Found, Resolution, SymbolKey, Unknown
from controller.catalog.queries import resolve
from controller.counts.events import BinCounted
from controller.counts.policies import variances
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.sites.models import LocationKind
from controller.sites.queries import Place, bins, special
from controller.stock.marks import hold_still, mark_counted
from controller.stock.operations import Move, Reason, move
from controller.stock.queries import as_of
from edge_agent.wire.facts import Counted

Fact = FactIn[Counted]


async def apply_counted(facts: Sequence[Fact]) -> list[Outcome]:
    """Book the difference of each counted bin against the site's loss, and pin the bin to what was found.

    What happened before the count but arrives later corrects it (`stock.ledger.move`), so the order of arrival does not matter.
    An unknown bin or symbol parks the fact.
    """
    return [await _apply(fact) for fact in facts]


async def _apply(fact: Fact) -> Outcome:
    place = (await bins(fact.site_id, [fact.data.bin])).get(fact.data.bin)
    if place is None:
        return Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512])
    meanings = await resolve([SymbolKey(line.symbol.text, line.gtin) for line in fact.data.lines], site_id=fact.site_id)
    await note_unknown(_sightings(fact, meanings))
    counted: Counter[int] = Counter()
    for line, meaning in zip(fact.data.lines, meanings, strict=True):
        if not isinstance(meaning, Found):
            code = "unknown_barcode" if isinstance(meaning, Unknown) else "ambiguous_barcode"
            return Parked(code, waiting_for(line.symbol.text))
        units = meaning.base_units(line.quantity)
        if units is None:
            return Rejected("bad_quantity", f"{line.quantity} packs of {meaning.sku}: expected a whole number of base units")
        counted[meaning.sku_id] += units
    await _book(fact, place, counted)
    return APPLIED


async def _book(fact: Fact, place: Place, counted: Mapping[int, int]) -> None:
    document = f"count {fact.id}"
    await hold_still([place.id])
    if await db.fetch("SELECT 1 FROM count_mark WHERE fact_id = ?", fact.id):
        return
    found = variances(counted, await as_of(place.id, fact.occurred_at))
    loss = await special(fact.site_id, LocationKind.LOSS)
    await move([_adjustment(fact, sku, variance, place.id, loss, document) for sku, variance in found.items()])
    await mark_counted(place.id, fact.occurred_at, document=document, fact_id=fact.id)
    told = BinCounted(bin=place.code, lines=len(counted), skus=len(found), variance=sum(found.values()))
    await events.record(told, subject=place.code, site=fact.site_id)


def _adjustment(fact: Fact, sku_id: int, variance: int, place: int, loss: int, document: str) -> Move:
    return Move(
        sku_id=sku_id,
        from_location_id=loss if variance > 0 else place,
        to_location_id=place if variance > 0 else loss,
        quantity=abs(variance),
        reason=Reason.COUNTED,
        occurred_at=fact.occurred_at,
        document=document,
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
    )


def _sightings(fact: Fact, meanings: Sequence[Resolution]) -> list[Sighting]:
    pairs = zip(fact.data.lines, meanings, strict=True)
    return [sighting(fact, line.symbol, line.gtin) for line, meaning in pairs if isinstance(meaning, Unknown)]
