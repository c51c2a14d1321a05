"""Money that was handed out before anybody here was asked: at a counter, from its drawer.  It is gone, so it is booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.db import transaction
from controller.payments.calls import Action, Answer, open_calls, succeed
from controller.payments.ledger import lock_due
from controller.payments.states import CallState

_BY_PEOPLE = frozenset({CallState.BY_HAND, CallState.PROPOSED})


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Minor units: `booked` now, of which `alone_minor` would have needed a second person."""

    booked_minor: int = 0
    alone_minor: int = 0


async def hand_out(order_id: int, *, note: str, occurred_at: datetime) -> HandedOut:
    """Refunds of the order that people give back are done; what somebody confirmed before is not booked again.

    In the caller's transaction, with the order locked.  Raises NotFound (nobody said what the order is to be paid).
    """
    booked = alone = 0
    async with transaction():
        await lock_due(order_id)
        for call in await open_calls(order_id, Action.REFUND):
            if CallState(call["state"]) not in _BY_PEOPLE:
                continue
            amount = call["amount_minor"]
            if await succeed(call["id"], Answer(amount_minor=amount, note=note, occurred_at=occurred_at)):
                booked += amount
                alone += amount if call["state"] == CallState.PROPOSED.value else 0
    return HandedOut(booked, alone)
