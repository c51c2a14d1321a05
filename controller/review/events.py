"""What is told of review.  The subject is the order's number, or `review_table:<id>`."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class OrderJudged(Event, frozen=True, kw_only=True):
    """What the rules said: `outcome` None: none of them held.  `rules`: the names of those that did, the deciding one first."""

    name: ClassVar[str] = "order_judged"
    outcome: str | None
    table: int | None
    rules: list[str]


class ReviewClaimed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "review_claimed"
    stage: str


class ReviewGivenBack(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "review_given_back"
    stage: str
    claimed_by: str


class ReviewDecided(Event, frozen=True, kw_only=True):
    """What somebody said at a stage; `state`: where the order is now."""

    name: ClassVar[str] = "review_decided"
    stage: str
    state: str
    reason: str


class ReviewTableChanged(Event, frozen=True, kw_only=True):
    """A version of the rules was made, changed, went live, or was undone; `replaced`: the one that was live before."""

    name: ClassVar[str] = "review_table_changed"
    state: str
    rules: int
    replaced: int | None = None


class ReviewLimitsChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "review_limits_changed"
    edition: int


class ClockNear(Event, frozen=True, kw_only=True):
    """A deadline of the order is near; `due` as RFC 3339."""

    name: ClassVar[str] = "clock_near"
    kind: str
    due: str


class ClockOver(Event, frozen=True, kw_only=True):
    """A deadline of the order was missed."""

    name: ClassVar[str] = "clock_over"
    kind: str
    due: str


class ClockTermsChanged(Event, frozen=True, kw_only=True):
    """How long something may take at a site, or when it opens; `site` empty: wherever nothing else is said."""

    name: ClassVar[str] = "clock_terms_changed"
    at: str
