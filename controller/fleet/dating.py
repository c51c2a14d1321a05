"""When a fact happened, from what the box's clocks said (DESIGN, section 3).  Pure.

A box's `at` counts only if its clock was synchronised; else the boot clock (`mono_ms`) counts, tied to the wall clock by the
`clock_synced` of the same boot; else the receipt bounds it and nobody knows how far it is off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from edge_agent.wire.messages import Envelope

FUTURE = timedelta(seconds=5)
"""How far ahead of the receipt a box's clock may be before its word is doubted."""
BELIEVABLE = timedelta(days=30)
"""An unsynchronised clock further behind than this was never set: it says 1970, or the day the image was made."""


FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class KnownClock(Struct, frozen=True):
    """At `mono_ms` of its boot the wall clock was right: it said `at`, within `error_ms`."""

    mono_ms: int
    at: datetime
    error_ms: int


class Dated(Struct, frozen=True):
    """`uncertain_ms` None: nobody knows."""

    occurred_at: datetime
    uncertain_ms: int | None


def date(envelope: Envelope, received_at: datetime, clock: KnownClock | None) -> Dated:
    """The instant of a fact, never later than its receipt."""
    if envelope.clock.synced:
        return bounded(in_utc(envelope.at), envelope.clock.error_ms or 0, received_at)
    if clock is not None:
        return by_boot_clock(envelope.mono_ms, received_at, clock)
    at = in_utc(envelope.at)
    is_believable = received_at - BELIEVABLE <= at <= received_at
    return Dated(at if is_believable else received_at, None)


def by_boot_clock(mono_ms: int, received_at: datetime, clock: KnownClock) -> Dated:
    """The instant at which the boot clock said `mono_ms`."""
    try:
        at = clock.at - timedelta(milliseconds=clock.mono_ms - mono_ms)
    except OverflowError:
        return Dated(received_at, None)
    return bounded(at, clock.error_ms, received_at)


def bounded(at: datetime, error_ms: int, received_at: datetime) -> Dated:
    """`at`, unless it is ahead of the receipt: a little is the clocks' difference, more is a wrong clock."""
    if at <= received_at:
        return Dated(at, error_ms)
    if at <= received_at + FUTURE:
        return Dated(received_at, error_ms)
    return Dated(received_at, None)


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC, at most the first or last day: the driver of PostgreSQL takes the calendar's ends as infinite."""
    if at.tzinfo is UTC and FIRST.year < at.year < LAST.year:
        return at  # nearly always
    try:
        return min(max(at.astimezone(UTC), FIRST), LAST)
    except OverflowError:
        return FIRST if at.year == 1 else LAST
