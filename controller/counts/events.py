"""What happens to counts.  The subject is the session's number, for `BinCounted` the bin."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class BinCounted(Event, frozen=True, kw_only=True):
    """A person's part of a bin came in; what it comes to is not said here, as whoever counts may see events."""

    name: ClassVar[str] = "bin_counted"
    session: str
    bin: str
    round: int
    lines: int
    person: str | None


class CountPlanned(Event, frozen=True, kw_only=True):
    """`kind` and `scope` as in the session."""

    name: ClassVar[str] = "count_planned"
    kind: str
    scope: str
    bins: int


class CountSubmitted(Event, frozen=True, kw_only=True):
    """`uncounted` bins were left out."""

    name: ClassVar[str] = "count_submitted"
    bins: int
    uncounted: int


class CountChanged(Event, frozen=True, kw_only=True):
    """A session came to another state; `open`: rows that wait for a person."""

    name: ClassVar[str] = "count_changed"
    before: str
    state: str
    open: int
    reason: str | None = None


class CountRowDecided(Event, frozen=True, kw_only=True):
    """A difference was accepted, rejected, is to be counted again, or an acceptance was undone; `variance` in base units."""

    name: ClassVar[str] = "count_row_decided"
    row: int
    bin: str
    sku: str
    state: str
    variance: int
    reason: str | None
    note: str | None


class CountPartRefused(Event, frozen=True, kw_only=True):
    """What somebody counted adds up to nothing: `why` is `same_person` (a recount is another person's)."""

    name: ClassVar[str] = "count_part_refused"
    bin: str
    round: int
    person: str | None
    why: str


class CountLineSettled(Event, frozen=True, kw_only=True):
    """An unmatched scan was set aside."""

    name: ClassVar[str] = "count_line_settled"
    symbol: str
    reason: str
