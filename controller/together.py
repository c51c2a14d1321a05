"""Inserts of a transaction that wait for each other, so that the server is asked once for all of them.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

FEW = 12
"""Rows of one statement that may wait: more of them are written in ways of their own, and each number of rows is a text to keep."""
MOST = 60
"""Rows that wait at most."""


@dataclass(slots=True)
class Waiting:
    """What was put and is not written yet, by the text of its statement; `scopes`: how many want it to wait."""

    scopes: int = 0
    rows: dict[str, list[Sequence[object]]] = field(default_factory=dict)

    def takes(self, rows: Sequence[Sequence[object]]) -> bool:
        return self.scopes > 0 and len(rows) <= FEW

    def add(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self.rows.setdefault(sql, []).extend(rows)

    @property
    def is_full(self) -> bool:
        return sum(map(len, self.rows.values())) > MOST

    def taken(self) -> list[tuple[str, list[object]]]:
        """A statement for the rows of each text, with its parameters; nothing waits any more."""
        found = [(of_rows(sql, len(rows)), list(chain.from_iterable(rows))) for sql, rows in self.rows.items()]
        self.rows.clear()
        return found


@lru_cache(maxsize=512)
def of_rows(sql: str, rows: int) -> str:
    """`INSERT … VALUES (?, …) …` for so many rows."""
    head, values, rest = sql.partition(" VALUES ")
    depth = 0
    for place, letter in enumerate(rest, 1):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return f"{head}{values}{', '.join([rest[:place]] * rows)}{rest[place:]}"
    raise ValueError(f"{sql!r} is no INSERT of one row of VALUES")


def in_one(statements: Sequence[tuple[str, Sequence[object]]]) -> tuple[str, list[object]]:
    """One statement that does what several do of which none sees what another did (PostgreSQL manual, section 7.8.4)."""
    return _joined(tuple(sql for sql, _ in statements)), list(chain.from_iterable(values for _, values in statements))


@lru_cache(maxsize=512)
def _joined(texts: tuple[str, ...]) -> str:
    *first, last = texts
    if not first:
        return last
    return f"WITH {', '.join(f'w{number} AS ({text})' for number, text in enumerate(first))} {last}"
