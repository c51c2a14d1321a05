"""The controller's acks, applied to the outbox's rows.  Each function runs in a transaction of its caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.wire.messages import Ack

SEQ_REUSED = "seq_reused"
SLICE = 50
"""Rows freed at a time on a full disk: the reserve holds what that writes."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that the controller will never book: its fact's name, its seq, the controller's code for why, and the fact's id."""

    name: str
    seq: int
    code: str
    id: str


@dataclass(frozen=True, slots=True)
class AckResult:
    """How many rows an ack freed, which it rejected; whether it made the outbox open a new epoch, or only number some anew."""

    freed: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    has_new_epoch: bool = False
    has_new_identities: bool = False


def is_reuse(ack: Ack) -> bool:
    """Whether a seq of ours is another message's at the controller (a rolled-back card image)."""
    return any(rejection.code == SEQ_REUSED for rejection in ack.rejected)


def apply_ack(db: sqlite3.Connection, ack: Ack, now_ms: int) -> AckResult:
    """Free the ranges, mark what was rejected.  A reused seq is marked too, so that its range does not free it."""
    where = (str(ack.epoch), ack.stream.value)
    marked: list[RejectedRow] = []
    for rejection in ack.rejected:
        is_final = rejection.code != SEQ_REUSED
        rows = db.execute(
            "UPDATE outbox SET state = 'rejected', code = ?, acked_at = ? "
            "WHERE epoch = ? AND stream = ? AND seq = ? AND state = 'pending' RETURNING name, id",
            (rejection.code, now_ms if is_final else None, *where, rejection.seq),
        ).fetchall()
        marked += [RejectedRow(name, rejection.seq, rejection.code, fact) for name, fact in rows if is_final]
    freed = sum(
        db.execute(
            "UPDATE outbox SET state = 'acked', acked_at = ? "
            "WHERE epoch = ? AND stream = ? AND seq BETWEEN ? AND ? AND state = 'pending'",
            (now_ms, *where, first, last),
        ).rowcount
        for first, last in ack.ranges
    )
    return AckResult(freed + len(marked), tuple(marked))


def slices(db: sqlite3.Connection, ack: Ack) -> Iterator[Ack]:
    """The same frees in small pieces, the rejections left out."""
    rejected = {rejection.seq for rejection in ack.rejected}
    sql = "SELECT seq FROM outbox WHERE epoch = ? AND stream = ? AND seq BETWEEN ? AND ? AND state = 'pending' ORDER BY seq"
    for first, last in ack.ranges:
        rows = db.execute(sql, (str(ack.epoch), ack.stream.value, first, last)).fetchall()
        seqs = [seq for (seq,) in rows if seq not in rejected]
        for start in range(0, len(seqs), SLICE):
            piece = [(seq, seq) for seq in seqs[start : start + SLICE]]
            yield Ack(epoch=ack.epoch, stream=ack.stream, ranges=piece)


def forget_some(db: sqlite3.Connection) -> int:
    """The oldest acked facts, then the oldest rejected ones, which the controller has too; few at a time, see `make_room`."""
    oldest = "SELECT position FROM outbox WHERE state = ? AND code IS NOT ? ORDER BY acked_at LIMIT 100"
    some = f"DELETE FROM outbox WHERE position IN ({oldest})"  # noqa: S608 -- ours
    return db.execute(some, ("acked", SEQ_REUSED)).rowcount or db.execute(some, ("rejected", SEQ_REUSED)).rowcount
