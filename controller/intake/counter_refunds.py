"""Money of counter orders that were taken back: what was given back at the counter is booked, whoever should have been asked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from controller.db import fetch
from controller.errors import NotFound
from controller.facts import APPLIED, FactIn, Outcome, Parked
from controller.orders.numbers import ORDERS
from controller.orders.states import OrderState
from controller.orders.transitions import lock
from controller.payments.handing_out import HandedOut, hand_out
from controller.tasks.operations import open_task
from edge_agent.wire.order_facts import GivenBack

_TASK = "counter_refund"


async def apply_given_back(facts: Sequence[FactIn[GivenBack]]) -> list[Outcome]:
    """One at a time.  Parked until the order is there and was taken back."""
    return [await _apply(fact) for fact in facts]


async def _apply(fact: FactIn[GivenBack]) -> Outcome:
    rows = await fetch("SELECT order_id FROM counter_order WHERE fact_id = ?", fact.data.order)
    if not rows:
        return await _without_order(fact)
    order_id = int(rows[0]["order_id"])
    states = await lock([order_id])
    if states[order_id] is not OrderState.CANCELLED:
        return Parked("not_taken_back", waits_for(fact.data.order))
    try:
        done = await hand_out(order_id, note=f"given back at {fact.box}", occurred_at=fact.occurred_at)
    except NotFound:
        done = HandedOut()
    if done.alone_minor or done.booked_minor not in (0, fact.data.amount_minor):
        no = ORDERS.number(order_id)
        about = {"order": no, "amount_minor": fact.data.amount_minor, "currency": fact.data.currency}
        await open_task(_TASK, site=fact.site_id, key=f"{_TASK}:{fact.id}", subject=no, arguments=about)
    return APPLIED


async def _without_order(fact: FactIn[GivenBack]) -> Outcome:
    """An order that was taken back before it was known never was: what was paid for it is nobody's, and neither is its refund."""
    rows = await fetch("SELECT outcome FROM fact WHERE id = ? AND outcome = 'rejected'", fact.data.order)
    return APPLIED if rows else Parked("unknown_order", waits_for(fact.data.order))


def waits_for(order: UUID) -> str:
    """What a refund waits for: that the order of this fact was taken back."""
    return f"counter_order:{order}"
