"""The outbox's epoch: within one, a stream's seq never repeats.  Each function runs in a transaction of its caller."""

from __future__ import annotations

import sqlite3
from uuid import UUID

import msgspec

from edge_agent.acks import SEQ_REUSED
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import EpochClosed
from edge_agent.wire.messages import Envelope, Stream

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS epoch (current INTEGER PRIMARY KEY CHECK (current = 1), epoch TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sequence (stream TEXT PRIMARY KEY, last_seq INTEGER NOT NULL)",
)
UNKNOWN_EPOCH = UUID(int=0)


def current_epoch(db: sqlite3.Connection) -> UUID | None:
    row = db.execute("SELECT epoch FROM epoch").fetchone()
    return UUID(row[0]) if row else None


def next_seq(db: sqlite3.Connection, stream: Stream) -> int:
    """From 1, without gaps: it commits or rolls back with the row that has it."""
    sql = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT (stream) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq"
    return int(db.execute(sql, (stream.value,)).fetchone()[0])


def begin_epoch(db: sqlite3.Connection, epoch: UUID) -> None:
    """The first one, or after `close_epoch`."""
    db.execute("INSERT OR REPLACE INTO epoch VALUES (1, ?)", (str(epoch),))
    _renumber(db, epoch)


def close_epoch(db: sqlite3.Connection, reason: str, salvaged: int) -> EpochClosed:
    """What is to be said of the epoch that ends; its numbers are forgotten."""
    old = current_epoch(db) or UNKNOWN_EPOCH
    seen = db.execute("SELECT stream, max(seq) FROM outbox WHERE epoch = ? GROUP BY stream", (str(old),)).fetchall()
    last_seq = dict(seen) | dict(db.execute("SELECT stream, last_seq FROM sequence").fetchall())
    db.execute("DELETE FROM sequence")
    return EpochClosed(epoch=old, last_seq=last_seq, salvaged=salvaged, reason=reason[:512])


def _renumber(db: sqlite3.Connection, epoch: UUID) -> None:
    """What waits gets an identity in the new epoch; its id stays, so that the controller still takes it once."""
    waiting = db.execute(
        "SELECT position, payload FROM outbox WHERE state = 'pending' OR (state = 'rejected' AND code = ?) ORDER BY position",
        (SEQ_REUSED,),
    ).fetchall()
    for position, payload in waiting:
        envelope = decode(Envelope, payload)
        seq = next_seq(db, envelope.stream)
        again = encode(msgspec.structs.replace(envelope, epoch=epoch, seq=seq))
        db.execute(
            "UPDATE outbox SET epoch = ?, seq = ?, payload = ?, state = 'pending', code = NULL WHERE position = ?",
            (str(epoch), seq, again, position),
        )
