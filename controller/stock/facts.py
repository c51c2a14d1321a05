"""Adjustments made at a station: somebody saw more or less than was known, or took goods out of trade."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.catalog.reading import Read, read
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.sites.models import LocationKind
from controller.sites.queries import bins, special
from controller.stock.lots import code_told, lot_told, lots_of
from controller.stock.operations import Adjustment, Reason, adjust, move
from controller.stock.queries import booked_by
from edge_agent.wire.facts import Retracted
from edge_agent.wire.goods_facts import Adjusted

Fact = FactIn[Adjusted]


async def apply_adjusted(facts: Sequence[Fact]) -> list[Outcome]:
    """Book each against the site's loss, as of its time, of the lot that it names, with its reason.

    An unknown bin or symbol parks its fact.
    """
    readings = await read([(fact, fact.data, fact.data.change) for fact in facts])
    return [await _apply(fact, found) for fact, found in zip(facts, readings, strict=True)]


async def take_back_adjusted(fact: FactIn[Retracted], data: Adjusted, occurred_at: datetime) -> Outcome | None:
    """What it booked goes back, as of then.  None: the fact it names booked nothing."""
    place = (await bins(fact.site_id, [data.bin])).get(data.bin)
    if place is None:
        return None
    target = place.id if data.change > 0 else await special(fact.site_id, LocationKind.LOSS)
    booked = await booked_by(fact.data.fact, Reason.ADJUSTED, target, occurred_at)
    if not booked:
        return None
    await move([each.reversed(Reason.RETRACTED, fact.id, fact.person) for each in booked])
    return APPLIED


async def _apply(fact: Fact, found: Read | Outcome) -> Outcome:
    if not isinstance(found, Read):
        return found
    if found.units == 0 or not fact.data.reason.strip():
        return Rejected("bad_adjustment", "an adjustment needs a change other than 0 and a reason")
    place = (await bins(fact.site_id, [fact.data.bin])).get(fact.data.bin)
    if place is None:
        return Parked("unknown_bin", f"bin:{fact.site_id}:{fact.data.bin}"[:512])
    note = f" ({fact.data.note})" if fact.data.note else ""
    seen = Adjustment(
        sku_id=found.sku_id,
        location_id=place.id,
        change=found.units,
        reason=f"{fact.data.reason}{note}",
        lot_id=(await lots_of([lot_told(found.sku_id, fact.data.lot, fact.data.expiry)], site=fact.site_id))[0],
        serial=code_told(fact.data.serial) if abs(found.units) == 1 else None,
        occurred_at=fact.occurred_at,
        fact_id=fact.id,
        device=f"{fact.box}/{fact.device or '_'}",
        approved_by=fact.data.approved_by,
    )
    await adjust(seen, person=fact.person)
    return APPLIED
