"""Print jobs in facts.db: their table, its indexes, and rows as `Job`s."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from edge_agent.jobs import Job, UnknownJob
from edge_agent.wire.facts import JobState, Proof
from edge_agent.wire.messages import Fault, JobRequest

SCHEMA: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS print_job (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL UNIQUE,
        printer TEXT NOT NULL,
        wanted TEXT NOT NULL,
        priority INTEGER NOT NULL,
        version TEXT NOT NULL,
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        proof TEXT,
        fault TEXT,
        reason TEXT,
        accepted_at TEXT NOT NULL,
        boot TEXT NOT NULL,
        arrived_ms INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        changed_at TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS print_job_state ON print_job (state, printer, place)",
    "CREATE INDEX IF NOT EXISTS print_job_turn ON print_job (printer, priority, place) WHERE state = 'queued'",
    "CREATE INDEX IF NOT EXISTS print_job_expires ON print_job (place) WHERE state = 'queued' AND expires",
    "CREATE INDEX IF NOT EXISTS print_job_home ON print_job (wanted, printer, priority, place) WHERE state = 'queued'",
)
_COLUMNS = "job, printer, wanted, request, state, step, place, priority, accepted_at, boot, arrived_ms, attempt, proof, fault"
QUEUED: Final = "state = 'queued'"
"""A literal, so that the partial indexes serve it."""


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def none_of(versions: Collection[str]) -> str:
    return f"AND version NOT IN ({', '.join('?' * len(versions))})" if versions else ""


def get(db: sqlite3.Connection, job_id: str) -> Job:
    job = find(db, job_id)
    if job is None:
        raise UnknownJob(f"this box has no print job {job_id}")
    return job


def find(db: sqlite3.Connection, job_id: str) -> Job | None:
    return one(db, "WHERE job = ?", (job_id,))


def at(db: sqlite3.Connection, state: JobState, printer: str | None) -> list[Job]:
    if printer is None:
        return select(db, "WHERE state = ? ORDER BY place", (state,))
    return select(db, "WHERE state = ? AND printer = ? ORDER BY place", (state, printer))


def one(db: sqlite3.Connection, where: str, params: Sequence[str]) -> Job | None:
    return next(iter(select(db, where, params)), None)


def select(db: sqlite3.Connection, where: str, params: Sequence[str]) -> list[Job]:
    return [_row(row) for row in db.execute(f"SELECT {_COLUMNS} FROM print_job {where}", params)]  # noqa: S608 -- ours


def _row(row: tuple[str, str, str, str, str, int, int, int, str, str, int, int, str | None, str | None]) -> Job:
    job_id, printer, wanted, request, state, step, place, priority, accepted_at, boot, arrived_ms, attempt, proof, fault_ = row
    return Job(
        id=job_id,
        printer=printer,
        wanted=wanted,
        request=msgspec.json.decode(request, type=JobRequest),
        state=JobState(state),
        step=step,
        place=place,
        priority=priority,
        accepted_at=datetime.fromisoformat(accepted_at),
        arrived=(boot, arrived_ms),
        attempt=attempt,
        proof=Proof(proof) if proof else None,
        fault=msgspec.json.decode(fault_, type=Fault) if fault_ else None,
    )
