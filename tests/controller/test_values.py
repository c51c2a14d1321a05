"""Whatever the number of rows, all of them are in the statements, once and in order, and few texts differ."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from controller.values import AT_ONCE, statements


@given(st.integers(0, 5000), st.sampled_from([1, 3, 22, 700, AT_ONCE + 5]))
def test_every_row_is_there_once_and_in_order(count: int, width: int) -> None:
    rows = [(number,) * width for number in range(min(count, 200_000 // width))]
    found = list(statements("INSERT INTO t", rows, "RETURNING a"))
    values = chain.from_iterable(chain.from_iterable(parts for _, parts in found))
    assert list(values) == list(chain.from_iterable(rows))
    assert len(found) <= 3
    for sql, parts in found:
        assert all(sql.count("?") == len(part) <= max(AT_ONCE, width) for part in parts)


def test_a_text_is_a_statement() -> None:
    assert list(statements("INSERT INTO t (a, b)", [(1, 2)], "ON CONFLICT DO NOTHING")) == [
        ("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING", [(1, 2)])
    ]
