"""Business days: which one an instant belongs to, also on the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sites.operations import BadSite, create_site
from controller.sites.policies import BusinessDays
from controller.sites.queries import site


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-21T03:59:00+08:00", 20),
        ("2026-11-21T04:00:00+08:00", 21),
        ("2026-11-22T03:59:59+08:00", 21),
    ],
)
def test_what_is_sold_before_the_day_begins_belongs_to_the_day_before(instant: str, day: int) -> None:
    assert BusinessDays("Asia/Shanghai", "04:00").day_of(datetime.fromisoformat(instant)) == date(2026, 11, day)


ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
STARTS = st.sampled_from(["00:00", "04:00", "05:30", "23:00"])


@given(ZONES, STARTS, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_day_begins_when_it_begins_and_not_sooner(zone: str, starts: str, day: date) -> None:
    days = BusinessDays(zone, starts)
    begins = days.begins(day)
    assert begins.tzinfo is UTC
    assert days.day_of(begins) == day
    assert days.day_of(begins - timedelta(hours=1, minutes=1)) < day


@given(ZONES, STARTS, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 -- its zone follows
def test_every_instant_has_the_day_that_its_wall_clock_says(zone: str, starts: str, naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC)
    days = BusinessDays(zone, starts)
    assert abs((days.begins(days.day_of(instant)) - instant).total_seconds()) <= 26 * 3600


@given(ZONES, STARTS, st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2020, 12, 31)), max_size=20))  # noqa: DTZ001 -- its zone follows
def test_the_day_of_an_instant_is_the_same_whatever_was_asked_before(zone: str, starts: str, naive: list[datetime]) -> None:
    instants = [each.replace(tzinfo=UTC) for each in naive]
    near = [each + timedelta(minutes=step) for each in instants for step in (0, 1, 59, -61)]
    days = BusinessDays(zone, starts)
    assert [days.day_of(each) for each in near] == [BusinessDays(zone, starts).day_of(each) for each in near]


async def test_a_site_says_when_its_day_begins(database: str) -> None:
    await create_site("s1", name="One", day_starts="04:00")
    assert (await site("s1")).day_starts == "04:00"
    for wrong in ("4:00", "24:00", "04:60", "", "noon"):
        with pytest.raises(BadSite, match="time of day"):
            await create_site("s2", name="Two", day_starts=wrong)
