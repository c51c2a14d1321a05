"""The outbox: facts on disk from the beep until the controller has committed them.

Identity is (epoch, stream, seq), gap-free per stream.  A fact is freed only by the controller's ack and stays for 7 days as
acked, so that a restored controller can ask for it again.  Synchronous: runs inside `Disk.run`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID

from edge_agent import epochs
from edge_agent.acks import SEQ_REUSED, AckResult, apply_ack, forget_some, is_reuse, slices
from edge_agent.errors import FactTooLarge, OutboxFull
from edge_agent.facts import FactsDb
from edge_agent.seams import Clock, failpoint, uuid7
from edge_agent.wire.codec import MAX_PAYLOAD, encode, encode_data
from edge_agent.wire.facts import FactDraft
from edge_agent.wire.messages import Ack, ClockState, Envelope, Stream

SCHEMA = (
    *epochs.SCHEMA,
    """CREATE TABLE IF NOT EXISTS outbox (
        position INTEGER PRIMARY KEY AUTOINCREMENT, epoch TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
        id TEXT NOT NULL, name TEXT NOT NULL, device TEXT, at TEXT NOT NULL, payload BLOB NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'acked', 'rejected')), code TEXT, acked_at INTEGER,
        UNIQUE (epoch, stream, seq))""",
    "CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (stream, position) WHERE state = 'pending'",
    "CREATE INDEX IF NOT EXISTS outbox_acked ON outbox (acked_at) WHERE state = 'acked'",
    "CREATE TABLE IF NOT EXISTS station (station TEXT PRIMARY KEY, state BLOB NOT NULL)",
)
LARGEST = MAX_PAYLOAD - 256
"""Bytes of one envelope: it must still fit into a batch, marked as replayed and renumbered."""
KEPT_AFTER_ACK = timedelta(days=7)
NO_RESULT_WAITS = "NOT EXISTS (SELECT 1 FROM outbox WHERE stream = 'result' AND state = 'pending')"
"""A condition: the controller has every result, so that it asks for nothing again.  Only then is a request forgotten: a wall clock
that jumps, as at the first synchronisation, makes all of them old at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this box is, in topics and envelopes; `boot` is the kernel's boot id."""

    site: str
    box: str
    boot: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pending row; `position` orders what waits, across epochs."""

    position: int
    epoch: UUID
    seq: int
    name: str
    device: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits for the controller, in all and per stream, and since when."""

    waiting: int = 0
    oldest_at: datetime | None = None
    streams: Mapping[Stream, int] = field(default_factory=dict)
    oldest: Mapping[Stream, datetime] = field(default_factory=dict)


def unknown_clock() -> ClockState:
    return ClockState(synced=False)


class Outbox:
    """See the module's docstring.  Opening it begins a new epoch, and says of the one before by `epoch_closed` how far it went."""

    def __init__(
        self,
        facts: FactsDb,
        identity: Identity,
        clock: Clock,
        random: Random,
        clock_state: Callable[[], ClockState] = unknown_clock,
    ) -> None:
        self.identity = identity
        self._facts = facts
        self._clock = clock
        self._random = random
        self.clock_state = clock_state
        self._fresh: set[Stream] = set()
        self._listener: Callable[[set[Stream]], None] | None = None
        facts.create(SCHEMA)
        facts.on_pressure(forget_some)
        facts.after_commit(self._tell)
        self.epoch = self._begin()

    def listen(self, listener: Callable[[set[Stream]], None]) -> None:
        """`listener` hears after each commit which streams got something, on the thread that wrote."""
        self._listener = listener

    # --- in ------------------------------------------------------------------------------------------------------------------

    def append(self, drafts: Sequence[FactDraft], *, station_state: Mapping[str, bytes] | None = None) -> list[Envelope]:
        """Facts and the stations' state they lead to, in one commit.  Inside `FactsDb.write` it joins that transaction.

        Raises OutboxFull, FactTooLarge: nothing was stored, the scan is to be refused visibly.
        """
        drafts = list(drafts)
        has_facts = any(draft.stream is not Stream.RESULT for draft in drafts)

        def run(db: sqlite3.Connection) -> list[Envelope]:
            if has_facts and self._facts.is_near_limit:  # `write` makes room and tries once more
                limit = self._facts.limits.max_bytes
                raise OutboxFull(f"the outbox is full: {self._facts.path} reached its {limit} bytes; link the box")
            for station, state in (station_state or {}).items():
                db.execute("INSERT OR REPLACE INTO station VALUES (?, ?)", (station, state))
            inserted = [self._insert(db, draft) for draft in drafts]
            failpoint("box.after_insert")
            return inserted

        envelopes = self._facts.write(run)
        failpoint("box.after_append")
        return envelopes

    def station_states(self) -> dict[str, bytes]:
        """The stored state of every station."""
        return dict(self._facts.db.execute("SELECT station, state FROM station").fetchall())

    # --- out -----------------------------------------------------------------------------------------------------------------

    def window(self, stream: Stream, after: int = 0, *, limit: int = 64, limit_bytes: int = 1 << 20) -> list[Waiting]:
        """Pending rows of a stream with position > `after`, in order; at least one if any waits, then up to both limits."""
        rows = self._facts.db.execute(
            "SELECT position, epoch, seq, name, device, payload FROM outbox "
            "WHERE state = 'pending' AND stream = ? AND position > ? ORDER BY position LIMIT ?",
            (stream.value, after, limit),
        ).fetchall()
        waiting: list[Waiting] = []
        size = 0
        for position, epoch, seq, name, device, payload in rows:
            size += len(payload)
            if waiting and size > limit_bytes:
                break
            waiting.append(Waiting(position, UUID(epoch), seq, name, device, payload))
        return waiting

    def last_position(self) -> int:
        """Of the latest row; what is appended from now on is behind it."""
        return int(self._facts.db.execute("SELECT coalesce(max(position), 0) FROM outbox").fetchone()[0])

    def apply(self, ack: Ack) -> AckResult:
        """Free what the controller committed; keep what it rejected, visibly.  Repeated and overlapping acks do nothing more.

        A reused seq opens a new epoch: what waits is sent again with new identities and the same ids.
        """
        failpoint("box.before_ack_delete")
        freed = 0
        try:
            result = self._facts.write(lambda db: self._apply(db, ack))
        except OutboxFull:
            for piece in list(slices(self._facts.db, ack)):
                freed += self._facts.write(partial(self._apply, ack=piece)).freed
                self._facts.checkpoint()
            result = self._facts.write(lambda db: self._apply(db, ack))
        failpoint("box.after_ack_delete")
        if result.has_new_epoch:
            self.epoch = epochs.current_epoch(self._facts.db) or self.epoch
        return replace(result, freed=freed + result.freed)

    def resend(self, epoch: UUID | None, stream: Stream, from_seq: int = 1) -> int:
        """Acked facts wait again: of an epoch from `from_seq` on, or (None) all of the stream; returns how many."""
        sql = (
            "UPDATE outbox SET state = 'pending', acked_at = NULL "
            "WHERE stream = ? AND state = 'acked' AND (? IS NULL OR (epoch = ? AND seq >= ?))"
        )
        named = None if epoch is None else str(epoch)
        return self._facts.write(lambda db: db.execute(sql, (stream.value, named, named, from_seq)).rowcount)

    # --- what there is -------------------------------------------------------------------------------------------------------

    def backlog(self) -> Backlog:
        """Counts of what waits."""
        rows = self._facts.db.execute(
            "SELECT stream, count(*), min(at) FROM outbox WHERE state = 'pending' GROUP BY stream"
        ).fetchall()
        if not rows:
            return Backlog()
        return Backlog(
            waiting=sum(row[1] for row in rows),
            oldest_at=datetime.fromisoformat(min(row[2] for row in rows)),
            streams={Stream(row[0]): row[1] for row in rows},
            oldest={Stream(row[0]): datetime.fromisoformat(row[2]) for row in rows},
        )

    def rejected(self, limit: int = 100) -> list[tuple[Waiting, str]]:
        """The latest rejected rows with their codes."""
        rows = self._facts.db.execute(
            "SELECT position, epoch, seq, name, device, payload, code FROM outbox "
            "WHERE state = 'rejected' ORDER BY position DESC LIMIT ?",
            (limit,),
        ).fetchall()
        return [(Waiting(row[0], UUID(row[1]), *row[2:6]), row[6]) for row in rows]

    def refused(self, facts: Collection[str]) -> dict[str, str]:
        """Of these facts, by their ids, those that the controller will never book, with its codes."""
        marks = ", ".join("?" * len(facts))
        sql = f"SELECT id, code FROM outbox WHERE state = 'rejected' AND code IS NOT ? AND id IN ({marks})"  # noqa: S608 -- marks
        return dict(self._facts.db.execute(sql, (SEQ_REUSED, *facts)).fetchall()) if facts else {}

    def forget_acked(self, older_than: timedelta = KEPT_AFTER_ACK) -> int:
        """Delete what was acked longer ago than that; returns how many."""
        limit = _milliseconds(self._clock.now() - older_than)
        return self._facts.write(
            lambda db: db.execute("DELETE FROM outbox WHERE state = 'acked' AND acked_at < ?", (limit,)).rowcount
        )

    # --- inside --------------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        if self._fresh and self._listener is not None:
            self._listener(self._fresh)
        self._fresh = set()

    def _insert(self, db: sqlite3.Connection, draft: FactDraft) -> Envelope:
        epoch = epochs.current_epoch(db) or epochs.UNKNOWN_EPOCH
        clock_state = self.clock_state()  # before the time: a clock that is set in between must not make a wrong time a right one
        now = self._clock.now()
        self._fresh.add(draft.stream)
        seq = epochs.next_seq(db, draft.stream)
        envelope = Envelope(
            v=draft.data.version,
            name=draft.data.name,
            id=UUID(draft.id) if draft.id else uuid7(self._clock, self._random),
            box=self.identity.box,
            station=draft.station,
            device=draft.device,
            person=draft.person,
            stream=draft.stream,
            epoch=epoch,
            seq=seq,
            boot=self.identity.boot,
            at=now.replace(microsecond=now.microsecond // 1000 * 1000),
            mono_ms=self._clock.mono_ms(),
            clock=clock_state,
            data=encode_data(draft.data),
        )
        payload = encode(envelope)
        if len(payload) > LARGEST:
            raise FactTooLarge(f"a {envelope.name} of {len(payload)} bytes is too large to travel; at most {LARGEST} fit")
        db.execute(
            "INSERT INTO outbox (epoch, stream, seq, id, name, device, at, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(envelope.epoch),
                draft.stream.value,
                seq,
                str(envelope.id),
                envelope.name,
                draft.device,
                envelope.at.isoformat(timespec="milliseconds"),
                payload,
            ),
        )
        return envelope

    def _apply(self, db: sqlite3.Connection, ack: Ack) -> AckResult:
        result = apply_ack(db, ack, _milliseconds(self._clock.now()))
        if not is_reuse(ack):
            return result
        if ack.epoch != epochs.current_epoch(db):
            return replace(result, has_new_identities=epochs.renumber_reused(db))
        self._new_epoch(db, SEQ_REUSED, 0)
        return replace(result, has_new_epoch=True, has_new_identities=True)

    def _begin(self) -> UUID:
        """In the epoch that there is, where the disk has no room for another: no facts come in, but acks must."""
        try:
            return self._facts.write(self._open)
        except OutboxFull:
            if epoch := epochs.current_epoch(self._facts.db):
                return epoch
            raise

    def _open(self, db: sqlite3.Connection) -> UUID:
        note = db.execute("SELECT reason, salvaged FROM quarantine").fetchone()
        if note is not None:
            self._new_epoch(db, f"quarantined: {note[0]}", note[1])
            db.execute("DELETE FROM quarantine")
        elif (closed := epochs.go_on_in(db, epochs.draw(db, self._random))) is not None:
            self._insert(db, FactDraft(data=closed, stream=Stream.AUX))
        failpoint("box.epoch_opening")
        return epochs.current_epoch(db) or epochs.UNKNOWN_EPOCH

    def _new_epoch(self, db: sqlite3.Connection, reason: str, salvaged: int) -> None:
        closed = epochs.close_epoch(db, reason, salvaged)
        epochs.begin_epoch(db, epochs.draw(db, self._random))
        self._insert(db, FactDraft(data=closed, stream=Stream.AUX))


def _milliseconds(when: datetime) -> int:
    return int(when.astimezone(UTC).timestamp() * 1000)
