"""What the ORM cannot say: CHECKs, append-only tables, partial indexes; once for both engines.

A `models.py` may define `EXTRA_SQL: tuple[Extra | str, ...]`; a plain string is the same on both engines.  Every statement can be
run again on a database that has it already: schema creation and each migration run them all.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extra:
    """Statements for each engine."""

    sqlite: tuple[str, ...]
    postgres: tuple[str, ...]


def check(table: str, name: str, condition: str) -> Extra:
    """A CHECK.  Columns in `condition` are written as ``NEW.column``: SQLite gets triggers, as it cannot add a CHECK to a table."""
    triggers = tuple(
        f"CREATE TRIGGER IF NOT EXISTS {name}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN NOT ({condition}) "
        f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {name}'); END"
        for verb in ("INSERT", "UPDATE")
    )
    plain = condition.replace("NEW.", "")
    return Extra(
        sqlite=triggers,
        postgres=(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}",
            f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({plain})",
        ),
    )


def append_only(table: str) -> Extra:
    """Rows of `table` are never changed and never deleted."""
    refusal = f"{table} is append-only: book a reversing entry"
    return Extra(
        sqlite=tuple(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for verb in ("UPDATE", "DELETE")
        ),
        postgres=(
            (
                f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            ),
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
            (
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
            ),
        ),
    )


def extra_statements(modules: Sequence[str], *, postgres: bool) -> Iterator[str]:
    """The statements of all model modules for one engine, in order."""
    for name in modules:
        for extra in getattr(importlib.import_module(name), "EXTRA_SQL", ()):
            if isinstance(extra, str):
                yield extra
            else:
                yield from extra.postgres if postgres else extra.sqlite
