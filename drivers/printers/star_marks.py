"""Which count of ETBs proves a job.  Pure.

A job's proof is that the counter, set to 0 behind the job, was counted up to the job's mark.  The counter passes every number below
a mark on its way, and jobs that were never proven may still stand in the printer's buffer: so a mark is higher than all marks that
are still out.  Once one is reached, all before it are too, and the numbers start again.
"""

from __future__ import annotations

HIGHEST = 31
_FIRST, _FIRSTS = 16, 8
"""A connection starts at one of so many numbers: high ones, that still leave marks above them for jobs that are never proven."""


class Marks:
    """The marks of one connection.  What an earlier connection left in the buffer is not known: its marks after the first were
    low ones as a rule, so the first mark is a high one, which `seed` chooses, and never the number at which the counter stands.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._last: int | None = None
        self._highest = 0
        """Of all that the counter may have shown since a mark was last reached: a status from then may still be on its way."""
        self._is_last_reached = False

    def next(self, counter: int | None) -> int | None:
        """The mark for a job, given what the counter shows now; None if there is none that would prove it."""
        if counter is None:
            return None
        if self._last is None:
            mark = _FIRST + self._seed % _FIRSTS
            mark = mark if mark != counter else _FIRST + (mark + 1 - _FIRST) % _FIRSTS
        elif self._is_last_reached:
            mark = min({1, 2, 3} - {counter, self._last})
            self._highest = self._last
        else:
            mark = max(self._highest, counter) + 1
        if mark > HIGHEST:
            self._is_last_reached = counter == self._last
            return self.next(counter) if self._is_last_reached else None
        self._last, self._highest, self._is_last_reached = mark, max(self._highest, counter, mark), False
        return mark

    def reached(self, mark: int) -> None:
        self._is_last_reached = mark == self._last
