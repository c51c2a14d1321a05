from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.star_marks import HIGHEST, Marks


@given(
    st.integers(0, 2**32), st.integers(0, HIGHEST), st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=1, max_size=60)
)
def test_the_counter_never_shows_a_jobs_mark_before_the_job_is_printed(
    seed: int, before: int, jobs: list[tuple[bool, int]]
) -> None:
    """A model printer: a queue of marks; each is counted up to from 0 when the paper comes to it."""
    marks = Marks(seed)
    counter = before
    queue: list[int] = []
    shown = {before}  # since a mark was last reached: a late status may still tell it
    for is_stuck, done in jobs:
        if counter == HIGHEST and not queue:
            shown = {counter}  # what is read now came after all that was told before
        mark = marks.next(counter)
        if mark is None:
            assert queue
            counter = queue.pop(0)
            shown.add(counter)
            continue
        assert 1 <= mark <= HIGHEST
        assert mark not in shown
        assert not any(mark <= waiting for waiting in queue)
        queue.append(mark)
        if not is_stuck:
            counter = queue[-1]
            queue.clear()
            shown = {counter}
            marks.reached(mark)
        for _ in range(min(done, len(queue) - 1)):
            counter = queue.pop(0)
            shown.add(counter)


def test_a_printer_without_a_counter_has_no_marks() -> None:
    assert Marks(0).next(None) is None


def test_a_full_row_of_unproven_jobs_starts_again_when_the_last_is_seen_done() -> None:
    marks = Marks(15)
    while (mark := marks.next(0)) is not None:
        last = mark
    assert last == HIGHEST
    assert marks.next(5) is None
    assert marks.next(HIGHEST) == 1


@pytest.mark.parametrize("seed", range(32))
@pytest.mark.parametrize("counter", [0, 16, 23, HIGHEST - 1])
def test_whatever_a_connection_starts_at_jobs_that_a_printer_switched_off_lost_leave_marks_for_the_next(
    seed: int, counter: int
) -> None:
    marks = Marks(seed)
    assert marks.next(counter) is not None
    assert all(marks.next(0) is not None for _ in range(7 if counter < HIGHEST - 1 else 0))
