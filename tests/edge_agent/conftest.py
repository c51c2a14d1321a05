"""A box's seams with fixed values: a clock that stands still until it is told, a seeded random source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge_agent.facts import FactsDb, FactsLimits
from edge_agent.outbox import Identity, Outbox

IDENTITY = Identity(site="sh-01", box="b1", boot="boot-1")
NO_BALLAST = FactsLimits(ballast_bytes=0)


class FixedClock:
    """Wall and boot time that only `advance` moves."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
        self.milliseconds = 1000

    def now(self) -> datetime:
        return self.wall

    def mono_ms(self) -> int:
        return self.milliseconds

    def advance(self, by: timedelta) -> None:
        self.wall += by
        self.milliseconds += int(by.total_seconds() * 1000)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def random() -> Random:
    return Random(7)


@pytest.fixture
def facts(tmp_path: Path) -> FactsDb:
    return FactsDb(tmp_path / "facts.db", NO_BALLAST)


@pytest.fixture
def outbox(facts: FactsDb, clock: FixedClock, random: Random) -> Outbox:
    return Outbox(facts, IDENTITY, clock, random)
