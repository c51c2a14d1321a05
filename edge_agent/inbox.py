"""Requests to this box, on disk before the broker is freed from them (DESIGN: each is done at most once).

Synchronous: runs inside `Disk.run`; `finish` joins the transaction that appends the result.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edge_agent.facts import FactsDb
from edge_agent.outbox import NO_RESULT_WAITS
from edge_agent.seams import Clock, failpoint

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS inbox (
        kind TEXT NOT NULL, id TEXT NOT NULL, device TEXT, request BLOB NOT NULL, received_at TEXT NOT NULL,
        expires_at TEXT, result_id TEXT, PRIMARY KEY (kind, id))""",
)
KEPT = timedelta(days=30)


class Kind(StrEnum):
    JOB = "job"
    COMMAND = "cmd"


class Arrival(StrEnum):
    """What a request is to the box: never seen; seen and not finished; finished (its result goes out again)."""

    NEW = "new"
    OPEN = "open"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Request:
    """A stored request; `device` is the topic's (None: the box itself), `request` its payload as it came."""

    kind: Kind
    id: str
    device: str | None
    request: bytes


class Inbox:
    """See the module's docstring."""

    def __init__(self, facts: FactsDb, clock: Clock) -> None:
        self._facts = facts
        self._clock = clock
        facts.create(SCHEMA)

    def accept(self, request: Request, expires_at: datetime | None) -> Arrival:
        """Store a request; on return it may be acknowledged.  Raises OutboxFull: then it may not."""

        def run(db: sqlite3.Connection) -> Arrival:
            key = (request.kind.value, request.id)
            known = db.execute("SELECT result_id FROM inbox WHERE kind = ? AND id = ?", key).fetchone()
            if known is not None:
                return Arrival.OPEN if known[0] is None else Arrival.FINISHED
            expires = expires_at.isoformat() if expires_at else None
            db.execute(
                "INSERT INTO inbox (kind, id, device, request, received_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
                (*key, request.device, request.request, self._clock.now().isoformat(), expires),
            )
            return Arrival.NEW

        arrival = self._facts.write(run)
        failpoint("box.inbox_persisted")
        return arrival

    def finish(self, kind: Kind, request_id: str, result_id: str) -> None:
        """Note the outbox id of the result.  Call it in the transaction that appends the result."""
        sql = "UPDATE inbox SET result_id = ? WHERE kind = ? AND id = ?"
        self._facts.write(lambda db: db.execute(sql, (result_id, kind.value, request_id)))

    def open_requests(self, kind: Kind) -> list[Request]:
        """What was accepted and not finished, oldest first: after a restart it goes on from here."""
        sql = "SELECT id, device, request FROM inbox WHERE kind = ? AND result_id IS NULL ORDER BY rowid"
        return [Request(kind, *row) for row in self._facts.db.execute(sql, (kind.value,)).fetchall()]

    def send_result_again(self, kind: Kind, request_id: str) -> bool:
        """The stored result waits in the outbox again (same identity).  False if there is none any more."""
        sql = (
            "UPDATE outbox SET state = 'pending', acked_at = NULL WHERE state != 'rejected' "
            "AND id = (SELECT result_id FROM inbox WHERE kind = ? AND id = ?)"
        )
        return self._facts.write(lambda db: db.execute(sql, (kind.value, request_id)).rowcount) > 0

    def forget(self, older_than: timedelta = KEPT) -> int:
        """Delete finished requests that came longer ago than that, once the controller has all results; returns how many."""
        limit = (self._clock.now() - older_than).isoformat()
        sql = f"DELETE FROM inbox WHERE result_id IS NOT NULL AND received_at < ? AND {NO_RESULT_WAITS}"  # noqa: S608 -- ours
        return self._facts.write(lambda db: db.execute(sql, (limit,)).rowcount)
