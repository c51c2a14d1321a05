"""Facts of transfers: goods that left for another site, goods that came from one, an end that is done."""

from __future__ import annotations

from collections.abc import Sequence

from controller.catalog.reading import Read, read
from controller.facts import APPLIED, FactIn, Outcome
from controller.sites.models import LocationKind
from controller.sites.queries import bins, specials
from controller.stock.operations import Move, Reason, move
from edge_agent.wire.facts import Fact
from edge_agent.wire.goods_facts import Condition, TransferClosed, TransferReceived, TransferSent


async def apply_transfer_sent(facts: Sequence[FactIn[TransferSent]]) -> list[Outcome]:
    """Book what left a bin into the transit of the site that it goes to."""
    special = await specials({fact.data.to or fact.site_id for fact in facts} | {fact.site_id for fact in facts})
    moves, outcomes = [], []
    for fact, found in zip(facts, await read([(fact, fact.data, fact.data.quantity) for fact in facts]), strict=True):
        if not isinstance(found, Read):
            outcomes.append(found)
            continue
        place = (await bins(fact.site_id, [fact.data.bin])).get(fact.data.bin) if fact.data.bin else None
        source = place.id if place else special[fact.site_id, LocationKind.RECEIVING]
        moves.append(_moved(fact, found, source, special[fact.data.to or fact.site_id, LocationKind.TRANSIT]))
        outcomes.append(APPLIED)
    await move(moves)
    return outcomes


async def apply_transfer_received(facts: Sequence[FactIn[TransferReceived]]) -> list[Outcome]:
    """Book what came out of the site's transit into its receiving place; damaged goods into quarantine."""
    special = await specials({fact.site_id for fact in facts})
    moves, outcomes = [], []
    for fact, found in zip(facts, await read([(fact, fact.data, fact.data.quantity) for fact in facts]), strict=True):
        if not isinstance(found, Read):
            outcomes.append(found)
            continue
        kind = LocationKind.RECEIVING if fact.data.condition is Condition.GOOD else LocationKind.QUARANTINE
        moves.append(_moved(fact, found, special[fact.site_id, LocationKind.TRANSIT], special[fact.site_id, kind]))
        outcomes.append(APPLIED)
    await move(moves)
    return outcomes


async def apply_transfer_closed(facts: Sequence[FactIn[TransferClosed]]) -> list[Outcome]:
    """An end is done."""
    return [APPLIED for _ in facts]


def _moved(fact: FactIn[Fact], found: Read, source: int, target: int) -> Move:
    return Move(
        sku_id=found.sku_id,
        from_location_id=source,
        to_location_id=target,
        quantity=found.units,
        reason=Reason.RELOCATED,
        occurred_at=fact.occurred_at,
        document=getattr(fact.data, "document", None),
        fact_id=fact.id,
        person=fact.person,
        device=f"{fact.box}/{fact.device or '_'}",
    )
