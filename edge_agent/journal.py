"""The print journal: every edge of every job is on disk before it happens, in one commit with its `job_changed` fact.

The printer in a job's row is its lease: only that one may send it, and a hand-over is one more edge, so that after a crash a job
is at exactly one printer.  Whoever takes an edge upon what it saw says so (`seen`), and is refused if the job has moved on since.
Synchronous: runs inside `Disk.run`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edge_agent.facts import FactsDb
from edge_agent.faults import fault, in_doubt
from edge_agent.jobs import IN_FLIGHT, TERMINAL, TEST_ATTEMPTS, Action, IllegalTransition, Job, LeaseLost, after
from edge_agent.journal_rows import QUEUED, SCHEMA, at, find, get, none_of, one, select, text
from edge_agent.outbox import NO_RESULT_WAITS, Outbox
from edge_agent.seams import Clock, failpoint
from edge_agent.wire.codec import encode
from edge_agent.wire.facts import FactDraft, JobState, Proof
from edge_agent.wire.messages import Fault, JobRequest, Stream

KEPT: Final = timedelta(days=7)
HELD_AT_ONCE: Final = 20
"""Jobs that wait for the same template are told so in commits of so many: a scan must not wait for a thousand facts."""


class Change(Struct, frozen=True, kw_only=True):
    """What an edge brings along.  `seen`: the job as whoever takes the edge saw it; `person`: who wants it, by id."""

    proof: Proof | None = None
    because: Fault | None = None
    printer: str | None = None
    wanted: str | None = None
    priority: int | None = None
    person: str | None = None
    seen: Job | None = None


NOTHING = Change()


class Journal:
    """All print jobs of the box, in facts.db.  Raises OutboxFull when an edge cannot be put on disk: then it must not happen."""

    def __init__(self, facts: FactsDb, outbox: Outbox, clock: Clock) -> None:
        self._facts = facts
        self._outbox = outbox
        self._clock = clock
        self.boot = outbox.identity.boot
        self.clock_state = outbox.clock_state
        self._fresh: set[str] = set()
        self._has_changed = False
        self._listener: Callable[[set[str]], None] | None = None
        facts.create(SCHEMA)
        facts.on_pressure(self._forget_old)
        facts.after_commit(self._tell)

    def listen(self, listener: Callable[[set[str]], None]) -> None:
        """`listener` hears after each commit that changed a job which printers have one to look at, on the thread that wrote."""
        self._listener = listener

    # --- edges -------------------------------------------------------------------------------------------------------------------

    def accept(self, job_id: str, printer: str, request: JobRequest, *, person: str | None = None) -> Job:
        """Take a request in and queue it: both edges in one commit.  A known id is the job that already is."""

        def work(db: sqlite3.Connection) -> Job:
            known = find(db, job_id)
            if known is not None:
                return known
            now = text(self._clock.now())
            db.execute(
                "INSERT INTO print_job (job, printer, wanted, priority, version, request, state, step, attempt, accepted_at, boot, "
                "arrived_ms, expires, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?)",
                (
                    *(job_id, printer, printer, request.priority, request.version, encode(request).decode(), JobState.ACCEPTED),
                    *(now, self.boot, self._clock.mono_ms(), request.expires_at is not None or request.ttl_ms is not None, now),
                ),
            )
            job = get(db, job_id)
            self._announce(job, person)
            return self._take(db, job, Action.QUEUE, Change(person=person))

        job = self._facts.write(work)
        failpoint("print.after_accept")
        return job

    def advance(self, job_id: str, action: Action, change: Change = NOTHING) -> Job:
        """Take the job along one edge; on return it is on disk, with its fact.  Raises UnknownJob, IllegalTransition, LeaseLost."""
        return self._facts.write(lambda db: self._take(db, get(db, job_id), action, change))

    def recover(self, printer: str | None = None) -> list[Job]:
        """What was on its way (to `printer`) when its attempt ended becomes uncertain; test jobs repeat, marked.  Returns them."""

        def work(db: sqlite3.Connection) -> list[Job]:
            lost = [job for state in IN_FLIGHT for job in at(db, state, printer)]
            return [self._doubt(db, job, fault("interrupted")) for job in lost]

        return self._facts.write(work)

    def doubt(self, job_id: str, because: Fault) -> Job:
        """A byte may have left and it is unknown what is on paper.  Raises UnknownJob, IllegalTransition."""
        return self._facts.write(lambda db: self._doubt(db, get(db, job_id), because))

    def confirm(self, job_id: str, *, person: str | None = None) -> Job:
        """A person saw an uncertain job on paper.  Raises UnknownJob, IllegalTransition (the job is not uncertain)."""

        def work(db: sqlite3.Connection) -> Job:
            job = get(db, job_id)
            if job.state is not JobState.UNCERTAIN:
                raise IllegalTransition(f"print job {job_id} is {job.state}, not uncertain: there is nothing to decide")
            return self._take(db, job, Action.PROVE, Change(proof=Proof.PERSON, person=person))

        return self._facts.write(work)

    def hold_like(self, job: Job, because: Fault) -> bool:
        """Tell the reason also for others that wait at this printer for the same template; whether there may be more of them."""

        def work(db: sqlite3.Connection) -> int:
            sql = f"WHERE {QUEUED} AND printer = ? AND version = ? AND reason IS NOT ? LIMIT {HELD_AT_ONCE:d}"
            others = select(db, sql, (job.printer, job.request.version, because.code))
            for other in others:
                self._take(db, other, Action.HOLD, Change(because=because))
            return len(others)

        return self._facts.write(work) == HELD_AT_ONCE

    # --- reads -------------------------------------------------------------------------------------------------------------------

    def first(self, printer: str, *, without: Collection[str] = (), by_age: bool = False) -> Job | None:
        """Whose turn it is at a printer: the most urgent, of those the oldest; or the oldest of all.

        `without`: template versions that are passed over.
        """
        order = "place" if by_age else "priority, place"
        sql = f"WHERE {QUEUED} AND printer = ? {none_of(without)} ORDER BY {order} LIMIT 1"
        return one(self._facts.db, sql, (printer, *without))

    def first_away(self, wanted: str, holder: str, *, without: Collection[str] = ()) -> Job | None:
        """The same among those of a printer that another one may print, at whoever holds them; none of which a byte may be out."""
        sql = f"WHERE {QUEUED} AND wanted = ? AND printer = ? AND attempt = 1 {none_of(without)} ORDER BY priority, place LIMIT 1"
        return one(self._facts.db, sql, (wanted, holder, *without))

    def strays(self, wanted: str) -> list[str]:
        """Printers that hold jobs which are for another one."""
        sql = f"SELECT DISTINCT printer FROM print_job WHERE {QUEUED} AND wanted = ? AND printer <> ?"  # noqa: S608 -- ours
        return [str(row[0]) for row in self._facts.db.execute(sql, (wanted, wanted))]

    def queued(self, printer: str, *, limit: int = -1) -> list[Job]:
        """What waits for a printer, in the order in which it would come now."""
        return select(self._facts.db, f"WHERE {QUEUED} AND printer = ? ORDER BY priority, place LIMIT {limit:d}", (printer,))

    def in_state(self, state: JobState, printer: str, *, limit: int = -1) -> list[Job]:
        """Those of a printer in one state, the oldest first."""
        return select(self._facts.db, f"WHERE state = ? AND printer = ? ORDER BY place LIMIT {limit:d}", (state, printer))

    def expiring(self, after_place: int) -> list[Job]:
        """Queued jobs that may expire and came in after that one, in the order of their coming in."""
        sql = f"INDEXED BY print_job_expires WHERE {QUEUED} AND expires AND place > {after_place:d} ORDER BY place"
        return select(self._facts.db, sql, ())

    def count(self, state: JobState, printer: str) -> tuple[int, datetime | None]:
        """How many of a printer are in a state, and since when the oldest is known."""
        sql = "SELECT count(*), min(accepted_at) FROM print_job WHERE state = ? AND printer = ?"
        number, oldest = self._facts.db.execute(sql, (state, printer)).fetchone()
        return int(number), datetime.fromisoformat(oldest) if oldest else None

    def holders(self) -> list[str]:
        """Printers that hold jobs which have not come to their end."""
        marks = ", ".join("?" * len(TERMINAL))
        sql = f"SELECT DISTINCT printer FROM print_job WHERE state NOT IN ({marks}) ORDER BY printer"  # noqa: S608 -- ours
        return [str(row[0]) for row in self._facts.db.execute(sql, TERMINAL)]

    def unfinished(self) -> list[Job]:
        """All jobs that are not in a final state, uncertain ones among them."""
        marks = ", ".join("?" * len(TERMINAL))
        return select(self._facts.db, f"WHERE state NOT IN ({marks}) ORDER BY place", TERMINAL)

    def get(self, job_id: str) -> Job:
        """Raises UnknownJob."""
        return get(self._facts.db, job_id)

    def find(self, job_id: str) -> Job | None:
        return find(self._facts.db, job_id)

    def forget_old(self) -> int:
        """Let go of jobs that came to their end more than 7 days ago, once the controller has all results; returns how many."""
        return self._facts.write(self._forget_old)

    # --- inside ------------------------------------------------------------------------------------------------------------------

    def _take(self, db: sqlite3.Connection, job: Job, action: Action, change: Change) -> Job:
        if change.seen is not None and change.seen.step != job.step:
            raise LeaseLost(f"print job {job.id} is {job.state} at {job.printer} by now")
        moved = replace(
            job,
            state=after(job.state, action),
            step=job.step + 1,
            attempt=job.attempt + 1 if action is Action.AGAIN else job.attempt,
            proof=change.proof,
            fault=job.fault if action is Action.PRIORITISE else change.because,
            printer=change.printer or job.printer,
            wanted=change.wanted or job.wanted,
            priority=job.priority if change.priority is None else change.priority,
        )
        db.execute(
            "UPDATE print_job SET state = ?, step = ?, attempt = ?, proof = ?, fault = ?, reason = ?, printer = ?, wanted = ?, "
            "priority = ?, changed_at = ? WHERE job = ? AND step = ?",
            (
                *(moved.state, moved.step, moved.attempt, moved.proof, encode(moved.fault).decode() if moved.fault else None),
                *(moved.fault.code if moved.fault else None, moved.printer, moved.wanted, moved.priority),
                *(text(self._clock.now()), job.id, job.step),
            ),
        )
        self._announce(moved, change.person)
        if moved.state is JobState.QUEUED and action is not Action.HOLD:
            self._fresh.add(moved.printer)
        return moved

    def _doubt(self, db: sqlite3.Connection, job: Job, because: Fault) -> Job:
        doubtful = self._take(db, job, Action.DOUBT, Change(because=in_doubt(because)))
        if job.request.test and job.attempt < TEST_ATTEMPTS:
            return self._take(db, doubtful, Action.AGAIN, NOTHING)
        return doubtful

    def _announce(self, job: Job, person: str | None) -> None:
        self._has_changed = True
        self._outbox.append([FactDraft(data=job.told(), stream=Stream.RESULT, device=job.printer, person=person)])

    def _tell(self) -> None:
        if self._has_changed and self._listener is not None:
            self._has_changed, fresh, self._fresh = False, self._fresh, set()
            self._listener(fresh)

    def _forget_old(self, db: sqlite3.Connection) -> int:
        marks = ", ".join("?" * len(TERMINAL))
        limit = text(self._clock.now() - KEPT)
        sql = f"DELETE FROM print_job WHERE state IN ({marks}) AND changed_at < ? AND {NO_RESULT_WAITS}"  # noqa: S608 -- ours
        return db.execute(sql, (*TERMINAL, limit)).rowcount
