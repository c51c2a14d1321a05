"""Goods that a picker found unfit to be sent: they lie in quarantine from then on, and the list wants others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.catalog.operations import waiting_for
from controller.catalog.policies import Found, Resolution
from controller.catalog.queries import Ambiguous, Unknown
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.fulfilment import lists
from controller.fulfilment.events import PickDamagedFound
from controller.fulfilment.facts import ambiguous, no_list, refuse, resolved
from controller.fulfilment.lists import PickListNow
from controller.fulfilment.lots import in_order_for, lots_told, places_told
from controller.fulfilment.weighing import units_of
from controller.fulfilment.work import Work
from controller.sites.models import LocationKind
from controller.sites.queries import special
from controller.stock.operations import Move, Reason, move
from controller.stock.queries import booked_by
from controller.tasks.operations import open_task
from edge_agent.wire.facts import Retracted
from edge_agent.wire.pick_facts import PickDamaged

MAX_REASON = 80


async def apply_pick_damaged(facts: Sequence[FactIn[PickDamaged]]) -> list[Outcome]:
    """From the bin that was told, else from where the list expects them.  Records PickDamagedFound; somebody decides on them."""
    now = await lists.by_number(fact.data.pick_list for fact in facts)
    items = await resolved(facts)
    lots, places = await lots_told(facts, items), await places_told(facts)
    work = Work()
    outcomes = []
    for fact, item, lot, place in zip(facts, items, lots, places, strict=True):
        outcomes.append(await _apart(fact, item, now.get(fact.data.pick_list), work, (lot, place)))
    await work.finish(now.values())
    return outcomes


async def take_back_damaged(fact: FactIn[Retracted], occurred_at: datetime) -> Outcome | None:
    """They are fit after all: back in their bin, as of when they were found.  None: the fact it names booked nothing."""
    quarantine = await special(fact.site_id, LocationKind.QUARANTINE)
    booked = await booked_by(fact.data.fact, Reason.RELOCATED, quarantine, occurred_at)
    if not booked:
        return None
    await move([each.reversed(Reason.RETRACTED, fact.id, fact.person) for each in booked])
    return APPLIED


async def _apart(
    fact: FactIn[PickDamaged], item: Resolution | None, pick_list: PickListNow | None, work: Work, told: tuple[int, int]
) -> Outcome:
    if pick_list is None or pick_list.site != fact.site_id:
        return Rejected("unknown_pick_list", no_list(fact.data.pick_list))
    if isinstance(item, Unknown):
        return Parked("unknown_barcode", waiting_for(fact.data.symbol.text))
    if not isinstance(item, Found):
        return refuse(fact, pick_list, work, ambiguous(item if isinstance(item, Ambiguous) else None))
    lot, place = told
    lines = in_order_for(lot, place, [line for line in pick_list.lines if line.sku_id == item.sku_id])
    quantity = units_of(fact.data, item, lines[0].base_unit if lines else "piece")
    if quantity is None:
        return refuse(fact, pick_list, work, Rejected("bad_quantity", f"not a whole number of base units of {item.sku}"))
    if not lines and not place:
        return refuse(fact, pick_list, work, Rejected("wrong_item", f"{item.sku} is not on {pick_list.no}"))
    reason = fact.data.reason.strip()[:MAX_REASON] or "other"
    await move([await _to_quarantine(fact, item.sku_id, quantity, place or lines[0].location_id, lot)])
    work.tell(fact, pick_list, PickDamagedFound(pick_list=pick_list.no, sku_id=item.sku_id, quantity=quantity, reason=reason))
    arguments = {"pick_list": pick_list.no, "sku": item.sku, "quantity": quantity, "reason": reason}
    key = f"pick_damaged:{fact.id}"
    await open_task("pick_damaged", site=pick_list.site, key=key, subject=pick_list.order_no, arguments=arguments)
    return APPLIED


async def _to_quarantine(fact: FactIn[PickDamaged], sku_id: int, quantity: int, place: int, lot: int) -> Move:
    return Move(
        sku_id=sku_id,
        from_location_id=place,
        to_location_id=await special(fact.site_id, LocationKind.QUARANTINE),
        quantity=quantity,
        reason=Reason.RELOCATED,
        occurred_at=fact.occurred_at,
        document=fact.data.pick_list,
        lot_id=lot,
        fact_id=fact.id,
        person=fact.person,
        device=fact.device,
    )
