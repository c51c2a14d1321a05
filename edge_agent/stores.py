"""What the agent's logic is given: the outside world (`Seams`) and all that is in facts.db (`Stores`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from edge_agent.disk import Disk
from edge_agent.facts import FactsDb
from edge_agent.inbox import Inbox
from edge_agent.journal import Journal
from edge_agent.outbox import Identity, Outbox, unknown_clock
from edge_agent.seams import Clock
from edge_agent.statistics import StatisticsStore
from edge_agent.twin_store import TwinStore
from edge_agent.wire.messages import ClockState
from edge_agent.wire.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What the outside world, or a simulation of it, brings.  `clock_state`: whether the wall clock is synchronised."""

    clock: Clock
    random: Random
    session: Session
    disk: Disk
    clock_state: Callable[[], ClockState] = unknown_clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """All that is in facts.db."""

    facts: FactsDb
    outbox: Outbox
    inbox: Inbox
    journal: Journal
    twin: TwinStore
    statistics: StatisticsStore


def open_stores(facts: FactsDb, identity: Identity, seams: Seams) -> Stores:
    """Blocks; run it on the disk's thread.  Raises OutboxFull, FactsCorrupt."""
    outbox = Outbox(facts, identity, seams.clock, seams.random, seams.clock_state)
    return Stores(
        facts=facts,
        outbox=outbox,
        inbox=Inbox(facts, seams.clock),
        journal=Journal(facts, outbox, seams.clock),
        twin=TwinStore(facts),
        statistics=StatisticsStore(facts),
    )
