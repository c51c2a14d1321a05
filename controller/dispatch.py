"""From a fact's name to the feature that applies it: the one table, and what happens when a handler raises."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from controller.counts.facts import apply_counted
from controller.db import is_of_the_database, savepoint
from controller.events import acting
from controller.facts import FactIn, Outcome, Rejected
from controller.fleet import facts as fleet
from controller.fleet.scans import apply_scan
from controller.fulfilment.claim_facts import apply_pick_claimed, apply_pick_unclaimed
from controller.fulfilment.damage_facts import apply_pick_damaged
from controller.fulfilment.facts import apply_handed_over, apply_packed, apply_pick_short, apply_picked
from controller.intake.counter import apply_counter_order
from controller.intake.counter_refunds import apply_given_back
from controller.pricing.facts import apply_shelf_labelled
from controller.purchasing.facts import apply_put_away, apply_receipt_closed, apply_received
from controller.retractions import RETRACTABLE, apply_retracted, tell_arrived
from controller.stock.facts import apply_adjusted
from controller.transfers.facts import apply_transfer_closed, apply_transfer_received, apply_transfer_sent
from edge_agent.wire.facts import (
    ClockSynced,
    CommandDone,
    Counted,
    Drawer,
    EpochClosed,
    Fact,
    HandedOver,
    JobChanged,
    Packed,
    Picked,
    PickShort,
    PrintRequested,
    PutAway,
    ReceiptClosed,
    Received,
    Retracted,
    Scan,
    ScanRefused,
    Weighed,
)
from edge_agent.wire.goods_facts import Adjusted, ShelfLabelled, TransferClosed, TransferReceived, TransferSent
from edge_agent.wire.order_facts import CounterOrder, GivenBack
from edge_agent.wire.pick_facts import PickClaimed, PickDamaged, PickUnclaimed

log = logging.getLogger(__name__)

HANDLERS: dict[type[Fact], Callable[[Sequence[FactIn[Any]]], Awaitable[list[Outcome]]]] = {
    ClockSynced: fleet.apply_clock_synced,
    EpochClosed: fleet.apply_epoch_closed,
    PrintRequested: fleet.apply_print_requested,
    JobChanged: fleet.apply_job_changed,
    CommandDone: fleet.apply_command_done,
    Received: apply_received,
    ReceiptClosed: apply_receipt_closed,
    PutAway: apply_put_away,
    TransferSent: apply_transfer_sent,
    TransferReceived: apply_transfer_received,
    TransferClosed: apply_transfer_closed,
    Adjusted: apply_adjusted,
    ShelfLabelled: apply_shelf_labelled,
    CounterOrder: apply_counter_order,
    Scan: apply_scan,
    Counted: apply_counted,
    PickClaimed: apply_pick_claimed,
    PickUnclaimed: apply_pick_unclaimed,
    Picked: apply_picked,
    PickShort: apply_pick_short,
    PickDamaged: apply_pick_damaged,
    Packed: apply_packed,
    HandedOver: apply_handed_over,
    Retracted: apply_retracted,
    GivenBack: apply_given_back,
    Weighed: fleet.apply_weighed,
    Drawer: fleet.apply_drawer,
    ScanRefused: fleet.apply_scan_refused,
}
"""Who applies it, in one order for all gateways; where a fact often comes together with its precondition, that goes first."""
_PLACE = {kind.name: place for place, kind in enumerate(HANDLERS)}
_KIND = {kind.name: kind for kind in HANDLERS}


def place(name: str) -> int:
    """Where facts of this name stand in the order of application."""
    return _PLACE[name]


async def run(name: str, facts: Sequence[FactIn[Any]]) -> Sequence[Outcome]:
    """A handler's outcomes.  When it raises, that is undone and each half goes alone, down to the fact that it cannot take."""
    try:
        with acting(*_actor(facts)):
            async with savepoint():
                return await _applied(name, facts)
    except Exception as error:
        if is_of_the_database(error):
            raise
        if len(facts) == 1:
            log.exception("a fact could not be applied", extra={"fact": str(facts[0].id), "fact_name": name})
            return [Rejected("handler_error", f"{type(error).__name__}: {error}"[:1000].replace("\0", "\ufffd"))]
    middle = len(facts) // 2
    return [*await run(name, facts[:middle]), *await run(name, facts[middle:])]


def _actor(facts: Sequence[FactIn[Any]]) -> tuple[str, str | None]:
    boxes = {fact.box for fact in facts}
    actor = f"box:{facts[0].box}" if len(boxes) == 1 else "boxes"
    return actor, str(facts[0].id) if len(facts) == 1 else None


async def _applied(name: str, facts: Sequence[FactIn[Any]]) -> list[Outcome]:
    if name not in _KIND:
        raise LookupError(f"nothing applies facts named {name!r}")
    if name in RETRACTABLE:
        await tell_arrived(facts)
    return await HANDLERS[_KIND[name]](facts)
