"""A screen's burst, its pace after that, and that one screen's haste is no other's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.floor.pace import AT_ONCE, MOST_SCREENS, PER_SECOND, Pace


def test_a_burst_goes_through_then_so_many_a_second() -> None:
    pace = Pace()
    assert sum(pace.allows("a", 10.0) for _ in range(5000)) == AT_ONCE
    assert pace.allows("b", 10.0)
    assert sum(pace.allows("a", 11.0) for _ in range(5000)) == PER_SECOND
    assert sum(pace.allows("a", 100.0) for _ in range(5000)) == AT_ONCE


@given(st.lists(st.floats(0, 0.05), max_size=600))
def test_no_stretch_of_time_has_more_than_its_share(gaps: list[float]) -> None:
    pace, now, passed = Pace(), 0.0, 0
    for gap in gaps:
        now += gap
        passed += pace.allows("a", now)
    assert passed <= AT_ONCE + now * PER_SECOND + 1e-6


def test_many_addresses_take_no_memory() -> None:
    pace = Pace()
    for number in range(3 * MOST_SCREENS):
        assert pace.allows(str(number), number / 1e6)
    assert len(pace._spent) <= MOST_SCREENS
