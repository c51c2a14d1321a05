"""The outbox's epoch: within one, a stream's seq never repeats.  Each function runs in a transaction of its caller.

Each opening of the outbox begins an epoch of its own, so that a number is never used again by a file that was put back to what it
was earlier: an ack that is still on its way names a number that this file does not have (docs/adr/0025).
"""

from __future__ import annotations

import sqlite3
from random import Random
from uuid import UUID

import msgspec

from edge_agent.acks import SEQ_REUSED
from edge_agent.seams import uuid4
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import RESTARTED, EpochClosed
from edge_agent.wire.messages import Envelope, Stream

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS epoch (current INTEGER PRIMARY KEY CHECK (current = 1), epoch TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sequence (stream TEXT PRIMARY KEY, last_seq INTEGER NOT NULL)",
)
UNKNOWN_EPOCH = UUID(int=0)


def current_epoch(db: sqlite3.Connection) -> UUID | None:
    row = db.execute("SELECT epoch FROM epoch").fetchone()
    return UUID(row[0]) if row else None


def draw(db: sqlite3.Connection, random: Random) -> UUID:
    """One that this file does not know, however poor the random source is."""
    while _is_known(db, epoch := uuid4(random)):
        pass
    return epoch


def _is_known(db: sqlite3.Connection, epoch: UUID) -> bool:
    if epoch == current_epoch(db):
        return True
    return db.execute("SELECT 1 FROM outbox WHERE epoch = ? LIMIT 1", (str(epoch),)).fetchone() is not None


def next_seq(db: sqlite3.Connection, stream: Stream) -> int:
    """From 1, without gaps: it commits or rolls back with the row that has it."""
    sql = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT (stream) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq"
    return int(db.execute(sql, (stream.value,)).fetchone()[0])


def begin_epoch(db: sqlite3.Connection, epoch: UUID) -> None:
    """The first one, or after `close_epoch`: what waits moves into it, since its old numbers cannot be trusted."""
    _set_epoch(db, epoch)
    _renumber(db, epoch)


def go_on_in(db: sqlite3.Connection, epoch: UUID) -> EpochClosed | None:
    """The outbox was opened again: new facts are numbered in `epoch`; what waits keeps its identity.

    What is to be said of the epoch before; None if it was never used.
    """
    old = current_epoch(db) or UNKNOWN_EPOCH
    last_seq = dict(db.execute("SELECT stream, last_seq FROM sequence").fetchall())
    db.execute("DELETE FROM sequence")
    _set_epoch(db, epoch)
    return EpochClosed(epoch=old, last_seq=last_seq, salvaged=0, reason=RESTARTED) if last_seq else None


def _set_epoch(db: sqlite3.Connection, epoch: UUID) -> None:
    db.execute("INSERT OR REPLACE INTO epoch VALUES (1, ?)", (str(epoch),))


def close_epoch(db: sqlite3.Connection, reason: str, salvaged: int) -> EpochClosed:
    """What is to be said of the epoch that ends; its numbers are forgotten."""
    old = current_epoch(db) or UNKNOWN_EPOCH
    seen = db.execute("SELECT stream, max(seq) FROM outbox WHERE epoch = ? GROUP BY stream", (str(old),)).fetchall()
    last_seq = dict(seen) | dict(db.execute("SELECT stream, last_seq FROM sequence").fetchall())
    db.execute("DELETE FROM sequence")
    return EpochClosed(epoch=old, last_seq=last_seq, salvaged=salvaged, reason=reason[:512])


def renumber_reused(db: sqlite3.Connection) -> bool:
    """Those whose number is another fact's at the controller get one of the current epoch.  Whether there were any."""
    return _give_new_numbers(db, current_epoch(db) or UNKNOWN_EPOCH, "state = 'rejected' AND code = ?") > 0


def _renumber(db: sqlite3.Connection, epoch: UUID) -> None:
    """What waits gets an identity in the new epoch; its id stays, so that the controller still takes it once."""
    _give_new_numbers(db, epoch, "state = 'pending' OR (state = 'rejected' AND code = ?)")


def _give_new_numbers(db: sqlite3.Connection, epoch: UUID, which: str) -> int:
    sql = f"SELECT position, payload FROM outbox WHERE {which} ORDER BY position"  # noqa: S608 -- ours
    rows = db.execute(sql, (SEQ_REUSED,)).fetchall()
    for position, payload in rows:
        envelope = decode(Envelope, payload)
        seq = next_seq(db, envelope.stream)
        again = encode(msgspec.structs.replace(envelope, epoch=epoch, seq=seq))
        db.execute(
            "UPDATE outbox SET epoch = ?, seq = ?, payload = ?, state = 'pending', code = NULL WHERE position = ?",
            (str(epoch), seq, again, position),
        )
    return len(rows)
