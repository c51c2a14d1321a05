"""Facts as features receive them: `FactIn` in, an `Outcome` each out, and `unpark` for what waits for another.

A feature's `facts.py` has one handler per fact, which takes a list and works in ingest's transaction::

    async def apply_received(facts: Sequence[FactIn[Received]]) -> list[Outcome]: ...

Outcomes are in the order of the facts.  Handlers commute: any order, any grouping.  Each fact reaches its handler once, and again
only while it is parked, or when the transaction that held it was rolled back.  A handler that raises spoils its own fact only.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from msgspec import Struct

from controller.db import among, execute, listing
from edge_agent.wire.facts import Fact

F_co = TypeVar("F_co", bound=Fact, covariant=True)


class FactIn(Struct, Generic[F_co], frozen=True, kw_only=True):
    """One fact of a known box.  `site_id` is the controller's own record of the box's site.

    `occurred_at` is derived from the box's clock and never later than the receipt; `uncertain_ms` is how far it may be off, None
    when nobody knows (the clock was never right in that boot, or told the future).  `told_at`: the box's wall clock as it was, by
    which other instants of the same box in `data` are understood.
    """

    id: UUID
    box: str
    site_id: str
    device: str | None = None
    station: str | None = None
    person: str | None = None
    data: F_co
    occurred_at: datetime
    uncertain_ms: int | None = 0
    told_at: datetime | None = None


class Applied(Struct, frozen=True):
    """Its effect is in the database, in this transaction."""


class Parked(Struct, frozen=True):
    """Its precondition has not arrived: tried again after `unpark(waits_for)`, and now and then; alerted after 10 minutes."""

    code: str
    waits_for: str


class Rejected(Struct, frozen=True):
    """Final; both sides keep the fact, visibly.  `code` is stable and goes to the box, `detail` is for the person who looks."""

    code: str
    detail: str = ""


Outcome = Applied | Parked | Rejected
HEAVIEST = 10**8
"""Grams: more than a lorry."""
FINEST = -6
"""Decimal places of grams: finer than a balance."""
APPLIED = Applied()


def refused_weight(grams: Decimal) -> Rejected | None:
    """The refusal of what no scale says: a number that is none, or so large or fine that writing it fills pages."""
    exponent = grams.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= FINEST and grams.copy_abs() <= HEAVIEST:
        return None
    return Rejected("bad_weight", f"{str(grams)[:40]} g: expected at most {HEAVIEST} g with {-FINEST} decimal places")


async def unpark(key: str) -> None:
    """Call this in the transaction that records what `Parked.waits_for` named; the facts are applied in one soon after it."""
    await execute("UPDATE fact SET due = ? WHERE waits_for = ? AND outcome = ?", True, key, "parked")


async def unpark_all(keys: Collection[str]) -> None:
    """The same for many keys."""
    if keys:
        await execute(
            f"UPDATE fact SET due = ? WHERE {among('waits_for')} AND outcome = ?",  # noqa: S608 -- a column name of ours
            *(True, listing(sorted(keys)), "parked"),
        )
