"""From a fact's name to the feature that applies it: the one `match`, and what happens when a handler raises."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from controller.counts.facts import apply_counted
from controller.db import is_of_the_database, savepoint
from controller.events import acting
from controller.facts import FactIn, Outcome, Rejected
from controller.fleet import facts as fleet
from controller.fleet.scans import apply_scan
from controller.fulfilment.facts import apply_handed_over, apply_packed, apply_pick_short, apply_picked
from controller.purchasing.facts import apply_put_away, apply_receipt_closed, apply_received
from controller.retractions import apply_retracted, tell_arrived
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

log = logging.getLogger(__name__)

_ORDER: tuple[type[Fact], ...] = (
    ClockSynced,
    EpochClosed,
    PrintRequested,
    JobChanged,
    CommandDone,
    Received,
    ReceiptClosed,
    PutAway,
    Scan,
    Counted,
    Picked,
    PickShort,
    Packed,
    HandedOver,
    Retracted,
    Weighed,
    Drawer,
    ScanRefused,
)
"""One order for all gateways; where a fact often comes together with its precondition, that goes first."""
_PLACE = {kind.name: place for place, kind in enumerate(_ORDER)}


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


async def _applied(name: str, facts: Sequence[FactIn[Any]]) -> list[Outcome]:  # noqa: C901, PLR0912 -- one flat match, a case per fact
    match name:
        case Scan.name:
            return await apply_scan(facts)
        case Received.name:
            await tell_arrived(facts)
            return await apply_received(facts)
        case ReceiptClosed.name:
            return await apply_receipt_closed(facts)
        case PutAway.name:
            await tell_arrived(facts)
            return await apply_put_away(facts)
        case Counted.name:
            return await apply_counted(facts)
        case Picked.name:
            await tell_arrived(facts)
            return await apply_picked(facts)
        case PickShort.name:
            return await apply_pick_short(facts)
        case Packed.name:
            return await apply_packed(facts)
        case HandedOver.name:
            return await apply_handed_over(facts)
        case Retracted.name:
            return await apply_retracted(facts)
        case JobChanged.name:
            return await fleet.apply_job_changed(facts)
        case PrintRequested.name:
            return await fleet.apply_print_requested(facts)
        case CommandDone.name:
            return await fleet.apply_command_done(facts)
        case Weighed.name:
            return await fleet.apply_weighed(facts)
        case Drawer.name:
            return await fleet.apply_drawer(facts)
        case ScanRefused.name:
            return await fleet.apply_scan_refused(facts)
        case ClockSynced.name:
            return await fleet.apply_clock_synced(facts)
        case EpochClosed.name:
            return await fleet.apply_epoch_closed(facts)
    raise LookupError(f"nothing applies facts named {name!r}")
