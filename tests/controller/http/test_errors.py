from __future__ import annotations

import sqlite3
from contextlib import closing

import asyncpg
import pytest

from controller.http.errors import problem_of


def full_disk() -> sqlite3.Error:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE filling (text TEXT)")
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as full:
            database.execute("INSERT INTO filling VALUES (?)", ("x" * 100_000,))
        return full.value


@pytest.mark.parametrize(
    "error", [full_disk(), asyncpg.DiskFullError("no room"), asyncpg.AdminShutdownError("going down"), ConnectionResetError()]
)
def test_trouble_of_the_database_itself_is_503_and_to_be_tried_again(error: Exception) -> None:
    problem = problem_of(error).body
    assert (problem.status, problem.code) == (503, "database_unavailable")
    assert "same Idempotency-Key" in problem.what_to_do


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), asyncpg.UndefinedTableError("no such table"), sqlite3.ProgrammingError("wrong")]
)
def test_a_mistake_of_ours_stays_a_500(error: Exception) -> None:
    assert problem_of(error).body.status == 500
