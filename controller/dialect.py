"""Where SQLite and PostgreSQL say a thing differently: pieces for texts of SQL.  Features have them from `controller.db`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count

from controller.database import Engine, engine


@lru_cache(maxsize=2048)
def numbered(sql: str) -> str:
    """`?` -> `$1`, `$2`, …; not inside quotes."""
    numbers = count(1)
    pieces = sql.split("'")
    for index in range(0, len(pieces), 2):
        head, *tails = pieces[index].split("?")
        pieces[index] = head + "".join(f"${next(numbers)}{tail}" for tail in tails)
    return "'".join(pieces)


def among(column: str) -> str:
    """A condition with one placeholder for `listing(values)`: the column is one of many values."""
    if engine() is Engine.POSTGRES:
        return f"{column} = ANY(?)"
    return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 -- a column name of ours


def listing(values: Iterable[object]) -> object:
    """The parameter for `among`."""
    found = list(values)
    return found if engine() is Engine.POSTGRES else json.dumps(found, default=str)


def for_update(table: str = "") -> str:
    """Suffix that locks the rows of a SELECT (of one table of it); SQLite's writer has the whole file already."""
    if engine() is Engine.SQLITE:
        return ""
    return f" FOR UPDATE OF {table}" if table else " FOR UPDATE"


def day_of(column: str) -> str:
    """An expression: the day (UTC) of a column that holds an instant, as `2026-11-22`."""
    return f"substr({column}, 1, 10)" if engine() is Engine.SQLITE else f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def words(column: str) -> str:
    """An aggregate: the texts of a column in one, with spaces between, in any order; NULL where there is none."""
    return f"string_agg({column}, ' ')" if engine() is Engine.POSTGRES else f"group_concat({column}, ' ')"


def for_key_share() -> str:
    """Suffix that keeps the rows of a SELECT from whoever wants them `for_update`; such readers do not wait for each other."""
    return " FOR KEY SHARE" if engine() is Engine.POSTGRES else ""


def utc(instant: datetime) -> datetime:
    """The same instant in UTC, as columns hold it.  Raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(UTC)
