"""Dates as people and labels write them, and what is asked of goods that are tracked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.stations.goods import is_doubtful, parse_date

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("270331", date(2027, 3, 31)),
        ("17270331", date(2027, 3, 31)),
        ("15270331", date(2027, 3, 31)),
        ("270200", date(2027, 2, 28)),
        ("281200", date(2028, 12, 31)),
        ("2027-03-31", date(2027, 3, 31)),
        ("2027/3/1", date(2027, 3, 1)),
        ("20270331", date(2027, 3, 31)),
        ("31.03.2027", date(2027, 3, 31)),
        ("2027年3月31日", date(2027, 3, 31)),
        (" 270331 ", date(2027, 3, 31)),
        ("270231", None),
        ("271301", None),
        ("03/31/2027", None),
        ("6901234567892", None),
        ("LOT-7", None),
        ("", None),
        ("٢٧٠٣٣١", None),
    ],
)
def test_dates_of_labels_and_people(text: str, told: date | None) -> None:
    assert parse_date(text) == told


@given(st.text(max_size=40))
def test_whatever_is_read_is_a_date_or_none(text: str) -> None:
    assert parse_date(text) is None or isinstance(parse_date(text), date)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_each_way_to_write_a_date_is_read_back(told: date) -> None:
    ways = (f"{told:%y%m%d}", f"17{told:%y%m%d}", told.isoformat(), f"{told:%Y%m%d}", f"{told:%d.%m.%Y}", f"{told:%Y年%m月%d日}")
    assert {parse_date(way) for way in ways} == {told}


@given(st.integers(-4000, 4000))
def test_a_date_far_away_or_past_is_doubted(days: int) -> None:
    told = TODAY + timedelta(days=days)
    assert is_doubtful(told, TODAY) is not (0 <= days <= 5 * 366)
    assert not is_doubtful(told, None), "nobody knows the day"
