"""What a person took back at a station: the fact that it names counts for nothing, once, in whatever order the two arrive.

A fact that is booked is booked back as of its own time, as if it had never been; one that is parked is rejected; one that is not
here yet is waited for.  The target's row is the lock and the mark (`code` `retracted`).
"""

# ruff: noqa: S608 -- the only texts put into statements are our own names
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.db import Row, among, execute, fetch, for_update, listing
from controller.facts import APPLIED, FactIn, Outcome, Parked, Rejected
from controller.fulfilment.damage_facts import take_back_damaged
from controller.fulfilment.facts import OVER_PICK_CODE, picks_refused, take_back_picked
from controller.intake.counter import take_back_counter_order
from controller.pricing.facts import take_back_labelled
from controller.purchasing.facts import take_back_put_away, take_back_received
from controller.stock.facts import take_back_adjusted
from controller.transfers.facts import take_back_transferred
from edge_agent.wire.facts import FACTS, Fact, Picked, PutAway, Received, Retracted
from edge_agent.wire.goods_facts import Adjusted, ShelfLabelled, TransferReceived, TransferSent
from edge_agent.wire.order_facts import CounterOrder
from edge_agent.wire.pick_facts import PickDamaged

RETRACTED_CODE = "retracted"
RETRACTABLE = frozenset(
    {
        kind.name
        for kind in (Received, PutAway, TransferSent, TransferReceived, Picked, PickDamaged, Adjusted, ShelfLabelled, CounterOrder)
    }
)


async def apply_retracted(facts: Sequence[FactIn[Retracted]]) -> list[Outcome]:
    """One at a time: people undo rarely, and each may change what the next one finds."""
    targets = await _targets(facts)
    return [await _take_back(fact, targets.get(str(fact.data.fact))) for fact in facts]


async def tell_arrived(facts: Sequence[FactIn[Any]]) -> None:
    """These can be taken back: whoever waits to do so is tried again soon."""
    if not await fetch("SELECT 1 AS one FROM fact WHERE outcome = 'parked' AND waits_for LIKE 'fact:%' LIMIT 1"):
        return  # nearly always
    keys = listing({_key(fact.id) for fact in facts})
    await execute(f"UPDATE fact SET due = ? WHERE outcome = 'parked' AND {among('waits_for')}", True, keys)


async def _targets(facts: Sequence[FactIn[Retracted]]) -> dict[str, Row]:
    """Locked, so that a target is not tried again meanwhile."""
    ids = listing({fact.data.fact for fact in facts})
    rows = await fetch(f"SELECT * FROM fact WHERE {among('id')} ORDER BY id" + for_update(), ids)
    return {str(row["id"]): row for row in rows}


async def _take_back(fact: FactIn[Retracted], target: Row | None) -> Outcome:
    if fact.data.kind not in RETRACTABLE:
        return Rejected("not_retractable", f"a fact {fact.data.kind[:40]!r} is not taken back by a fact")
    if target is None:
        return Parked("unknown_fact", _key(fact.data.fact))
    if (target["box"], target["name"]) != (fact.box, fact.data.kind):
        return Rejected("fact_of_another", f"fact {fact.data.fact} is no {fact.data.kind} of box {fact.box}")
    if target["outcome"] == "rejected" or target["code"] == RETRACTED_CODE:
        return APPLIED
    if target["outcome"] == "parked":
        await _mark(fact, "rejected", "parked")
        return APPLIED
    data = msgspec.json.decode(target["payload"], type=FACTS[(target["name"], target["version"])])
    outcome = await _booked_back(fact, data, target["occurred_at"])
    if outcome is None:  # it came in this very transaction and is not booked: what became of it is seen next time
        return Parked("not_booked", _key(fact.data.fact))
    if outcome == APPLIED:
        await _mark(fact, "applied", "applied")
    return outcome


async def _booked_back(fact: FactIn[Retracted], data: Fact, occurred_at: datetime) -> Outcome | None:
    match data:
        case Received():
            return await take_back_received(fact, data, occurred_at)
        case PutAway():
            return await take_back_put_away(fact, data, occurred_at)
        case TransferSent() | TransferReceived():
            return await take_back_transferred(fact)
        case ShelfLabelled():
            return await take_back_labelled(fact, data, occurred_at)
        case CounterOrder():
            return await take_back_counter_order(fact)
        case Adjusted():
            return await take_back_adjusted(fact, data, occurred_at)
        case PickDamaged():
            return await take_back_damaged(fact, occurred_at)
        case Picked():
            outcome = await take_back_picked(fact, data, occurred_at)
            if outcome == APPLIED:
                await _try_again(await picks_refused(data.pick_list))
            return outcome
    return Rejected("not_retractable", f"a fact {fact.data.kind[:40]!r} is not taken back by a fact")


async def _try_again(facts: Sequence[UUID]) -> None:
    """A pick that came before this retraction may have been one too many only because of that."""
    await execute(
        f"UPDATE fact SET outcome = 'parked', due = ?, detail = NULL WHERE outcome = 'rejected' AND code = ? AND {among('id')}",
        True,
        OVER_PICK_CODE,
        listing(facts),
    )


async def _mark(fact: FactIn[Retracted], outcome: str, before: str) -> None:
    await execute(
        "UPDATE fact SET outcome = ?, code = ?, detail = ?, waits_for = NULL, due = ? WHERE id = ? AND outcome = ?",
        outcome,
        RETRACTED_CODE,
        f"taken back by fact {fact.id}",
        False,
        fact.data.fact,
        before,
    )


def _key(fact: object) -> str:
    return f"fact:{fact}"
