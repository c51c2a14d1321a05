from __future__ import annotations

import pytest

from controller.together import in_one, of_rows


def test_a_text_for_so_many_rows() -> None:
    assert of_rows("INSERT INTO t (a, b) VALUES (?, now()::text) ON CONFLICT (a) DO NOTHING", 2) == (
        "INSERT INTO t (a, b) VALUES (?, now()::text), (?, now()::text) ON CONFLICT (a) DO NOTHING"
    )
    assert of_rows("INSERT INTO t (a) VALUES (?)", 1) == "INSERT INTO t (a) VALUES (?)"


@pytest.mark.parametrize("sql", ["DELETE FROM t", "INSERT INTO t VALUES (?"])
def test_what_is_no_insert_of_a_row_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="no INSERT"):
        of_rows(sql, 2)


def test_several_are_one_statement_with_the_parameters_of_all() -> None:
    assert in_one([("A ?", [1])]) == ("A ?", [1])
    assert in_one([("A ?", [1]), ("B ? ?", [2, 3]), ("C", [])]) == ("WITH w0 AS (A ?), w1 AS (B ? ?) C", [1, 2, 3])
