"""Texts of statements with the values of many rows in each: pure.

A statement for each row would have SQLite's thread let go of the interpreter, and wait for it again, as often.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

AT_ONCE = 2000
"""Values of one statement: SQLite takes 32,766, PostgreSQL 65,535 (SQLite, limits.html, section 9)."""


def statements(head: str, rows: Sequence[Sequence[object]], tail: str = "") -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """`head VALUES (row), (row), … tail`, with the parameters of each time that it is to be run.

    Few different texts, whatever the number of rows, so that they stay prepared.
    """
    if not rows:
        return
    width, first = len(rows[0]), 0
    most = max(AT_ONCE // width, 1)
    for size in sorted({most, max(most // 10, 1), 1}, reverse=True):
        last = first + (len(rows) - first) // size * size
        if last > first:
            yield (
                _text(head, width, size, tail),
                [tuple(chain.from_iterable(rows[start : start + size])) for start in range(first, last, size)],
            )
        first = last


@lru_cache(maxsize=256)
def _text(head: str, width: int, rows: int, tail: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{head} VALUES {', '.join([row] * rows)} {tail}".rstrip()
