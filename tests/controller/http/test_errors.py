from __future__ import annotations

import sqlite3
from contextlib import closing

import asyncpg
import pytest
from aiohttp import web

from controller.http.errors import at_the_box, problem_of


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


@pytest.mark.parametrize(("path", "is_at_the_box"), [("/floor", True), ("/floor/prints", True), ("/floors", False), ("/", False)])
def test_who_looks_here_for_the_pages_of_a_box_is_told_where_they_are(path: str, is_at_the_box: bool) -> None:
    problem = at_the_box(path, web.HTTPNotFound())
    assert (problem is not None and "at the box" in str(problem)) == is_at_the_box
    assert at_the_box(path, web.HTTPMethodNotAllowed("POST", ["GET"])) is None
