"""The box's side of its twin on disk: the newest desired document, and what was applied of it.

One row in facts.db.  A desired document is stored before it is applied, so that a crash in between only repeats a step; what was
applied wins over the agent's file from then on, also after a restart.  Synchronous: runs inside `Disk.run`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec

from edge_agent.facts import FactsDb
from edge_agent.wire.messages import TwinDesired, TwinDocument, TwinError

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS twin (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, desired TEXT,
        applied_version INTEGER NOT NULL DEFAULT 0, applied TEXT,
        errors TEXT NOT NULL DEFAULT '[]', gone TEXT NOT NULL DEFAULT '[]')""",
)
RESET = TwinError(
    key="",
    code="reset_on_the_box",
    message="Somebody at the box went back to its configuration file; it holds until a newer version comes.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """`desired` and `applied` None: the agent's file holds.  `gone`: devices that the broker may still hold something of."""

    version: int = 0
    desired: TwinDocument | None = None
    applied_version: int = 0
    applied: TwinDocument | None = None
    errors: tuple[TwinError, ...] = ()
    gone: tuple[str, ...] = ()


class TwinStore:
    """See the module's docstring."""

    def __init__(self, facts: FactsDb) -> None:
        self._facts = facts
        facts.create(SCHEMA)

    def read(self) -> Stored:
        return _read(self._facts.db)

    def keep(self, desired: TwinDesired) -> bool:
        """Store it, on disk on return.  False, and nothing changes, unless it is newer than what was stored.  Raises OutboxFull."""
        sql = (
            "INSERT INTO twin (one, version, desired) VALUES (1, ?, ?) ON CONFLICT (one) "
            "DO UPDATE SET version = excluded.version, desired = excluded.desired WHERE excluded.version > twin.version"
        )
        document = msgspec.json.encode(desired.document).decode()
        return self._facts.write(lambda db: db.execute(sql, (desired.version, document)).rowcount) > 0

    def applied(self, version: int, document: TwinDocument, errors: Sequence[TwinError], gone: Sequence[str]) -> None:
        """`document` holds now.  Raises OutboxFull."""
        sql = "UPDATE twin SET applied_version = ?, applied = ?, errors = ?, gone = ? WHERE version >= ?"
        told = [msgspec.json.encode(each).decode() for each in (document, list(errors), list(gone))]
        self._facts.write(lambda db: db.execute(sql, (version, *told, version)))

    def reset(self) -> bool:
        """Back to the agent's file, until a newer version comes.  False if it holds already.  Raises OutboxFull."""

        def work(db: sqlite3.Connection) -> int:
            sql = "UPDATE twin SET desired = NULL, applied_version = version, applied = NULL, errors = ? WHERE desired IS NOT NULL"
            return db.execute(sql, (msgspec.json.encode([RESET]).decode(),)).rowcount

        return self._facts.write(work) > 0


def look(path: Path) -> Stored:
    """What is in a facts.db, also while its agent runs; it is only read.  Nothing, where there is no such file or table."""
    if not path.is_file():
        return Stored()
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=5)) as db:
            return _read(db)
    except sqlite3.DatabaseError:
        return Stored()


def _read(db: sqlite3.Connection) -> Stored:
    row = db.execute("SELECT version, desired, applied_version, applied, errors, gone FROM twin").fetchone()
    if row is None:
        return Stored()
    version, desired, applied_version, applied, errors, gone = row
    return Stored(
        version=version,
        desired=None if desired is None else msgspec.json.decode(desired, type=TwinDocument),
        applied_version=applied_version,
        applied=None if applied is None else msgspec.json.decode(applied, type=TwinDocument),
        errors=tuple(msgspec.json.decode(errors, type=list[TwinError])),
        gone=tuple(msgspec.json.decode(gone, type=list[str])),
    )
