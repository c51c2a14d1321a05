"""When a fact happened, from what the clocks said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.dating import FIRST, FUTURE, LAST, Dated, KnownClock, date, in_utc
from tests.controller.boxes import WireBox, scan
from tests.doubles import NOON

instants = st.datetimes(timezones=st.just(UTC))
clocks = st.none() | st.builds(KnownClock, st.integers(0, 2**62), instants, st.integers(0, 10**6))


@given(at=instants, received=instants, mono=st.integers(0, 2**62), clock=clocks, synced=st.booleans())
def test_no_fact_is_dated_after_its_receipt(
    at: datetime, received: datetime, mono: int, clock: KnownClock | None, synced: bool
) -> None:
    envelope = WireBox().envelope(scan(), at=at, synced=synced, mono_ms=mono)
    dated = date(envelope, received, clock)
    assert dated.occurred_at <= received
    if synced and at > received + FUTURE:
        assert dated.uncertain_ms is None


def test_a_right_clock_is_believed() -> None:
    envelope = WireBox().envelope(scan(), at=NOON)
    assert date(envelope, NOON + timedelta(hours=5), None) == Dated(NOON, 20)


def test_the_boot_clock_tells_when_the_wall_clock_could_not() -> None:
    envelope = WireBox().envelope(scan(), at=datetime(1970, 1, 1, tzinfo=UTC), synced=False, mono_ms=60_000)
    clock = KnownClock(mono_ms=90_000, at=NOON, error_ms=50)
    assert date(envelope, NOON + timedelta(minutes=1), clock) == Dated(NOON - timedelta(seconds=30), 50)


@pytest.mark.parametrize("year", [1970, 2026])
def test_without_any_right_clock_nobody_knows(year: int) -> None:
    at = NOON.replace(year=year)
    received = NOON + timedelta(hours=1)
    envelope = WireBox().envelope(scan(), at=at, synced=False)
    assert date(envelope, received, None) == Dated(received if year == 1970 else at, None)


def test_the_ends_of_the_calendar_stay_in_it() -> None:
    east = datetime.fromisoformat("0001-01-01T00:00:00+10:00")
    west = datetime.fromisoformat("9999-12-31T23:59:59-10:00")
    assert (in_utc(east).year, in_utc(west).year) == (1, 9999)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-8))])))
def test_an_instant_in_utc_is_the_same_but_for_the_calendar_s_ends(at: datetime) -> None:
    found = in_utc(at)
    assert found.tzinfo is UTC
    assert FIRST <= found <= LAST
    assert found == at or not FIRST <= at <= LAST
