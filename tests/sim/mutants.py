"""Rules taken out, one at a time.  A rule whose absence the simulation does not notice is not tested.

Not here: a gateway that frees the broker of a message before it has stored it.  Nothing is lost by that, since a box sends again
until the controller's own ack; the PUBACK after the commit only saves that time.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from random import Random
from sqlite3 import Connection
from uuid import UUID

from msgspec.structs import replace

import controller.ingest
from controller import gateway
from controller.fleet import acks, intake, storage
from controller.fleet import operations as fleet
from controller.fleet.dating import Dated, KnownClock
from controller.fleet.operations import PrintOrder
from controller.fleet.storage import Arrival as Stored
from controller.ingest import ingest
from edge_agent import epochs, outbox
from edge_agent.commands import Commands
from edge_agent.delivery import Delivery, Parcel
from edge_agent.epochs import next_seq
from edge_agent.facts import FactsDb
from edge_agent.inbox import Arrival, Inbox, Request
from edge_agent.jobs import Action, Job
from edge_agent.journal import Change, Journal
from edge_agent.print_attempt import Attempts
from edge_agent.seams import uuid4
from edge_agent.wire.codec import decode, encode
from edge_agent.wire.facts import JobState
from edge_agent.wire.messages import Ack, Envelope, JobRequest
from edge_agent.wire.session import Incoming
from tests.sim.plan import Mutant, Plan
from tests.sim.swapping import Undo
from tests.sim.swapping import swap as _swap
from tests.sim.twins import TWIN_MUTANTS


def _dedupe_off() -> Undo:
    """Facts that came before are taken for new: stored once by their key, but applied again."""
    insert_new = storage.insert_new

    async def all_are_new(first: Sequence[Stored]) -> set[UUID]:
        await insert_new(first)
        return {arrival.reading.envelope.id for arrival in first}

    return _swap(storage, "insert_new", all_are_new)


def _ack_before_commit() -> Undo:
    """The gateway tells the box before it has stored anything."""
    original = gateway.Gateway._ingest_all

    async def ingest_all(self: gateway.Gateway) -> None:

        async def acked_first(batch: Sequence[Incoming], *_: object) -> list[acks.AckOut]:
            slots = [reading.slot for message in batch for reading in intake.read(message) if reading.slot]
            early = acks.acks_of([(slot, None) for slot in slots])
            await asyncio.gather(*(self._publish(ack.topic, encode(ack.ack)) for ack in early))
            return await ingest(batch)

        undo = _swap(gateway, "ingest", acked_first)
        try:
            await original(self)
        finally:
            undo()

    return _swap(gateway.Gateway, "_ingest_all", ingest_all)


def _publish_then_forget() -> Undo:
    """The broker's PUBACK is taken for the controller's word."""
    publish = Delivery._publish

    async def forget(self: Delivery, parcel: Parcel) -> None:
        before = self._session.is_connected
        await publish(self, parcel)
        if before and self._session.is_connected:
            for epoch, stream, seq in parcel.keys:
                await self.on_ack(Ack(epoch=epoch, stream=stream, ranges=[(seq, seq)]))

    return _swap(Delivery, "_publish", forget)


def _crash_forgets_sending() -> Undo:
    """What was on its way when the box stopped is queued again, as if not a byte had left."""

    def recover(self: Journal, printer: str | None = None) -> list[Job]:
        sql = "UPDATE print_job SET state = 'queued' WHERE state IN ('sending', 'sent') AND printer = coalesce(?, printer)"
        self._facts.write(lambda database: database.execute(sql, (printer,)))
        return []

    return _swap(Journal, "recover", recover)


def _lease_not_checked() -> Undo:
    """Whoever takes an edge upon an old look at the job takes it all the same, also one that another printer has by now."""
    take = Journal._take

    def anyhow(self: Journal, db: Connection, job: Job, action: Action, change: Change) -> Job:
        free = replace(job, state=JobState.QUEUED) if action in (Action.MOVE, Action.SEND) else job
        return take(self, db, free, action, replace(change, seen=None))

    return _swap(Journal, "_take", anyhow)


def _move_after_send() -> Undo:
    """A stand-in sends first, and writes down that it took the job over when the bytes are out."""

    late: dict[str, str] = {}

    async def not_yet(_: Attempts, job: Job, printer: str) -> Job:
        late[job.id] = printer
        return job

    advance = Attempts._advance

    async def moved_late(self: Attempts, job: Job, action: Action, change: Change | None = None) -> Job:
        if action is Action.WROTE and job.id in late:
            change = Change(printer=late.pop(job.id))
        return await advance(self, job, action, change)

    back = (_swap(Attempts, "_take_over", not_yet), _swap(Attempts, "_advance", moved_late))

    def undo() -> None:
        for each in back:
            each()

    return undo


def _job_not_remembered() -> Undo:
    """A request for a job that came to its end is taken for a new one."""
    accept, find = Journal.accept, Journal.find

    def find_unended(self: Journal, job_id: str) -> Job | None:
        job = find(self, job_id)
        return None if job is not None and job.state is JobState.PRINTED else job

    def accept_again(self: Journal, job_id: str, printer: str, request: JobRequest) -> Job:
        sql = "DELETE FROM print_job WHERE job = ? AND state = 'printed'"
        self._facts.write(lambda database: database.execute(sql, (job_id,)))
        return accept(self, job_id, printer, request)

    undo = [_swap(Journal, "accept", accept_again), _swap(Journal, "find", find_unended)]

    def put_back() -> None:
        for back in undo:
            back()

    return put_back


def _command_not_remembered() -> Undo:
    """A command that comes twice is done twice."""
    accept = Inbox.accept

    def always_new(self: Inbox, request: Request, expires_at: datetime | None) -> Arrival:
        accept(self, request, expires_at)
        return Arrival.NEW

    return _swap(Inbox, "accept", always_new)


def _expiry_ignored() -> Undo:
    """A command that comes late is done all the same."""
    return _swap(Commands, "_is_expired", lambda *_: False)


def _ttl_by_wall_clock() -> Undo:
    """The wall clock says whether a command's time is over, synchronised or not."""
    return _swap(Commands, "_is_expired", lambda self, taken: taken.command.expires_at <= self._clock.now())


def _no_fsync() -> Undo:
    """A commit returns before it is on the disk."""
    set_up = FactsDb._set_up

    def set_up_fast(self: FactsDb, db: Connection) -> None:
        set_up(self, db)
        db.execute("PRAGMA synchronous = OFF")

    return _swap(FactsDb, "_set_up", set_up_fast)


def _print_without_key() -> Undo:
    """A request for paper that is sent again is another request."""
    request_print = fleet.request_print
    numbers = count()

    async def another(order: PrintOrder, *, random: Random | None = None) -> str:
        return await request_print(replace(order, key=f"{order.key}/{next(numbers)}"), random=random)

    return _swap(fleet, "request_print", another)


def _retry_without_identity() -> Undo:
    """What is sent again after a new connection is sent as a message of its own."""
    start_over = Delivery.start_over

    def start_over_anew(self: Delivery) -> None:
        database = self._outbox._facts.db
        for position, payload in database.execute("SELECT position, payload FROM outbox WHERE state = 'pending'").fetchall():
            envelope = decode(Envelope, payload)
            seq = next_seq(database, envelope.stream)
            anew = replace(envelope, seq=seq, id=uuid4(self._outbox._random))
            sql = "UPDATE outbox SET seq = ?, id = ?, payload = ? WHERE position = ?"
            database.execute(sql, (seq, str(anew.id), encode(anew), position))
        start_over(self)

    return _swap(Delivery, "start_over", start_over_anew)


def _box_clock_believed() -> Undo:
    """A box's wall clock is taken for right, synchronised or not."""

    def date(envelope: Envelope, received_at: datetime, clock: KnownClock | None) -> Dated:
        return Dated(min(envelope.at, received_at), 5)

    return _swap(controller.ingest, "date", date)


def _numbers_go_on() -> Undo:
    """A box that starts goes on in its epoch: a card that was put back uses numbers again that were used."""

    def go_on(db: Connection, epoch: UUID) -> None:
        if epochs.current_epoch(db) is None:
            epochs.begin_epoch(db, epoch)

    return _swap(epochs, "go_on_in", go_on)


def _swaps_cards(plan: Plan) -> Plan:
    """A card is put back while acks for what only the other one knew are still to come."""
    return dataclasses.replace(plan, restores=3, gateways=1, tasks=3)


def _reuse_not_noticed() -> Undo:
    """The same, and what the controller says to it is not heard."""
    back = (_numbers_go_on(), _swap(outbox, "is_reuse", lambda _: False))

    def undo() -> None:
        for each in back:
            each()

    return undo


MUTANTS = (
    Mutant(name="dedupe off", arm=_dedupe_off),
    Mutant(name="ack before commit", arm=_ack_before_commit),
    Mutant(name="no outbox", outbox_survives=False),
    Mutant(name="publish, then forget", arm=_publish_then_forget),
    Mutant(name="crash forgets sending", arm=_crash_forgets_sending),
    Mutant(name="lease not checked", arm=_lease_not_checked),
    Mutant(name="move after send", arm=_move_after_send),
    Mutant(name="job not remembered", arm=_job_not_remembered),
    Mutant(name="command not remembered", arm=_command_not_remembered),
    Mutant(name="expiry ignored", arm=_expiry_ignored),
    Mutant(name="TTL by wall clock", arm=_ttl_by_wall_clock),
    Mutant(name="no fsync", arm=_no_fsync),
    Mutant(name="print again without a key", arm=_print_without_key),
    Mutant(name="retry without identity", arm=_retry_without_identity),
    Mutant(name="box clock believed", arm=_box_clock_believed),
    Mutant(name="numbers go on", arm=_numbers_go_on, worlds=_swaps_cards),
    Mutant(name="reuse not noticed", arm=_reuse_not_noticed),
    *TWIN_MUTANTS,
)
