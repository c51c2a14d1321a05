"""Deadlines in the opening hours of a site.  Pure: an instant in, an instant out; no clock is looked at.

Deadlines are worked out once, when they begin, and are instants from then on: whoever sets the clock of a computer moves none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from controller.errors import Rejected

LONGEST = timedelta(days=90)
"""A term, at most."""
_DAYS_LOOKED_AT = 400
"""A site that does not open in so many days has no opening hours."""


class ClockKind(StrEnum):
    """First touch by a person or by the rules; a problem answered; all of it on its way."""

    TOUCH = "touch"
    PROBLEM = "problem"
    SHIP = "ship"


class Counts(StrEnum):
    """Which time counts: all of it, or the opening hours of the site."""

    ALWAYS = "always"
    OPENING = "opening"


class BadTerm(Rejected):
    code = "bad_clock_term"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long something may take, how long before its end people are told, and which time counts."""

    length: timedelta
    near: timedelta
    counts: Counts = Counts.ALWAYS


TERMS: Mapping[ClockKind, Term] = {
    ClockKind.TOUCH: Term(length=timedelta(minutes=30), near=timedelta(minutes=10)),
    ClockKind.PROBLEM: Term(length=timedelta(hours=4), near=timedelta(hours=1)),
    ClockKind.SHIP: Term(length=timedelta(hours=24), near=timedelta(hours=4)),
}
"""Where nobody said otherwise (RV5, SH5)."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes of a local day: `opens` to before `closes`, 1440 at midnight."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a site works: spans by weekday (0 is Monday), and the days on which it does not open.  Without spans: always."""

    zone: tzinfo = UTC
    spans: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    closed: frozenset[date] = frozenset()

    @property
    def is_always_open(self) -> bool:
        return not any(self.spans.values())


def check_term(term: Term) -> None:
    """Raises BadTerm."""
    if not timedelta(minutes=1) <= term.length <= LONGEST:
        raise BadTerm(f"a term lasts one minute to {LONGEST.days} days")
    if not timedelta(0) <= term.near <= term.length:
        raise BadTerm("people are told at most a whole term before its end")


def check_spans(spans: Sequence[Span]) -> None:
    """Raises BadTerm."""
    for span in spans:
        if not 0 <= span.opens < span.closes <= 24 * 60:
            raise BadTerm("opening hours are within a day: 00:00 to 24:00, the end after the beginning")
    ordered = sorted(spans)
    for one, following in pairwise(ordered):
        if following.opens < one.closes:
            raise BadTerm("opening hours of a day do not overlap")


def due(began: datetime, length: timedelta, hours: Hours, counts: Counts) -> datetime:
    """When a term that begins at an instant is over, in UTC.

    In opening hours what really passes is counted: the hour that a night in spring lacks is none, the one that autumn has twice is
    two.
    """
    if counts is Counts.ALWAYS or hours.is_always_open:
        return began.astimezone(UTC) + length
    left, here = length, began.astimezone(UTC)
    day = began.astimezone(hours.zone).date()
    for _ in range(_DAYS_LOOKED_AT):
        for opens, closes in _open_on(day, hours):
            start = max(opens, here)
            if start >= closes:
                continue
            if closes - start >= left:
                return start + left
            left -= closes - start
        day += timedelta(days=1)
    return began.astimezone(UTC) + length


def near(began: datetime, term: Term, hours: Hours) -> datetime:
    """When people are told that it will be over soon."""
    return due(began, term.length - term.near, hours, term.counts)


def _open_on(day: date, hours: Hours) -> list[tuple[datetime, datetime]]:
    if day in hours.closed:
        return []
    return [
        (_instant(day, span.opens, hours.zone), _instant(day, span.closes, hours.zone))
        for span in sorted(hours.spans.get(day.weekday(), ()))
    ]


def _instant(day: date, minute: int, zone: tzinfo) -> datetime:
    days, rest = divmod(minute, 24 * 60)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=zone).astimezone(UTC)
