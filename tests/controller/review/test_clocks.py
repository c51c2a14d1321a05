from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.review.clocks import BadTerm, Counts, Hours, Span, Term, check_spans, check_term, due, near

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_SIX = Span(9 * 60, 18 * 60)
WEEK = dict.fromkeys(range(5), (NINE_TO_SIX,))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("began", "hours", "expected"),
    [
        ("2026-11-20T10:00", 2, "2026-11-20T12:00"),
        ("2026-11-20T17:00", 2, "2026-11-23T10:00"),  # Friday to Monday
        ("2026-11-21T12:00", 1, "2026-11-23T10:00"),  # Saturday
        ("2026-11-20T07:00", 1, "2026-11-20T10:00"),
        ("2026-11-20T18:00", 1, "2026-11-23T10:00"),
        ("2026-11-20T09:00", 9, "2026-11-20T18:00"),
        ("2026-11-20T09:00", 18, "2026-11-23T18:00"),
    ],
)
def test_a_term_counts_the_opening_hours_of_its_site(began: str, hours: int, expected: str) -> None:
    found = due(berlin(began), timedelta(hours=hours), Hours(zone=BERLIN, spans=WEEK), Counts.OPENING)
    assert found == berlin(expected)
    assert found.tzinfo is UTC


def test_a_day_on_which_it_does_not_open_counts_nothing() -> None:
    hours = Hours(zone=BERLIN, spans=WEEK, closed=frozenset({date(2026, 11, 23)}))
    assert due(berlin("2026-11-20T17:00"), timedelta(hours=2), hours, Counts.OPENING) == berlin("2026-11-24T10:00")


def test_always_is_always() -> None:
    began = berlin("2026-11-20T17:00")
    assert due(began, timedelta(hours=24), Hours(zone=BERLIN, spans=WEEK), Counts.ALWAYS) == began + timedelta(hours=24)
    assert due(began, timedelta(hours=24), Hours(), Counts.OPENING) == began + timedelta(hours=24)


def test_what_really_passes_counts_when_the_clocks_change() -> None:
    """The night of 29 March 2026 lacks the hour from two to three, that of 25 October has it twice."""
    night = Hours(zone=BERLIN, spans={day: (Span(0, 24 * 60),) for day in range(7)})
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN)
    assert due(spring, timedelta(hours=3), night, Counts.OPENING) == spring.astimezone(UTC) + timedelta(hours=3)
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN)
    assert due(autumn, timedelta(hours=25), night, Counts.OPENING) == datetime(2026, 10, 26, 0, 0, tzinfo=BERLIN)


def test_people_are_told_a_while_before_the_end_in_the_same_time() -> None:
    term = Term(length=timedelta(hours=4), near=timedelta(hours=1), counts=Counts.OPENING)
    hours = Hours(zone=BERLIN, spans=WEEK)
    assert near(berlin("2026-11-20T16:00"), term, hours) == berlin("2026-11-23T10:00")
    assert due(berlin("2026-11-20T16:00"), term.length, hours, term.counts) == berlin("2026-11-23T11:00")


@given(
    st.integers(0, 364 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.integers(1, 500),
    st.integers(1, 500),
)
def test_two_terms_one_after_the_other_are_one(began: datetime, first: int, second: int) -> None:
    hours, start = Hours(zone=BERLIN, spans=WEEK), began
    one = due(start, timedelta(minutes=first), hours, Counts.OPENING)
    both = due(start, timedelta(minutes=first + second), hours, Counts.OPENING)
    assert due(one, timedelta(minutes=second), hours, Counts.OPENING) == both
    assert start < one < both


@pytest.mark.parametrize("spans", [[Span(10, 10)], [Span(11, 10)], [Span(-1, 10)], [Span(0, 1441)], [Span(0, 60), Span(59, 90)]])
def test_hours_that_cannot_be_are_refused(spans: list[Span]) -> None:
    with pytest.raises(BadTerm):
        check_spans(spans)


@pytest.mark.parametrize(("minutes", "near_minutes"), [(0, 0), (10, 11), (10, -1), (60 * 24 * 91, 0)])
def test_terms_that_cannot_be_are_refused(minutes: int, near_minutes: int) -> None:
    with pytest.raises(BadTerm):
        check_term(Term(length=timedelta(minutes=minutes), near=timedelta(minutes=near_minutes)))
